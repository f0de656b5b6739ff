# make run    the whole product on this machine, until Ctrl-C
# make test   what must hold before a change is shared
# make test-all  the same with every test, as CI runs it on SQLite
# make check  the linters and type checks, which both run beside the tests
# make quick  every test that starts no browser, product or Mobius, for the inner loop
# make browser  the details of each page in Chromium, for changes of templates, styles and scripts
# make messages  collects the sentences of pages for inbox/locale, and compiles their translations;
#                it needs the gettext tools
# make audit  whether a pinned package has a known vulnerability; it needs the network. "Error 1":
#             there is one; "Error 3": the advisories can't be read
# make requirements  both requirements files from the names in pyproject.toml; a version that is
#                    pinned already stays (to raise it: make requirements UPGRADE="-P httpx")

PYTHON ?= python3
BIN := .venv/bin
RUN := .venv/installed-to-run
TEST := .venv/installed-to-test

# Much of the time a test waits for something; so there is one worker more than cores.
WORKERS ?= $(shell expr $$(nproc 2>/dev/null || sysctl -n hw.ncpu) + 1)

# The walkthrough's exports name a running engine; the tests bring their own. Without bytecode each
# worker and each process that a test starts would compile everything.
UNSET := env -u MOBIUS_BASE_URL -u MOBIUS_API_KEY -u MOBIUS_PROJECT -u PROJECT -u REVIEWER_ID \
  -u PYTHONDONTWRITEBYTECODE

COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
  --custom-compile-command "make requirements"

.PHONY: run test test-all quick browser check audit format messages requirements clean

run: $(RUN)
	@exec $(BIN)/python manage.py serve

# A worker takes one file after another as they are sorted, so that it starts the product that a folder
# shares once. By their number of tests, as pytest-xdist would order them, each file would start one.
FILES := --dist loadfile --no-loadscope-reorder

# Several workers at once would each compile the assertions of all tests.
COMPILED := .venv/assertions-compiled

test: SELECTED := not slow and not browser
test-all: SELECTED :=

# Tests wait a lot, so the checks run beside them; what these say is shown at the end.
test test-all: $(TEST) $(COMPILED)
	@begun=$$(date +%s); said=$$(mktemp); \
	$(MAKE) --no-print-directory check >"$$said" 2>&1 & checks=$$!; \
	trap 'kill $$checks; rm -f "$$said"; exit 130' INT TERM; \
	$(UNSET) $(BIN)/python -m pytest -n $(WORKERS) $(FILES) -m "$(SELECTED)" $(PYTEST_ARGS); tested=$$?; \
	wait $$checks; checked=$$?; \
	if [ $$checked -eq 0 ]; then echo "make check passed."; else cat "$$said"; fi; rm -f "$$said"; \
	echo "make $@ took $$(($$(date +%s) - begun)) s."; \
	[ $$tested -eq 0 ] && [ $$checked -eq 0 ]

# Its files share little and some of them wait a lot, so workers take tests from each other.
quick: $(TEST)
	$(UNSET) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not process and not slow and not browser" $(PYTEST_ARGS)

browser: $(TEST)
	$(UNSET) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "browser and not slow" $(PYTEST_ARGS)

check: $(TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --quiet --check --lint templates
	$(UNSET) $(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive inbox reviewer_site manage.py
	$(UNSET) $(BIN)/python manage.py makemigrations --check --dry-run
	$(UNSET) $(BIN)/python -m tests.support.deployed check --deploy --fail-level WARNING

audit: $(TEST)
	$(BIN)/python -m tests.support.audit

format: $(TEST)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djlint --quiet --reformat templates || true

messages: $(TEST)
	$(BIN)/python manage.py makemessages -l de -i tests -i engine --no-location --no-wrap --no-obsolete
	$(BIN)/python manage.py compilemessages -i .venv

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
	@echo "Creating .venv …"
	@$(PYTHON) -m venv .venv

# The files list every package with its version and hashes, so pip has nothing to resolve.
$(RUN): requirements.txt | $(BIN)/python
	@echo "Installing what the product needs into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.txt
	@touch $@

$(COMPILED): | $(TEST)
	@echo "Compiling the tests …"
	@$(UNSET) $(BIN)/python -m pytest --collect-only -q >/dev/null
	@touch $@

$(TEST): requirements.txt tests/requirements.txt | $(BIN)/python
	@echo "Installing what the tests need into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r tests/requirements.txt
	@touch $(RUN) $@
