"""Which database, and how connections to it are made and kept."""

import os
import sys

DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite:///items.db")
if not DATABASE_URL.startswith(("sqlite:///", "postgresql://")):
    sys.exit("DATABASE_URL must read sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE.")

ON_SQLITE = {"connect_args": {"timeout": 30}}  # seconds that a writer waits for another one
ON_SERVER = {
    "connect_args": {
        "connect_timeout": 5,  # seconds
        "tcp_user_timeout": 5000,  # ms, until a server that cannot be reached is given up
        "keepalives_idle": 5,  # seconds of waiting for an answer before that is tried
        "keepalives_interval": 1,
    },
    "pool_pre_ping": True,  # before each use
}
OPTIONS = ON_SQLITE if DATABASE_URL.startswith("sqlite") else ON_SERVER
