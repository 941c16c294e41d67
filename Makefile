# `make demo`: install into .venv, restore a portrait, write demo/figure.png.   `make test`: every check there is.
# `make docs`: the pages, with a reference of all public names, in build/pages/index.html.
# `make test-oldest`: the tests on the oldest versions that setup.cfg allows, installed into .venv-oldest.
PYTHON ?= python3
OLDEST ?= python3.11
BIN := .venv/bin

.PHONY: demo test test-oldest docs notebooks lint clean

demo: .venv/installed
	$(BIN)/tfinpaint demo --out demo

test: lint
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup --durations=60

test-oldest: .venv-oldest/installed
	.venv-oldest/bin/python -m pytest -n auto --maxprocesses 4 --dist loadgroup --durations=60

docs: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

# Runs the notebooks and keeps what they show.
notebooks: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[notebooks]'
	$(BIN)/python notebooks/renew.py

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Rebuilt only when what is to be installed changes.
.venv/installed: setup.cfg setup.py
	@$(PYTHON) -c 'import sys; sys.exit("tfinpaint needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,export]'
	touch $@

.venv-oldest/installed: setup.cfg setup.py
	test -x .venv-oldest/bin/python || $(OLDEST) -m venv .venv-oldest
	sed -n 's/^ *\([a-z0-9-]*\)>=/\1==/p' setup.cfg | sort -u > .venv-oldest/constraints.txt
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check --constraint .venv-oldest/constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv .venv-oldest build dist *.egg-info demo runs
