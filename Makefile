# On a bare machine with Python 3.11 or newer, make and git: `make render` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
PEERS := $(VENV)-peers
SCANNERS := $(VENV)-scanners

.PHONY: render rehearse check test test-all lint types golden bench lock clean

render: $(INSTALLED)
	$(BIN)/cfnpipe render

# The whole change process on this machine, without an AWS account; asks for approvals at a terminal.
rehearse: $(INSTALLED)
	$(BIN)/cfnpipe rehearse

check: $(INSTALLED)
	$(BIN)/cfnpipe render --check

test: lint types
	$(BIN)/pytest -n auto -m "not slow"

# Also what takes long: all of troposphere's examples, checkov over every shape, more histories of faults.
test-all: lint types $(SCANNERS)/installed
	PATH="$(SCANNERS)/bin:$$PATH" $(BIN)/pytest -n auto

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(INSTALLED)
	$(BIN)/mypy

# Rewrites the expected files of the tests and the generated documents; read the diff.
golden: $(INSTALLED)
	$(BIN)/python -m cfnpipe.config > docs/config.schema.json
	$(BIN)/pytest -q -m "not slow" --golden tests

bench: $(INSTALLED) $(PEERS)/installed
	PEERS=$(CURDIR)/$(PEERS)/bin $(BIN)/python -m tests.bench

$(PEERS)/installed: tests/bench/peers.lock
$(SCANNERS)/installed: tests/scanners.lock
$(PEERS)/installed $(SCANNERS)/installed:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --require-hashes -r $<
	touch $@

# Pins every dependency by version and hash, for all supported versions of Python.
lock: $(INSTALLED)
	$(BIN)/uv pip compile $(LOCKING) --extra dev setup.cfg -o requirements-dev.lock
	$(BIN)/uv pip compile $(LOCKING) -c requirements-dev.lock setup.cfg -o requirements.lock
	$(BIN)/uv pip compile $(LOCKING) tests/bench/peers.in -o tests/bench/peers.lock
	$(BIN)/uv pip compile $(LOCKING) tests/scanners.in -o tests/scanners.lock
LOCKING := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

$(INSTALLED): requirements-dev.lock setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean:
	rm -rf $(VENV) $(PEERS) $(SCANNERS) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
