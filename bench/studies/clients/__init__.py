"""The same load by other clients: how each is started, what it tells, what it costs."""
