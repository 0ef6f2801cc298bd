# Everything an instructor or a student types. On Windows: see "Windows" in README.md.
PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(VENV)/.locked
INSTALLED := $(VENV)/.installed

# An environment does not survive being moved or copied: in a new place it is begun again.
ifneq ($(shell cat $(VENV)/.folder 2>/dev/null),$(CURDIR))
$(shell rm -f $(LOCKED))
endif

.DELETE_ON_ERROR:
.PHONY: help setup lab test test-real test-browser run bench lint format lock clean

help:  ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*##/  make \1 \t/p' $(MAKEFILE_LIST) | expand -t 20

lab: $(INSTALLED)  ## Open JupyterLab at the first notebook.
	$(BIN)/jupyter lab notebooks/00_start_here.ipynb

test: $(INSTALLED)  ## Run every test: package, notebooks, exercises, release.
	$(BIN)/pytest -n $(WORKERS)

test-real: $(INSTALLED)  ## Run the notebooks with real data; point COURSE_DATA at it.
	$(BIN)/pytest -n $(WORKERS) $$(grep -l "On real data" notebooks/*.ipynb)

test-browser: $(INSTALLED)  ## Look at the notebooks in JupyterLab; needs Chromium.
	$(BIN)/pytest tests/browser

run: $(INSTALLED)  ## Execute the course and compare the minutes with the budgets.
	$(BIN)/course run

bench: $(INSTALLED)  ## Measure speed and memory against peers.
	$(BIN)/python -m tests.benchmarks

lint: $(INSTALLED)  ## Check style.
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(INSTALLED)  ## Mend style.
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock:  ## Pin the dependencies anew (needs uv).
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --fork-strategy fewest \
		--generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		--upgrade -o requirements.lock

clean:  ## Delete the environment and all caches; downloaded data stays.
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis

setup: $(INSTALLED)  ## Only set up.

# The stamps are written last and live in the environment: what was interrupted is begun again, from an empty folder.
$(LOCKED): requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else \
		"This is Python %d.%d, the course wants 3.11, 3.12 or 3.13: make PYTHON=python3.12 ..." % v[:2])'
	@echo "Setting up, once: two minutes, half a gigabyte from the package index, 3 GB of disk ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@echo "$(CURDIR)" > $(VENV)/.folder
	@touch $@

$(INSTALLED): $(LOCKED) pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
