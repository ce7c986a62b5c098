"""What an API needs of Django, and no more."""

import os
import sys

import dj_database_url

DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite:///items.db")
if not DATABASE_URL.startswith(("sqlite:///", "postgresql://")):
    sys.exit("DATABASE_URL must read sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE.")

DEBUG = False
ALLOWED_HOSTS = ["*"]  # for a server on loopback or behind a proxy; a public one names its hosts
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TIME_ZONE = "UTC"  # or every log line is in Chicago time

INSTALLED_APPS = ["rest_framework", "items"]
MIDDLEWARE = []  # no sessions, no cookies, no redirects; nothing signs, so no SECRET_KEY either

DATABASES = {
    # A connection is kept for as long as its thread lives, and tried before it is used again.
    "default": dj_database_url.parse(DATABASE_URL, conn_max_age=None, conn_health_checks=True)
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # How many seconds a writer waits for another one; a transaction that will write says so.
    DATABASES["default"]["OPTIONS"] = {"timeout": 30, "transaction_mode": "IMMEDIATE"}
else:
    # Seconds until a server that cannot be reached is given up; tcp_user_timeout is in ms.
    LIMITS = {"connect_timeout": 5, "tcp_user_timeout": 5000}
    LIMITS |= {"keepalives_idle": 5, "keepalives_interval": 1}  # asked while one waits
    DATABASES["default"]["OPTIONS"] = LIMITS | DATABASES["default"].get("OPTIONS", {})

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "items.views.exception_handler",
    "UNAUTHENTICATED_USER": None,  # django.contrib.auth is not installed
    "UNICODE_JSON": False,  # escapes every text, also half a surrogate pair
}
