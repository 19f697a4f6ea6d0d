# Two commands do all their own set-up from a bare clone: `make demo` and `make test`.
# They need Python 3.11 or newer, make, and a package index that pip already knows.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: help demo test test-long test-deps test-deps-long package test-install check format bench changelog lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/.runtime ## Show the whole line at work, on loopback only (about a minute)
	$(BIN)/printwarden demo --for 60s

test: $(VENV)/.dev ## Run the test suite (7 minutes of CPU, spread over the cores); ONLY=rules runs one room of it
	$(BIN)/python -m pytest -m "not long" -n $(WORKERS) --dist loadgroup $(ONLY:%=tests/%)

# Three workers a core: many tests wait for a clock or a process
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(3 * (os.cpu_count() or 1))')

test-long: $(VENV)/.dev ## Prove what delivery claims, at full length: one line a claim (half an hour, at most one)
	$(BIN)/python -m pytest -m "long or claim or control" --claims-to=build/claims.json

test-deps: ## Install the Debian packages that deeper tests use (needs apt and root)
	sh packaging/test-deps.sh

test-deps-long: ## Install the public tools that read the contract in the long tests (needs npm)
	PYTHON=$(PYTHON) sh packaging/test-deps-long.sh

package: $(VENV)/.dev ## Build what is shipped for this system, into dist/ (about a minute)
	sh packaging/build.sh

test-install: ## Install it on a booted Debian, in a container, the MSI under Wine (root; skips what it has no tools for)
	sh packaging/linux/test-install.sh
	sh packaging/windows/test-msi.sh
	sh packaging/container/test-image.sh

check: $(VENV)/.dev ## Lint and type-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32

format: $(VENV)/.dev ## Put the code into its one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## Measure; every figure in docs/benchmarks.md comes from here
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

changelog: $(VENV)/.dev ## Show what the fragments in changes/ would add to the list of changes
	$(BIN)/towncrier build --draft --version next

lock: $(VENV)/.dev ## Resolve the dependencies again, with hashes (needs uv)
	uv pip compile pyproject.toml $(LOCK) -o requirements.txt
	echo 'setuptools>=80' | uv pip compile - $(LOCK) -o requirements-build.txt
	uv pip compile pyproject.toml $(LOCK) --group dev -c requirements.txt -o requirements-dev.txt
	uv pip compile packaging/contract-tools/requirements.in $(LOCK) -o packaging/contract-tools/requirements.txt
LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade --quiet

clean: ## Remove what the targets above made
	rm -rf $(VENV) build dist packaging/contract-tools/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Printwarden needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt requirements-build.txt pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV) (once)"
	$(PIP) install --require-hashes -r requirements.txt
	$(PIP) install --require-hashes -r requirements-build.txt
	$(PIP) install --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@
