# make run    the whole product on this machine, until Ctrl-C
# make test   what must hold before a change is shared
# make check  the quick part of it, without the tests
# make quick  every test that starts no browser, engine or product, for the inner loop
# make browser  the details of each page in Chromium, for changes of templates, styles and scripts
# make requirements  both requirements files from the names in pyproject.toml; a version that is
#                    pinned already stays (to raise it: make requirements UPGRADE="-P httpx")

PYTHON ?= python3
BIN := .venv/bin
RUN := .venv/installed-to-run
TEST := .venv/installed-to-test

# Much of the time a test waits for something; so there is one worker more than cores.
WORKERS ?= $(shell expr $$(nproc 2>/dev/null || sysctl -n hw.ncpu) + 1)

# The walkthrough's exports name a running engine; the tests bring their own.
UNSET := env -u MOBIUS_BASE_URL -u MOBIUS_API_KEY -u MOBIUS_PROJECT -u PROJECT -u REVIEWER_ID

COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
  --custom-compile-command "make requirements"

.PHONY: run test quick browser check format requirements clean

run: $(RUN)
	@exec $(BIN)/python manage.py serve

test: check
	$(UNSET) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not slow and not browser" $(PYTEST_ARGS)

quick: $(TEST)
	$(UNSET) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not process and not slow and not browser" $(PYTEST_ARGS)

browser: $(TEST)
	$(UNSET) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "browser and not slow" $(PYTEST_ARGS)

check: $(TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --quiet --check --lint templates
	$(UNSET) $(BIN)/mypy
	$(BIN)/lint-imports
	$(UNSET) $(BIN)/python manage.py makemigrations --check --dry-run
	$(UNSET) $(BIN)/python -m tests.support.deployed check --deploy --fail-level WARNING

format: $(TEST)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djlint --quiet --reformat templates || true

requirements: $(TEST)
	$(COMPILE) pyproject.toml $(UPGRADE) --output-file requirements.txt
	$(COMPILE) pyproject.toml --group test --constraint requirements.txt $(UPGRADE) --output-file tests/requirements.txt

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed as $(PYTHON); install it, or name one: make run PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv .venv

$(RUN): requirements.txt | $(BIN)/python
	@echo "Installing what the product needs into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(TEST): requirements.txt tests/requirements.txt | $(BIN)/python
	@echo "Installing what the tests need into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $(RUN) $@
