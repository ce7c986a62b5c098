"""A running app, whatever runs it: what it uses, and what its database holds."""
