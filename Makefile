# Owns the commands of the project. All they need goes to .venv and .local; nothing has to be installed or activated first.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help up down clean test lint format bench bench-quick soak mutants mails requirements

BIN := .venv/bin
SEEDS ?= 1 2 3
MINUTES ?= 20
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
unexport PYTHONPATH PYTHONHOME PIP_USER VIRTUAL_ENV

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s%s\n", $$1, $$2}' Makefile

up: .venv/local.stamp ## start everything on this machine and show the sample clients' way
	@$(BIN)/aktivera up

down: ## stop it; the data stays
	@if [ -x $(BIN)/aktivera ]; then $(BIN)/aktivera down; else echo "nothing is set up here"; fi

clean: down ## stop it and remove the data, the caches and what was built; .venv stays
	@rm -rf .local build .mypy_cache .ruff_cache .hypothesis .import_linter_cache

test: lint ## lint, then all tests; PYTEST_ARGS="-k held" for some
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: .venv/dev.stamp ## ruff, mypy --strict, import rules
	@echo "lint: ruff"
	@$(BIN)/python -m ruff check --quiet .
	@$(BIN)/python -m ruff format --check --quiet . || { echo "not formatted: run make format"; exit 1; }
	@echo "lint: mypy --strict"
	@$(BIN)/python -m mypy
	@echo "lint: import rules"
	@$(BIN)/lint-imports --no-cache --no-logo > .venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }

format: .venv/dev.stamp ## put the code in order
	@$(BIN)/python -m ruff check --fix --quiet . || true
	@$(BIN)/python -m ruff format .

bench: .venv/dev.stamp ## measure all contestants on the same work
	@[ -d bench ] || { echo "bench: nothing here yet"; exit 1; }
	@$(BIN)/python -m bench

bench-quick: .venv/dev.stamp ## the same, small
	@[ -d bench ] || { echo "bench: nothing here yet"; exit 1; }
	@$(BIN)/python -m bench --quick

soak: .venv/dev.stamp ## the long fault tests, then random faults: SEEDS="1 2 3" MINUTES=20
	@rm -rf .local/soak
	@AKTIVERA_TEST_SOAK_SEEDS="$(SEEDS)" AKTIVERA_TEST_SOAK_MINUTES=$(MINUTES) \
	  $(BIN)/python -m pytest -m soak tests $(PYTEST_ARGS)
	@cat .local/soak/report.md

mutants: .venv/dev.stamp ## take out what keeps a promise, one line at a time, and see its test turn red; ONLY="lease" for those so named
	@$(BIN)/python -m tests.mutants.run $(ONLY)

mails: .venv/dev.stamp ## compile the mails' layout, and take the mails as they are now for those agreed
	@$(BIN)/python -m tests.unit.notifier.mails.layout && $(BIN)/python -m tests.unit.notifier.mails.golden

requirements: .venv/dev.stamp ## compile requirements/*.in to hashed *.txt
	@for name in runtime local dev; do \
	  echo "requirements: $$name"; \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    requirements/$$name.in -o requirements/$$name.txt; \
	done

# What `up` needs is a part of what the tests need; either is installed again when its list changes.
.venv/local.stamp: requirements/local.txt pyproject.toml requirements/runtime.in | .venv/made.stamp
	$(call install,local,half a minute)

.venv/dev.stamp: requirements/dev.txt pyproject.toml requirements/runtime.in | .venv/made.stamp
	$(call install,dev,a minute)
	@touch .venv/local.stamp

# Two commands at once, on a machine where nothing is set up yet: the second waits and finds it done.
define install
	@{ flock 9; \
	  if [ ! -e $@ ] || [ -n "$$(find $^ -newer $@)" ]; then \
	    echo "packages: requirements/$(1).txt by hash; the first time takes about $(2)"; \
	    $(PIP) install --no-deps --require-hashes -r requirements/$(1).txt \
	      && $(PIP) install --no-deps --no-build-isolation -e . && touch $@; \
	  fi; } 9> .venv.lock
endef

.venv/made.stamp:
	@exec 9> .venv.lock; flock 9; [ ! -e $@ ] || exit 0; \
	for candidate in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
	  if $$candidate -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then \
	    echo "virtualenv: .venv with $$($$candidate --version)"; \
	    $$candidate -m venv --clear .venv; touch $@; exit 0; \
	  fi; \
	done; \
	echo "Python 3.11 or later with venv is missing. Debian: apt install python3-venv. Elsewhere: make PYTHON=/path/to/python3.11" >&2; \
	exit 1
