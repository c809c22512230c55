# The names that people type (README.md). Needs Python 3.11 or later and make, nothing else.
PYTHON ?= python3
BIN := .venv/bin
ISLANDS := src/tocsin/web/static/built/islands.js
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq --no-input

.PHONY: setup demo demo-once test check torture bench format reference docs sbom screenshots messages lock clean

setup: .venv/ready $(ISLANDS)

demo: setup
	@$(BIN)/tocsin demo

demo-once: setup
	@$(BIN)/tocsin demo --once

# On SQLite and on a real PostgreSQL that the suite brings itself. Ends with the coverage that is promised. Five at a time, because
# tests wait for programs that they started; two cores are enough.
test: .venv/ready-dev $(ISLANDS)
	@$(BIN)/python -m pytest --numprocesses 5 --dist worksteal --cov --cov-report=
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/coverage

check: .venv/ready-dev
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/check

# The figures of docs/reliability.md in their whole sizes, for a night; `make test` has them small. ONLY=kill: by names of tests.
torture: .venv/ready-dev $(ISLANDS)
	@TORTURE=nightly $(BIN)/python -m pytest -m torture $(if $(ONLY),-k "$(ONLY)")

# Benchmarks beside peers (docs/benchmarks.md). ONLY=bc: these letters; QUICK=1: small sizes, to try whether it works.
bench: .venv/ready-bench
	@$(BIN)/python -m bench run --only "$(ONLY)" $(if $(QUICK),--quick)

format: .venv/ready-dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@sh scripts/islands format

# Writes docs/reference.md and the types of the client anew, from the code.
reference: .venv/ready-dev
	@$(BIN)/python scripts/reference.py
	@$(BIN)/python scripts/client_shapes.py

# The documentation as a site in build/site, which needs no server. A link or an anchor that leads nowhere is an error.
docs: .venv/ready-dev
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/docs build/site

# Every package of a server, with version and licence, in build/sbom.json.
sbom: .venv/ready-dev
	@$(BIN)/python scripts/sbom.py

# Takes the pictures of every page that docs/screenshots.md shows; needs a Chromium.
screenshots: .venv/ready-dev
	@PYTHONPATH=. $(BIN)/python scripts/screenshots.py

# Brings the catalogs in src/tocsin/locale up to the words in the code.
messages: .venv/ready-dev
	@$(BIN)/python scripts/messages.py

# Writes the lock files anew. They hold hashes and no address: pip finds the packages where it is set up to look.
lock: .venv/ready-dev
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/lock

clean:
	rm -rf .venv build islands/node_modules $(dir $(ISLANDS))

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tocsin needs Python 3.11 or later, and this is " + sys.version.split()[0] + ": make PYTHON=python3.12")'
	@echo "making .venv (once)"
	@$(PYTHON) -m venv .venv

.venv/ready: requirements.txt pyproject.toml | .venv/bin/python
	@echo "installing the locked packages"
	@$(PIP) install --require-hashes --requirement requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# The scripts of the pages. Where they are built already, nothing is needed for them.
$(ISLANDS): $(wildcard islands/* islands/src/* islands/src/*/*) requirements-build.txt | .venv/ready
	@sh scripts/islands

.venv/ready-dev: .venv/ready requirements-dev.txt
	@echo "installing the locked packages for tests and checks"
	@$(PIP) install --require-hashes --requirement requirements-dev.txt
	@touch $@

.venv/ready-bench: .venv/ready requirements-bench.txt
	@echo "installing the locked packages for benchmarks"
	@$(PIP) install --require-hashes --requirement requirements-bench.txt
	@touch $@
