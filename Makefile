# One command each: `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: benchmark-commands benchmark-fleet benchmark-reading help new venv test test-all test-fast mutate lint format lock examples docs page \
  compare benchmark release engine-up engine-down clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Named one by one: a project that `make new` made here is its owner's to lint.
PYTHON_FILES := benchmarks hatch_build.py scripts src testbed tests

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(VENV)/.ready ## set up everything a contributor needs, in .venv

$(VENV)/.ready: pyproject.toml requirements/dev.txt
	@sh scripts/make_venv.sh $(PYTHON) $(VENV)
	@touch $@

new: $(VENV)/.ready ## start a project: make new ARGS="my-app"
	@$(BIN)/dockgen new $(ARGS)

# Temporary files of a run: gone in the end, also after Ctrl-C, and apart from what other runs have left
# in pytest's usual folder, such as folders too deep for Python to remove.
OWN_FOLDER = folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && trap 'exit 130' INT && trap 'exit 143' TERM && \
  PYTEST_DEBUG_TEMPROOT="$$folder"

# Those whose programs take milliseconds.
FAST_TESTS := tests/unit tests/integration/detect tests/integration/engine tests/integration/templates $(wildcard tests/integration/test_*.py)

# Two processors have time for three tests: one of them mostly waits for a network or a container.
test: $(VENV)/.ready ## the tests; brings a container engine and base images if they are missing
	@$(MAKE) --no-print-directory lint
	@$(OWN_FOLDER) $(BIN)/python -m testbed run $(ALSO) -- $(BIN)/python -m pytest -n 3 --dist loadgroup $(MARKS) $(ARGS)

test-all: MARKS := -m "release or not release"
test-all: ALSO := --also postgres:17-alpine --also redis:8-alpine
test-all: test ## those, and the long ones that a release has to pass, too

test-fast: $(VENV)/.ready ## the quick tests, which need no container engine
	@$(MAKE) --no-print-directory lint
	@$(OWN_FOLDER) $(BIN)/python -m pytest -n 2 $(FAST_TESTS) $(ARGS)

mutate: $(VENV)/.ready ## break dockgen in hundreds of ways, and list those that no test notices
	@$(BIN)/python scripts/mutate.py $(ARGS)

benchmark-fleet: $(VENV)/.ready ## update two hundred projects at once, and one beside plain copier
	@$(BIN)/python -m benchmarks.fleet $(ARGS)

benchmark-reading: $(VENV)/.ready ## read a saved image of a gigabyte, beside sha256sum
	@$(BIN)/python -m benchmarks.reading $(ARGS)

benchmark-commands: $(VENV)/.ready ## time short commands, beside the start of Python and beside copier
	@$(BIN)/python -m benchmarks.commands $(ARGS)

lint: $(VENV)/.ready ## formatting, style and types
	@$(BIN)/ruff format --check --quiet $(PYTHON_FILES)
	@$(BIN)/ruff check --quiet $(PYTHON_FILES)
	@$(BIN)/mypy

format: $(VENV)/.ready ## format the code and fix what can be fixed
	@$(BIN)/ruff format $(PYTHON_FILES)
	@$(BIN)/ruff check --fix $(PYTHON_FILES)

lock: $(VENV)/.ready ## lock the newest dependencies into requirements/
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-emit-index-url --no-annotate --group dev pyproject.toml -o requirements/dev.txt

examples: $(VENV)/.ready ## render examples/
	@$(BIN)/python scripts/render_examples.py

docs: $(VENV)/.ready ## write what the documentation takes from the code
	@$(BIN)/python -m scripts.write_docs

page: $(VENV)/.ready ## draw docs/page.png, the picture of a check's page, in Chromium
	@$(BIN)/python -m testbed run -- $(BIN)/python -m scripts.draw_page

compare: $(VENV)/.ready ## compare what the templates render with a release or a git revision: make compare ARGS=v0.7.0
	@$(BIN)/python -m scripts.compare_rendered $(ARGS)

benchmark: $(VENV)/.ready ## measure the images beside naive ones: make benchmark ARGS="--cell go-scratch"
	@$(BIN)/python -m testbed run -- $(BIN)/python -m benchmarks $(ARGS)

release: $(VENV)/.ready ## add the templates to the bundle as a release: make release VERSION=0.2.0
	@$(BIN)/python scripts/release.py $(VERSION)

engine-up: $(VENV)/.ready ## start a private container engine with base images, and leave it running
	@$(BIN)/python -m testbed up

engine-down: $(VENV)/.ready ## end that engine
	@$(BIN)/python -m testbed down

clean: ## remove what these commands made in this folder
	@rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache
