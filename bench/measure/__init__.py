"""The procedure: from a plan to records of sessions; session.py is the file to read first."""
