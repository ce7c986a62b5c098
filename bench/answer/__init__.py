"""From what is kept to what is said: values, intervals, ranks, limiters, tables."""
