# `make demo` and `make test` set up all they need in .venv; nothing is installed anywhere else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# What flake8-async need not say here: ASYNC9 are opt-in rules, and which functions are checkpoints is documented; the
# close() of our files and answers never waits (102); httpx is the project's choice (127, docs/dependencies.md);
# the one exception of a group is raised alone with its cause kept (123); one function is started by a nursery (114).
FLAKE8 := --select ASYNC --extend-ignore ASYNC9,ASYNC102,ASYNC114,ASYNC123,ASYNC127

.PHONY: demo test explore simulate lint types check clean help

help:  ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: $(READY)  ## the whole pipeline against stand-ins on this machine
	@$(BIN)/trio-pipeline demo

test: $(READY)  ## every test
	@$(BIN)/python -m pytest -q --numprocesses=auto --dist=worksteal

explore: $(READY)  ## every test, with other examples and another order of tasks each time
	@$(BIN)/python -m pytest -q --numprocesses=auto --dist=worksteal --hypothesis-profile=explore --schedule-seed=-1

simulate: $(READY)  ## a thousand simulated worlds
	@$(BIN)/trio-pipeline simulate --seeds 0..999

lint: $(READY)  ## ruff and flake8-async
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/flake8 $(FLAKE8) trio_pipeline

types: $(READY)  ## mypy, strictly
	@$(BIN)/mypy

check: test lint types  ## what must hold before a change lands

clean:  ## forget the virtual environment
	rm -rf $(VENV)

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "trio-pipeline needs Python 3.11 or later: install the package python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "trio-pipeline needs Python 3.11 or later; $$($(PYTHON) --version) is too old. Name another one: make PYTHON=python3.12 demo"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$(PYTHON) cannot make virtual environments: install the package python3-venv"; exit 1; }
	@echo "Setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)
