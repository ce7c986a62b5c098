"""What is drawn of an answer, by matplotlib: an overview, a figure a scenario, two campaigns."""
