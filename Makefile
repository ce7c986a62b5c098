# Aliases for the tasks of noxfile.py, and what Nox itself needs from nothing but Python 3.11 or newer.
# make bench PROFILE=quick   make bench-flask_sqlite   make test   make plot   make lint
PYTHON ?= python3
PROFILE ?= standard
NOX = .venv/bin/nox
STACKS = $(patsubst %/gunicorn.conf.py,%,$(wildcard */gunicorn.conf.py))
BENCHES = bench $(addprefix bench-,$(STACKS))
OTHERS = test $(addprefix test-,$(STACKS)) $(addprefix locust-,$(STACKS)) plot lint lock k6 bench-k6 bench-engines bench-turns selfcheck crosscheck check-results

.PHONY: help $(BENCHES) $(OTHERS)

help: $(NOX)
	@$(NOX) -l

$(BENCHES): $(NOX)
	$(NOX) -s $@ -- --profile $(PROFILE)

$(OTHERS): $(NOX)
	$(NOX) -s $@

# What else a shell says of Python, pip, uv and Nox does not count here, but for where packages are.
unexport $(filter-out PYTHON UV_INDEX% PIP_INDEX_URL %_DEFAULT_INDEX %_EXTRA_INDEX_URL %_CERT \
  %_CACHE_DIR %_FIND_LINKS %_TRUSTED_HOST %_PROXY, \
  $(filter PYTHON% PIP_% UV_% NOX%,$(.VARIABLES)))

PIP = .venv/bin/python -m pip install --quiet uv
SYNC = UV_PROJECT_ENVIRONMENT=.venv .venv/bin/uv sync --quiet --frozen --inexact --only-group nox

# uv installs Nox as uv.lock pins it, and then makes the tasks' own environments. Each first without
# a person's own settings, then with them: they may name a mirror that is needed.
$(NOX): uv.lock
	$(PYTHON) -m venv .venv
	PIP_CONFIG_FILE=/dev/null $(PIP) || $(PIP)
	UV_NO_CONFIG=1 $(SYNC) || $(SYNC)
	@test -x $@ && touch $@
