# `make demo`: install into .venv, restore a portrait, write demo/figure.png.   `make test`: every check there is.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint clean

demo: .venv/installed
	$(BIN)/tfinpaint demo --out demo

test: lint
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Rebuilt only when what is to be installed changes.
.venv/installed: setup.cfg setup.py
	@$(PYTHON) -c 'import sys; sys.exit("tfinpaint needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv build dist *.egg-info demo runs
