"""Experiments of their own, a file or a folder each."""
