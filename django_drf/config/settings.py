"""What an API needs of Django, and no more."""

import dj_database_url

DEBUG = False
ALLOWED_HOSTS = ["*"]  # for a server on loopback or behind a proxy; a public one names its hosts
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TIME_ZONE = "UTC"  # or every log line is in Chicago time

INSTALLED_APPS = ["rest_framework", "items"]
MIDDLEWARE = []  # no sessions, no cookies, no redirects; nothing signs, so no SECRET_KEY either

DATABASES = {
    # A connection is kept for as long as its thread lives, and tried before it is used again.
    "default": dj_database_url.config(
        default="sqlite:///items.db", conn_max_age=None, conn_health_checks=True
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # How many seconds a writer waits for another one; a transaction that will write says so.
    DATABASES["default"]["OPTIONS"] = {"timeout": 30, "transaction_mode": "IMMEDIATE"}
else:
    # How many seconds a new connection gets.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "items.views.exception_handler",
    "UNAUTHENTICATED_USER": None,  # django.contrib.auth is not installed
    "UNICODE_JSON": False,  # escapes every text, also half a surrogate pair
}
