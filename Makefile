# `make demo` and `make test` set everything up in .venv first; nothing is written outside this folder.
# PYTHON=/path/to/python3 chooses the interpreter, JOBS=n the number of test processes.

JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CACHE := $(CURDIR)/.cache

export MPLCONFIGDIR := $(CACHE)/matplotlib
export NUMBA_CACHE_DIR := $(CACHE)/numba
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test check format clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    set up, fit a circuit to the breast cancer data, verify it (folder demo/)"
	@echo "make test    set up and run the tests"
	@echo "make check   set up and run the linter and the type checker"
	@echo "make format  apply the linter's formatting"
	@echo "make clean   remove .venv, demo/ and caches"

$(STAMP): pyproject.toml .ci/python
	@python="$$(.ci/python)" || exit 1; \
	if ! $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		rm -rf $(VENV); \
		echo "Making $(VENV) with $$python"; \
		"$$python" -m venv $(VENV) || exit 1; \
	fi
	@echo "Installing tetrakis and what it needs into $(VENV) (a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --no-cache-dir --editable '.[dev]'
	@touch $@

demo: $(STAMP)
	@$(BIN)/tetrakis fit builtin:breast_cancer --out demo --force
	@echo
	@$(BIN)/tetrakis verify demo
	@echo
	@echo "The report is in demo/report.md, the circuit in demo/circuit.aig and demo/circuit.v."

test: $(STAMP)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -q $(ARGS)

check: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(STAMP)
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

clean:
	@rm -rf $(VENV) .cache demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
