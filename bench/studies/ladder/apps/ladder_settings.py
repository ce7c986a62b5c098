"""The stack's settings, with the routes of a rung."""

import os

from config.settings import *  # noqa: F403  settings of settings are Django's own way

ROOT_URLCONF = os.environ["RUNG"]
