# make demo    set up, simulate a firm, propose its trades, say where the page of the run lies
# make test    everything that CI checks: lint, types, layers, documentation, tests
# make lint    ruff, mypy --strict and the import layers only
# make docs    build the documentation into site/
# make bench   measure the engine on this machine, a quick look (everything: lotwise bench all --size full)
# make clean   remove everything that make made
#
# Needs Python 3.11 or later; another one than python3: make PYTHON=python3.13 demo

.DEFAULT_GOAL := demo
.PHONY: demo test lint docs bench clean
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq install --constraint constraints.txt

demo: $(VENV)/.demo-ready
	$(BIN)/lotwise demo

test: lint docs $(VENV)/.browser-looked-for
	$(BIN)/pytest -n 2

lint: $(VENV)/.development-ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.development-ready
	$(BIN)/mkdocs --quiet build --strict

bench: $(VENV)/.development-ready
	$(BIN)/lotwise bench all --size quick

clean:
	rm -rf $(VENV) site demo build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests bench docs -name __pycache__ -type d -prune -exec rm -rf {} +

# The files below say what has been done; each is done again only when what it depends on has changed.

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Lotwise needs Python 3.11 or later; %s is %d.%d. Say which to use: make PYTHON=python3.11" % (sys.executable, v[0], v[1]))'
	@echo "Setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV) || { echo "python3 cannot make environments here; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@touch $@

# The build backend is installed by itself and used as it is, so that it is pinned like everything else.
$(VENV)/.demo-ready: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing Lotwise and what it runs on"
	@$(PIP) hatchling editables
	@$(PIP) --no-build-isolation --editable '.[documents]'
	@touch $@

$(VENV)/.development-ready: $(VENV)/.demo-ready
	@echo "Installing what tests, lint and documentation need"
	@$(PIP) --no-build-isolation --editable '.[documents,test,lint,docs,bench]'
	@touch $@

# Some tests open a page in a browser; without one they are skipped, with a reason. Never a failure by itself.
$(VENV)/.browser-looked-for: $(VENV)/.development-ready
	@if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then \
		echo "A browser for the tests of the pages: found"; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "A browser for the tests of the pages: installing Chromium"; \
		{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium; } >/dev/null 2>&1 \
			|| echo "Chromium could not be installed; tests that open a page are skipped"; \
	else \
		echo "No Chromium on the PATH; tests that open a page are skipped"; \
	fi
	@touch $@
