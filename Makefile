# Every verb does its own set-up: a fresh machine needs Python 3.11 or newer and make, nothing else.
#
#   make run      simulate a practice, train its denial model, score tomorrow's claims, serve
#   make test     the test suite, doctests included
#   make check    lint, format, types, import layers
#   make bench    every benchmark; figures under benchmarks/results/
#   make install  the environment, with the console command .venv/bin/firstpass
#   make lock     requirements.lock anew, after a change of the ranges in pyproject.toml
#   make clean    what the verbs above left behind, except practices and models (make clean-data)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run test check format bench lock clean clean-data

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed.stamp
# make test TESTS=tests/models/claims runs a part.
TESTS ?=
WORKERS ?= auto
# make run RUN=--no-serve ends without the service; RUN="--port 8080" serves there.
RUN ?=

help:
	@sed -n 's/^#   //p' $(firstword $(MAKEFILE_LIST))

install: $(INSTALLED)

$(INSTALLED): requirements.lock pyproject.toml
	@python=$$(.ci/find-python) && $$python .ci/environment.py $(VENV)

run: $(INSTALLED)
	@$(BIN)/firstpass demo $(RUN)

test: $(INSTALLED)
	$(BIN)/python -m pytest -q -n $(WORKERS) --maxprocesses 4 $(TESTS)

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED)
	@mkdir -p benchmarks/results
	@set -e; for file in benchmarks/[a-z]*.py; do \
	  name=$$(basename $$file .py); echo "== benchmarks.$$name"; \
	  $(BIN)/python -m benchmarks.$$name --json benchmarks/results/$$name.json; \
	done

# Runs in an environment of its own, so that pip-tools is no dependency of the product.
lock:
	@.ci/lock

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-data:
	rm -rf practice mlruns scores.csv benchmarks/results
