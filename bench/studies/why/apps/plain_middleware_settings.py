"""The same middleware, with a plain hello."""

from middleware_settings import *  # noqa: F403  settings of settings are Django's own way

ROOT_URLCONF = "plain_urls"
