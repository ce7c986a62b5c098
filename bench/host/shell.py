"""What of a person's shell reaches this program, and with it all that it starts: a short list.

Each of these tools obeys variables of its own that change what is measured, or break it:
GOMAXPROCS, K6_VUS, LOCUST_RUN_TIME, PGOPTIONS, PYTHONPATH, UV_PYTHON, GIT_DIR and hundreds more.
"""

import os
import re

KEPT = re.compile(
    "|".join(
        (
            # Where programs and files are, and how a person wants to be spoken to.
            "PATH|HOME|USER|LOGNAME|TMPDIR|LD_LIBRARY_PATH|XDG_(CACHE|CONFIG|DATA)_HOME",
            "LANG|LC_ALL|LC_CTYPE|TZ|TERM|COLORTERM|NO_COLOR|COLUMNS|LINES|CI",
            # How the package index is reached, where something is installed or built.
            "(HTTPS?|ALL|NO)_PROXY|(https?|all|no)_proxy|SSL_CERT_(FILE|DIR)|NETRC",
            "REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE",
            "UV_(CACHE_DIR|DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|INDEX_.*_(USERNAME|PASSWORD))",
            "UV_(FIND_LINKS|INSECURE_HOST|NATIVE_TLS|SYSTEM_CERTS|HTTP_TIMEOUT|OFFLINE)",
            "UV_(KEYRING_PROVIDER|PYTHON_INSTALL_DIR)|PYENV_ROOT",
            "PIP_(INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|CERT|TRUSTED_HOST|PROXY|CACHE_DIR)",
            "GO(PATH|CACHE|MODCACHE|PROXY|SUMDB|PRIVATE|NOPROXY|NOSUMDB|INSECURE|AUTH)",
            # Which Docker engine is meant, and which cluster; what brings images to its nodes.
            "DOCKER_(HOST|CONTEXT|CONFIG|CERT_PATH|TLS|TLS_VERIFY|API_VERSION)|SSH_AUTH_SOCK",
            "XDG_RUNTIME_DIR|KUBECONFIG|LOAD_IMAGE",
            # Our own.
            "PYTHON_WEB_FRAMEWORKS_MEASURED_OWNER|PLOT_PY",
        )
    )
)


def kept() -> dict[str, str]:
    """What of this process's environment a program gets that it starts."""
    return {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}


def keep_what_is_known() -> None:
    """Forget every other variable, in this process too: libraries of its own obey some."""
    for name in os.environ.keys() - kept().keys():
        del os.environ[name]
