"""What a request costs, rung by rung: each rung does a little more than the one before it."""
