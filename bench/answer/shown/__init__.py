"""How an answer is shown: each of these formats what answer.py holds, and none computes."""
