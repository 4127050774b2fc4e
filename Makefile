# rotator: what a newcomer and CI type. Everything is built into ./.venv from locks with hashes.
# `make help` lists the targets.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
ROTATOR ?= $(VENV)/bin/rotator
BINDIR ?=
UV ?= $(VENV)/bin/uv
WORKERS ?= 2
TESTS ?= tests
GATES := tests/test_architecture.py tests/test_packaging.py tests/gates
CHECKED ?=

# The incident command takes its values from the environment, and the shell reads them as "$$VAR": no quote, backtick or
# `;` in a reason is ever read as shell. $(value …) because make, too, would run a `$(shell …)` given on its command line.
override REASON := $(value REASON)
override IAM_USER := $(value IAM_USER)
override KEY := $(value KEY)
export REASON IAM_USER KEY

.PHONY: help install demo test check lint types gates kinds prove mutants bench wheel rotate lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## the runtime dependencies and rotator into ./.venv, and `rotator` linked into BINDIR
	@scripts/link-command "$(CURDIR)/$(VENV)/bin/rotator" "$(BINDIR)"

demo: $(VENV)/.developed ## the whole story on the embedded sandbox: no accounts, nothing outside this machine
	@$(VENV)/bin/rotator sandbox demo

test: $(VENV)/.developed ## all tests but the long proofs (TESTS=tests/cli for some of them)
	@$(PY) -m pytest -q -n $(WORKERS) --dist worksteal -m "not slow and not live" $(if $(CHECKED),$(GATES:%=--ignore=%)) $(TESTS)

check: lint types gates ## every gate: lint, types, import rules, packaging

lint: $(VENV)/.developed ## ruff, all rules but the ones named in pyproject.toml with a reason
	@$(PY) -m ruff check --quiet --output-format concise .

types: $(VENV)/.developed ## mypy, strict, of the program and of its tests
	@$(PY) -m mypy --no-error-summary

gates: $(VENV)/.developed ## layering, sizes, docstrings, locks, the incident command
	@$(PY) -m pytest -q $(GATES)

kinds: $(VENV)/.developed ## write README's table of the kinds of places anew, from the contract suite's results
	@$(PY) -m tests.contract.matrix --write

prove: $(VENV)/.developed ## the long proofs: every crash point, every interleaving, every schedule; one table of figures
	@$(PY) -m tests.prove $(WORKERS)

mutants: $(VENV)/.developed ## change the program a little, thousands of times: does a test notice? (hours)
	@$(PY) -m tests.mutants --workers $(WORKERS)

wheel: $(VENV)/.installed ## ./dist/rotator-….whl, for pipx or uv tool install
	@$(PY) -m hatchling build --target wheel

bench: $(VENV)/.developed ## what a command costs, beside a bare script doing the same
	@$(PY) -m tests.bench

rotate: | $(filter $(VENV)/bin/rotator,$(ROTATOR)) ## get rid of a leaked key: make rotate REASON="…" KEY=AKIA… [IAM_USER=…]
	@"$(ROTATOR)" rotate --emergency $${IAM_USER:+--user "$$IAM_USER"} $${KEY:+--key "$$KEY"} --reason "$$REASON"

# In an incident what is installed is good enough: built only where there is nothing.
$(VENV)/bin/rotator:
	@$(MAKE) --no-print-directory $(VENV)/.installed

# requirements/run.lock holds what the program needs, and hatchling, which builds it; dev.lock holds that, the sandbox
# and the tools. uv keeps what is locked unless asked: make lock UPGRADE=--upgrade
COMPILE = echo hatchling | $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate $(UPGRADE)
lock: $(VENV)/.developed ## resolve requirements/*.lock anew from pyproject.toml
	@$(COMPILE) pyproject.toml - --extra sandbox --extra apprise --extra dev -o requirements/dev.lock
	@$(COMPILE) pyproject.toml - --constraint requirements/dev.lock -o requirements/run.lock

clean: ## ./.venv and every cache
	@rm -rf $(VENV) build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
	@find rotator tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps make the second run quick. A lock or pyproject.toml that changed installs again; dev.lock holds every
# version of run.lock, so the two never undo each other.
$(VENV)/.made: scripts/make-venv
	@scripts/make-venv $(VENV)
	@touch $@

$(VENV)/.installed: requirements/run.lock pyproject.toml | $(VENV)/.made
	@echo "Installing rotator into ./$(VENV)" >&2
	@$(PIP) install --require-hashes -r requirements/run.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(PY) -m compileall -q rotator
	@touch $@

$(VENV)/.developed: requirements/dev.lock $(VENV)/.installed
	@echo "Installing the sandbox and the tools into ./$(VENV)" >&2
	@$(PIP) install --require-hashes -r requirements/dev.lock
	@touch $@
