# Sendout Studio. `make help` lists what can be done here.

.DEFAULT_GOAL := help
.PHONY: help run test coverage lint types contracts format lock upgrade sandbox bench fuzz chaos clean

BIN := .venv/bin
# Packages are compiled on all cores after they are in, where pip compiles one file at a time.
# What a package holds for another Python does not compile, and does not matter.
INSTALL = $(BIN)/python -m pip --disable-pip-version-check install \
	--quiet --progress-bar off --no-compile --require-hashes -r $< \
	&& { $(BIN)/python -m compileall -qq -j 0 $(abspath .venv/lib) || true; }
COMPILE := $(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 \
	--generate-hashes --custom-compile-command "make lock"

# Copies of the locks, made once their packages are in: a lock that is newer is installed again.
APP_INSTALLED := .venv/requirements.txt
TESTS_INSTALLED := .venv/requirements-test.txt

help: ## List what can be done here
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(APP_INSTALLED) ## Start the app on http://localhost:8501; Ctrl-C ends it and all it started
	@trap '' INT; exec $(BIN)/streamlit run app.py

test: lint types contracts ## Check everything: lint, types, import contracts and all tests
	$(BIN)/python -m tests.support.browser
	$(BIN)/python -m pytest -n 2

coverage: $(TESTS_INSTALLED) ## Run all tests and print how much of the code they cover, branches too
	$(BIN)/python -m tests.support.browser
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: $(TESTS_INSTALLED) ## Check the code's rules and its format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(TESTS_INSTALLED) ## Check the types
	$(BIN)/mypy

contracts: $(TESTS_INSTALLED) ## Check who imports whom
	$(BIN)/lint-imports

format: $(TESTS_INSTALLED) ## Put the code into its format
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

lock: $(TESTS_INSTALLED) ## Compile the locks from pyproject.toml, keeping versions that still fit
	$(COMPILE) $(UPGRADE) pyproject.toml --output-file requirements.txt
	$(COMPILE) $(UPGRADE) --group test --constraint requirements.txt \
		--output-file requirements-test.txt

upgrade: ## Compile the locks with the newest versions that pyproject.toml allows
	$(MAKE) lock UPGRADE=--upgrade

sandbox: $(APP_INSTALLED) ## Start the simulated API alone, on http://127.0.0.1:8502
	@trap '' INT; exec $(BIN)/python -m lib.sandbox --port 8502

bench: $(TESTS_INSTALLED) ## Measure speed and detection beside the plain way; takes minutes
	$(BIN)/python -m benchmarks

fuzz: $(TESTS_INSTALLED) ## Feed broken files to the reader for ten minutes, or SECONDS=60
	$(BIN)/python -m tests.support.fuzz $(SECONDS)

chaos: $(TESTS_INSTALLED) ## Disturb runs at random, with 200 kills, on PostgreSQL, or KILLS=40 DATABASE=sqlite
	$(BIN)/python -m tests.support.chaos $(or $(KILLS),200) $(or $(DATABASE),postgres)

clean: ## Remove what was installed and cached; your data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

# Python 3.11 or newer is looked for under its usual names, and tried, since a name may be there
# without a Python behind it. PYTHON=… chooses one.
$(APP_INSTALLED): requirements.txt
	@$(BIN)/python -c 'import pip; $(NEW_ENOUGH)' 2>/dev/null || { \
		for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python); do \
			if $$python -c 'import ensurepip; $(NEW_ENOUGH)' 2>/dev/null; \
			then echo "Making .venv with $$($$python --version)."; exec $$python -m venv --clear .venv; fi; \
		done; \
		echo "Sendout Studio needs Python 3.11 or newer, with its venv module, and found none." >&2; \
		echo "Get it from python.org, or on Debian and Ubuntu: apt install python3-venv" >&2; \
		echo "If it has an unusual name: make $(firstword $(MAKECMDGOALS)) PYTHON=/path/to/python" >&2; \
		exit 1; }
	@echo "Installing the app's packages; this takes a minute or two, and only happens once."
	@$(INSTALL)
	@cp $< $@

$(TESTS_INSTALLED): requirements-test.txt $(APP_INSTALLED)
	@echo "Installing the tests' packages; this takes a minute, and only happens once."
	@$(INSTALL)
	@cp $< $@
