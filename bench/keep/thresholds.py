"""From where on a measurement does not count: fixed before the first one, part of every plan.

They stand where campaigns are kept, so that a check knows them too: an altered one is refused.
"""

THRESHOLDS = {
    "bytes": 0.02,  # an answer's length changes with its id's digits, by less than that
    "clock_step_s": 0.02,
    "clock_ms": 1.0,  # a request cannot take longer than the iteration that it is part of
    "identity": 1.02,  # users cannot wait for longer than there was time
    "elsewhere": 0.05,  # share of the users' time in a turn that its counted requests do not fill
    "void_suspect": 0.1,  # shares of an arm's turns
    "void_invalid": 0.5,
    "one_worker": 0.9,  # the busiest one's share of the workers' CPU in a run of k6
    "steal_invalid": 0.01,  # shares of all CPUs
    "steal_suspect": 0.003,
    "foreign_invalid": 0.05,
    "foreign_suspect": 0.02,
}
