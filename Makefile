# Everything that a fresh machine with Python >= 3.11 and make needs.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8080
RUNBOOK ?= examples/proofi/runbook.yaml
DATABASE ?= sqlite:///var/tocsin.db
BIN := .venv/bin

.PHONY: run install test lint bench cluster soak lock clean

run: install ## install and start on http://127.0.0.1:8080
	$(BIN)/tocsin serve --runbook $(RUNBOOK) --database $(DATABASE) --host $(HOST) --port $(PORT)

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Tocsin needs Python 3.11 or newer; set PYTHON=")'
	@echo 'Installing into .venv: about a minute'
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.lock
	@echo 'Installing what the tests need'
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

test: .venv/installed-dev ## every test
	$(BIN)/pytest -n auto --dist loadfile

lint: .venv/installed-dev ## style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed-dev ## speed and size, printed with their conditions
	$(BIN)/python -m bench

cluster: .venv/installed-dev ## two nodes over a PostgreSQL with a synchronous standby, all on loopback
	$(BIN)/python -m examples.cluster

soak: .venv/installed-dev ## the long proof: seeds, crash points, random kills; hours, SOAK_SEEDS and SOAK_KILLS
	$(BIN)/python -m tests.soak

lock: ## needs uv; writes both lock files without naming a registry
	uv pip compile pyproject.toml --group build --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header -q -o requirements.lock
	uv pip compile pyproject.toml --group build --group dev --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header -q -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache
