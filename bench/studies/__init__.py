"""Experiments of their own, a file each."""
