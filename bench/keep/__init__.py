"""Campaigns on disk: their types, whole or not at all, and whether they can be believed."""
