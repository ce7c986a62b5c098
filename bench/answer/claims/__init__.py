"""What others claim, as data, and what their own numbers and ours say of it."""
