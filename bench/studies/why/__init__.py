"""The causes that the paper, and everybody, names: one experiment each."""

from pathlib import Path

APPS = Path(__file__).parent / "apps"


def app(name: str) -> tuple[Path, ...]:
    """A file of apps/, to be put beside a stack's own."""
    return (APPS / f"{name}.py",)
