# Everything is set up by itself: Python 3.11 or newer and make are all that has to be there.

.DEFAULT_GOAL := help
.PHONY: help run test check soak lock quality runtime tools browser python

BIN := .venv/bin
# Each of Duly's processes would compile all of it anew, at each start.
unexport PYTHONDONTWRITEBYTECODE
# Errors alone are shown, and nothing is ever installed outside .venv.
PIP := $(BIN)/python -m pip -qq --require-virtualenv --disable-pip-version-check
APT_INSTALL := DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends
# The suite waits for real servers for a third of its time: one worker more than cores keeps both busy.
PYTEST := $(BIN)/pytest -n 3 --dist worksteal

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

run: runtime ## try Duly here with invented schools; Ctrl-C stops it
	@DULY_MODE=$${DULY_MODE:-demo} DULY_DATA_DIR=$${DULY_DATA_DIR:-.data} exec $(BIN)/duly up

test: quality browser ## format, lint, types, import contracts, and every test
	@$(PYTEST)

check: quality ## the same without the journeys through a browser
	@$(PYTEST) -m "not journey"

soak: tools browser ## every test with far more invented examples, and faults at random for SECONDS_OF_FAULTS
	@DULY_TEST_PROFILE=soak DULY_SOAK_SECONDS=$${SECONDS_OF_FAULTS:-600} $(PYTEST) --timeout 1800

lock: tools ## choose the newest versions that pyproject.toml allows
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --upgrade \
		--extra postgres --extra pdf --extra build --output-file requirements.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --upgrade \
		--constraint requirements.lock --extra dev --output-file requirements-dev.lock pyproject.toml

quality: tools
	@$(BIN)/ruff format --check --quiet . || { echo "run: $(BIN)/ruff format ." >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports --no-cache

# A lock is installed once: the copy in .venv says which. The tools' lock holds all of the runtime's.
runtime: python
	@cmp -s requirements.lock .venv/requirements.lock || { \
		echo "Installing what Duly needs …" && \
		$(PIP) install --require-hashes --requirement requirements.lock && \
		$(PIP) install --no-build-isolation --no-deps --editable . && \
		cp requirements.lock .venv/; }

tools: python
	@cmp -s requirements-dev.lock .venv/requirements-dev.lock || { \
		echo "Installing what Duly and its tests need …" && \
		$(PIP) install --require-hashes --requirement requirements-dev.lock && \
		$(PIP) install --no-build-isolation --no-deps --editable . && \
		cp requirements.lock requirements-dev.lock .venv/; }

# Only a .venv that was finished counts: half of one would run the system's Python.
python:
	@test -f .venv/finished -a -x $(BIN)/python || { \
		found=; for name in python3 python3.14 python3.13 python3.12 python3.11; do \
			$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && found=$$name && break; \
		done; \
		test -n "$$found" || { echo "Duly needs Python 3.11 or newer, and none is here." >&2; exit 1; }; \
		$$found -c 'import ensurepip, venv' 2>/dev/null || { \
			echo "Python's venv module is missing: as root, apt-get install python3-venv." >&2; exit 1; }; \
		$$found -m venv --clear .venv && touch .venv/finished; }

# Journeys use a browser that is here. Root on Debian installs one; elsewhere they are skipped, and say so.
browser:
	@for name in chromium-headless-shell chromium chromium-browser google-chrome; do \
		command -v $$name >/dev/null && exit; \
	done; \
	test "$$(id -u)" = 0 && test -f /etc/debian_version && \
	echo "Installing Debian's Chromium, the part without windows, for the journeys …" && \
	apt-get update --quiet=2 && \
	{ $(APT_INSTALL) chromium-headless-shell >/dev/null 2>&1 || $(APT_INSTALL) chromium >/dev/null; } || \
	echo "No browser here: the journeys cannot run."
