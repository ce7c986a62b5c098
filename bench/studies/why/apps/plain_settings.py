"""The stack's settings, with a plain hello."""

from config.settings import *  # noqa: F403  settings of settings are Django's own way

ROOT_URLCONF = "plain_urls"
