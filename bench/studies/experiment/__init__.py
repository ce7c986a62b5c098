"""How a cause is judged: arms that differ in one thing, in turns, and numbers that must differ."""
