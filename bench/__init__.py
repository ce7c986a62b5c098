"""The bench: it serves a stack, loads it with k6 and keeps what it measured."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"  # ignored by git; everything in it can be made again


class Mistake(Exception):
    """What a person can put right: the command line prints it as one line, exit status 2."""
