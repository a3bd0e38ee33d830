# Needs Python 3.11 or newer, make and git; everything else goes into .venv, pinned and hashed.

PORT ?= 8000
WORKERS ?= 2
MINUTES ?= 10
SEED ?=
REQUESTS ?= 100000
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
COMPILE := $(BIN)/python -m uv pip compile --quiet --system-certs --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header
TEMPLATES := node/web/templates

unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PIP_USER PIP_TARGET
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run dev demo demo-check test soak soak-total bench fuzz clients interop hostile check format messages requirements clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

run: $(VENV)/.run-stamp  ## one node on http://localhost:8000 (PORT=…), data in data/node
	@LEERKRING_HOME=data/node exec $(BIN)/leerkring serve --port $(PORT) --trial

dev: $(VENV)/.dev-stamp  ## the same, restarted when code changes
	@LEERKRING_HOME=data/node exec $(BIN)/leerkring serve --port $(PORT) --trial --reload

demo: $(VENV)/.run-stamp  ## two firms and a hub with content, until Ctrl-C
	@exec $(BIN)/python -m node.demo

demo-check: $(VENV)/.dev-stamp  ## the demo, read by every kind of reader and compared with the table
	@exec $(BIN)/python -m tests.demo_check

bench: $(VENV)/.dev-stamp  ## start, memory, posting and the client API of one node, added to build/bench.jsonl
	@$(BIN)/python -m tests.bench.start
	@$(BIN)/python -m tests.bench.api

test: $(VENV)/.dev-stamp  ## all tests
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

soak: $(VENV)/.dev-stamp  ## the state machine and random kills for MINUTES=10; SEED=… runs one seed again
	@MINUTES=$(MINUTES) SEED=$(SEED) exec $(BIN)/python -m tests.machine.soak

soak-total: $(VENV)/.dev-stamp  ## what all runs of soak found together
	@exec $(BIN)/python -m tests.machine.soak total

fuzz: $(VENV)/.dev-stamp  ## generated requests to every endpoint of the client API: REQUESTS=100000; SEED=… again
	@REQUESTS=$(REQUESTS) SEED=$(SEED) exec $(BIN)/python -m tests.fuzz

clients: $(VENV)/.dev-stamp  ## Mastodon.py, toot and masto.js against a real node; writes node/api/CLIENTS.md
	@$(BIN)/python -m tests.clients

interop: $(VENV)/.dev-stamp  ## Fedify against real nodes
	@$(BIN)/python -m pytest tests/interop

hostile: $(VENV)/.dev-stamp  ## a partner gone bad tries everything; a table of what it got
	@$(BIN)/python -m tests.hostile

check: $(VENV)/.dev-stamp  ## format, lint, types, imports, templates, translations
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --check --lint $(TEMPLATES)
	$(BIN)/python -m node.web.messages check

format: $(VENV)/.dev-stamp  ## rewrite code and templates in the house format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	-$(BIN)/djlint --reformat --quiet $(TEMPLATES)

messages: $(VENV)/.dev-stamp  ## bring the translation catalogues up to date with the code
	$(BIN)/python -m node.web.messages update

requirements: $(VENV)/.dev-stamp  ## pin requirements/*.in again, newest versions
	$(COMPILE) --upgrade requirements/build.in -o requirements/build.txt
	$(COMPILE) --upgrade requirements/run.in -o requirements/run.txt
	$(COMPILE) --upgrade -c requirements/run.txt requirements/dev.in -o requirements/dev.txt

clean:  ## remove the environment, caches and built things; data/ stays
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find node federation schemas tests -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.python:
	@for python in $(PYTHON); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null || { \
			echo "$$python cannot make environments. Install its venv package" \
				"(Debian and Ubuntu: apt-get install python3-venv) and try again." >&2; exit 1; }; \
		echo "Making the environment $(VENV); this takes a minute, once."; \
		"$$python" -m venv $(VENV) && touch $@; exit; \
	done; \
	echo "Leerkring needs Python 3.11 or newer; none of these is: $(PYTHON)." \
		"Install it, or name it: make PYTHON=/path/to/python3 …" >&2; exit 1

$(VENV)/.run-stamp: pyproject.toml requirements/build.txt requirements/run.txt | $(VENV)/.python
	@$(PIP) install --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev-stamp: requirements/dev.txt $(VENV)/.run-stamp
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
