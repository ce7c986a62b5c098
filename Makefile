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

# uv installs Nox as uv.lock pins it, and then makes the tasks' own environments.
$(NOX): uv.lock
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet uv
	.venv/bin/uv sync --quiet --locked --inexact --only-group nox
	@touch $@
