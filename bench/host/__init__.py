"""This machine: what it is, how its CPUs are shared out, what disturbs it, who holds it."""
