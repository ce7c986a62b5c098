"""What `python -m bench` does, a file a command; known.py: what the made texts may name."""
