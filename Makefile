# The project's commands. `make run` and `make test` set up .venv by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CONTROLLERS := no_pev,uncoordinated,tariff,smart_charging,temporal,bilayer

# Runs and tests start some hundred processes; none should have to compile the code anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run setup test test-all fuzz mutate lint bench publish experiment docs clean
.DEFAULT_GOAL := run

run: setup
	$(BIN)/testbed compare paper_day --controllers $(CONTROLLERS) -o results/paper_day --force

setup: $(STAMP)

# Only a change of what is installed installs anew; the code itself is used from where it lies.
$(STAMP): setup.cfg pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]' -c constraints.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps mosaik-csv -c constraints.txt
	touch $@

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow and not browser"
	@echo "left out: tests marked slow, and those marked browser, which drive pages in Chromium (make test-all)"

test-all: setup
	$(BIN)/python -m pytest --cov --cov-branch --cov-report=term

# Some 20,000 mangled inputs from a fixed seed, with their counts in docs/reliability.md; minutes.
fuzz: setup
	$(BIN)/python -W ignore -m tests.fuzz.campaign --page

# Planted faults, one at a time in a copy of the code: what notices them; an hour and more, resumed where it stopped.
mutate: setup
	$(BIN)/python -W ignore -m tests.mutation.campaign --page

lint: setup
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: setup
	$(BIN)/python benchmarks/page.py
	$(BIN)/python benchmarks/learning.py

# Pages and figures from the tables in docs/data, without any run; PAGE=compliance: one page.
publish: setup
	$(BIN)/python -m experiments.publishing render $(PAGE)

# Runs or resumes all of an experiment, then publishes it: make experiment NAME=compliance
experiment: setup
	$(BIN)/python -m experiments.publishing run $(NAME) --workers 2

# The documentation site in build/site, read without a network; NOTEBOOKS=run: tutorials with their pictures, minutes.
docs: setup
	$(BIN)/python -m experiments.site --notebooks $(or $(NOTEBOOKS),kept)

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
