# Each command makes .venv when it is missing, installs what the lock says, and runs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test test-floors test-newest lab docs licenses bench lock data clean
.DEFAULT_GOAL := help

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/ready  ## Upload sample documents to a local sandbox and write a report
	@$(BIN)/argyle-nb demo

test: $(VENV)/ready-dev  ## Lint, type-check and run all tests
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet .
	@# Types are checked beside the first tests, and told at the end. Of the many processes of
	@# the tests none shall compile again what another has compiled.
	@$(BIN)/mypy >$(VENV)/types.txt 2>&1 & types=$$!; \
	    PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist loadgroup \
	    --no-loadscope-reorder --max-worker-restart 0; ended=$$?; \
	    wait $$types || ended=1; cat $(VENV)/types.txt; exit $$ended

# The suite on other versions than the locked ones; another Python with PYTHON=python3.12.
test-floors: RESOLUTION := lowest-direct
test-floors:  ## Run all tests on the oldest versions that pyproject.toml allows (needs uv)
test-newest: RESOLUTION := highest
test-newest:  ## Run all tests on the newest versions there are (needs uv)
# The reviewed images of charts are those of the locked matplotlib; others draw texts a pixel apart.
test-floors test-newest: WITHOUT_IMAGES = -o addopts="--import-mode=importlib"
test-floors test-newest: FOLDER = $(VENV)-$(@:test-%=%)
test-floors test-newest:
	@uv venv --quiet --clear --python $(PYTHON) $(FOLDER)
	@uv pip install --quiet --python $(FOLDER) --resolution $(RESOLUTION) -e '.[dev]'
	@$(FOLDER)/bin/python -m pytest $(WITHOUT_IMAGES) -n auto --dist loadgroup \
	    --no-loadscope-reorder --max-worker-restart 0

lab: $(VENV)/ready  ## Open the notebooks in JupyterLab
	@$(BIN)/argyle-nb lab

docs: $(VENV)/ready-docs  ## Build the site with its notebooks run, and check spelling and links
	@$(BIN)/codespell
	@$(BIN)/python -m sphinx -W --keep-going -q -b html -c docs -d build/doctrees . build/site
	@echo "Open build/site/index.html"

licenses: $(VENV)/ready-docs  ## List each installed package with its version and license
	@$(BIN)/python -m tests.support.licenses

bench: $(VENV)/ready-dev  ## Run the benchmarks, each next to a baseline of the same run
	@$(BIN)/python -m tests.benchmarks

lock:  ## Update the three lock files from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate --extra build --extra excel --extra parquet pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate --extra dev --constraint requirements.lock pyproject.toml \
	    --output-file requirements-dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate --extra docs --constraint requirements.lock pyproject.toml \
	    --output-file requirements-docs.lock

data: $(VENV)/ready-dev  ## Make the sample documents again
	@$(BIN)/python -m data.make_documents data/documents

clean:  ## Remove .venv and what the demo wrote
	rm -rf $(VENV) $(VENV)-floors $(VENV)-newest demo-report

$(VENV)/bin/python:
	@echo "Creating $(VENV) and installing locked dependencies (about 1 minute the first time)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/ready: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/ready-docs: requirements-docs.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) --require-hashes -r requirements-docs.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/ready-dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) --require-hashes -r requirements-dev.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@
