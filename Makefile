# Everything runs in a virtual environment of its own; nothing is assumed but Python 3.11 or newer, make and a package index.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SOURCES := src tests benchmarks docs/generate.py

.PHONY: help screen test check coverage soak soak-cohort mutate prove bench build clean

help:
	@echo "make screen    install what is needed and screen a sample patient against the bundled trials"
	@echo "make test      install what is needed and run all tests"
	@echo "make check     style, types, layers, rule files"
	@echo "make coverage  the tests, with coverage by branch"
	@echo "make soak      the properties of the engine at length: make soak CASES=1000000 SEED=7, or MINUTES=30"
	@echo "make soak-cohort  cohorts on Polars and DuckDB against the reference: make soak-cohort CASES=10000 SEED=7"
	@echo "make mutate    mutation testing of the kernel, or of one module: make mutate MODULE=intervals"
	@echo "make prove     the analysis against z3, the reference and enumeration: make prove CASES=3000 SEED=7"
	@echo "make bench     everything side by side with code by hand and other engines (BENCH=--quick for less)"
	@echo "make build     wheel and sdist into dist/"
	@echo "make clean     remove what these commands made"

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@touch $@

$(VENV)/package: $(VENV)/python pyproject.toml
	@echo "Installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/tools: $(VENV)/package
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[testing]" --group dev
	@touch $@

screen: $(VENV)/package
	@$(BIN)/eligibility screen docs/examples/ards.json

test: $(VENV)/tools
	$(BIN)/python -m pytest

check: $(VENV)/tools
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/eligibility check
	$(BIN)/eligibility format --check rules/trials

coverage: $(VENV)/tools
	$(BIN)/python -m pytest --cov=eligibility --cov-branch --cov-report=term-missing:skip-covered

CASES ?= 100000
SEED ?= 1
soak: $(VENV)/tools
	$(BIN)/python tests/properties.py $(if $(MINUTES),--minutes $(MINUTES),--cases $(CASES)) --seed $(SEED)

# from the start each time: mutmut does not see that a test has changed
mutate: $(VENV)/tools
	@rm -rf mutants
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group mutation
	$(BIN)/mutmut run --max-children 2 $(if $(MODULE),"eligibility.$(MODULE).*")
	@$(BIN)/python tests/mutation_scores.py

soak-cohort: $(VENV)/tools
	$(BIN)/python tests/cohort/soak.py --cases $(CASES) --seed $(SEED)

prove: $(VENV)/tools
	$(BIN)/python tests/prove.py --cases $(CASES) --seed $(SEED)

# a peer that does not install is left out and named; all others are measured
bench: $(VENV)/package
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench || echo "some peers did not install" >&2
	$(BIN)/python benchmarks/run.py --json benchmarks.json --picture benchmarks.png $(BENCH)

build: $(VENV)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check build
	$(BIN)/python -m build --outdir dist .

clean:
	rm -rf $(VENV) dist mutants .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage benchmarks.json benchmarks.png
