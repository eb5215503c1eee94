# Every target sets up what it needs: a machine with Python 3.11+ and make is enough.
VENV := .venv
BIN  := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help up demo test lint format bench golden docs screenshots clean browser

help: ## say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(READY): pyproject.toml uv.lock
	@test -n "$(PYTHON)" || { echo "spanglass needs Python 3.11 or newer: install it, or say where it is with make PYTHON=/path/to/python"; exit 1; }
	@echo "Installing into $(VENV) (once) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
	@$(BIN)/uv sync --quiet --frozen --all-extras --inexact
	@touch $@

up: $(READY) ## run everything on this machine
	@$(BIN)/spanglass up $(ARGS)

demo: $(READY) ## run everything, with a shop assistant that sends traffic
	@$(BIN)/spanglass demo $(ARGS)

browser: # Chromium for the browser tests, from the system's packages where that is possible
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing Chromium for the browser tests …"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else echo "No Chromium: browser tests will be skipped. Install it with 'sudo apt-get install chromium'."; fi

test: $(READY) browser ## all tests: unit, database, browser; ARGS="-k name" for some of them
	@$(BIN)/pytest $(or $(ARGS),-n 2 --dist loadfile --cov --cov-report=)

lint: $(READY) ## style, types, arrows between the rooms
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## put the code into its form
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

golden: $(READY) ## write the golden files and generated pages anew: look at the diff
	@$(BIN)/python docs/generate.py
	@SPANGLASS_REGENERATE=1 $(BIN)/pytest -q tests/store/test_golden_sql.py

docs: $(READY) ## write the generated pages of docs/ anew
	@$(BIN)/python docs/generate.py

screenshots: $(READY) browser ## take the pictures in docs/ from a running demo
	@PYTHONPATH=tests $(BIN)/python docs/screenshots.py

bench: bench-startup ## every benchmark; each ends with one JSON line

bench-%: $(READY)
	@$(BIN)/python bench/$*.py $(ARGS)

clean: ## forget the installation and everything measured
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis htmlcov
