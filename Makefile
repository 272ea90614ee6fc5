# Sendout Studio. `make help` lists the targets.

.DEFAULT_GOAL := help
.PHONY: help run test coverage lint types contracts format messages lock upgrade sandbox bench fuzz chaos backup restore clean

BIN := .venv/bin
# Packages are compiled on all cores after the installation; pip compiles one file at a time. Files
# for other Python versions fail to compile, which is ignored.
INSTALL = $(BIN)/python -m pip --disable-pip-version-check install \
	--quiet --progress-bar off --no-compile --require-hashes -r $< \
	&& { $(BIN)/python -m compileall -qq -j 0 $(abspath .venv/lib) || true; }
COMPILE := $(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 \
	--generate-hashes --custom-compile-command "make lock"

BABEL := $(BIN)/python -m babel.messages.frontend --quiet
TRANSLATIONS := $(wildcard lib/locale/*/LC_MESSAGES/messages.po)

# Copies of the locks, written after installation: a newer lock is installed again.
APP_INSTALLED := .venv/requirements.txt
TESTS_INSTALLED := .venv/requirements-test.txt

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(APP_INSTALLED) ## Start the app on http://localhost:8501; Ctrl-C stops all its processes
	@trap '' INT; exec $(BIN)/streamlit run app.py

test: lint types contracts ## Check everything: lint, types, import contracts and all tests
	$(BIN)/python -m tests.support.browser
	$(BIN)/python -m pytest -n 3

coverage: $(TESTS_INSTALLED) ## Run all tests and print the coverage, branches included
	$(BIN)/python -m tests.support.browser
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 3
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: $(TESTS_INSTALLED) ## Check lint rules and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(TESTS_INSTALLED) ## Check types
	$(BIN)/mypy

contracts: $(TESTS_INSTALLED) ## Check import contracts
	$(BIN)/lint-imports

format: $(TESTS_INSTALLED) ## Format the code
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

messages: $(APP_INSTALLED) ## Extract the texts to translate, and update the translations
	@mkdir -p lib/locale
	$(BABEL) extract --mapping pyproject.toml --project "Sendout Studio" --no-wrap \
		--add-location file --output-file lib/locale/messages.pot .
	$(if $(TRANSLATIONS),$(BABEL) update --input-file lib/locale/messages.pot \
		--output-dir lib/locale --no-wrap --ignore-pot-creation-date)

lock: $(TESTS_INSTALLED) ## Compile the locks from pyproject.toml, keeping versions that still match
	$(COMPILE) $(UPGRADE) pyproject.toml --output-file requirements.txt
	$(COMPILE) $(UPGRADE) --group test --constraint requirements.txt \
		--output-file requirements-test.txt

upgrade: ## Compile the locks with the newest allowed versions
	$(MAKE) lock UPGRADE=--upgrade

sandbox: $(APP_INSTALLED) ## Start the simulated API alone, on http://127.0.0.1:8502
	@trap '' INT; exec $(BIN)/python -m lib.sandbox --port 8502

bench: $(TESTS_INSTALLED) ## Run all benchmarks; takes minutes
	$(BIN)/python -m benchmarks

fuzz: $(TESTS_INSTALLED) ## Read broken files for ten minutes, or SECONDS=60
	$(BIN)/python -m tests.support.fuzz $(SECONDS)

chaos: $(TESTS_INSTALLED) ## Send with 200 random kills on PostgreSQL, or KILLS=40 DATABASE=sqlite
	$(BIN)/python -m tests.support.chaos $(or $(KILLS),200) $(or $(DATABASE),postgres)

backup: $(APP_INSTALLED) ## Save the data folder to FILE=…, also while the app runs
	$(BIN)/python -m lib.backup save "$(FILE)"

restore: $(APP_INSTALLED) ## Replace the data folder by a backup in FILE=…
	$(BIN)/python -m lib.backup restore "$(FILE)"

clean: ## Remove installed packages and caches, but no data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

# Look for Python 3.11 or newer under its usual names, and try it, since a name may not lead to a
# working Python. PYTHON=… chooses one.
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
