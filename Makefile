# Two commands for a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
PIP     = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
DATA   ?= ../shared/data
# one thread a process, as two run; bytecode is kept, or each process that a test starts compiles the package anew
TESTED  = OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/python

.PHONY: help setup demo test lint types layers docs bench clean

help:            ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing modacast into $(VENV) (a few minutes the first time) ..."
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	$(PIP) --editable '.[dev]'
	@touch $@

$(VENV)/.train: $(VENV)/.base
	$(PIP) --editable '.[train]'
	@touch $@

$(VENV)/.bench: $(VENV)/.dev
	$(PIP) --editable '.[bench]'
	@touch $@

setup: $(VENV)/.dev   ## install everything that development needs

demo: $(VENV)/.train  ## run the whole loop, a short training too, on the sample world, offline, and write report.html
	$(BIN)/modacast demo --out report.html

test: $(VENV)/.dev    ## run all tests
	$(TESTED) -m pytest -m "" -n 2 --dist loadgroup

quick: $(VENV)/.dev   ## run the fast tests
	$(TESTED) -m pytest -n 2 --dist loadgroup

lint: $(VENV)/.dev    ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.dev    ## build the documentation into site/
	$(BIN)/mkdocs build --strict

bench: $(VENV)/.bench ## run the benchmarks on real data: make bench DATA=folder
	for name in encode tag sentiment trends; do \
	  $(BIN)/python -m benchmarks.$$name --data $(DATA) --json bench-$$name.json || exit 1; \
	done

clean:           ## remove what the above made, but not your data
	rm -rf $(VENV) site report.html .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
