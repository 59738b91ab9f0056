# One command for people and for CI. `uv` is used when it is there, else pip.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
INSTALLED := $(VENV)/.installed

.PHONY: demo test check format lint types contracts setup clean bench

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
ifeq ($(UV),)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,postgres]'
else
	test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	$(UV) pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev,postgres]'
endif
	touch $@

demo: setup
	$(BIN)/promptkeeper demo promptkeeper-demo --no-serve

test: setup
	$(BIN)/python -m pytest -n 3 --dist loadscope

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Benchmarks that need no data of others; `--help` of the rest says what they read.
bench: setup
	@for one in ingest fleet_scan fleet_sweep evaluation guardrails causes; do \
	    echo "== $$one"; $(BIN)/python -m benchmarks.$$one || exit 1; done

clean:
	rm -rf $(VENV) promptkeeper-demo build dist *.egg-info
