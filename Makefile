# Two commands do all the set-up: `make demo` and `make test`. They need Python 3.11 or newer, make and a package registry.
PYTHON ?= python3
DIR ?= demo
# `make demo DIR=other ANNOTATOR=gemini`: asks Gemini, after telling the price. Read from the command line alone.
ANNOTATOR :=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed

.PHONY: demo test check ui clean

demo: $(STAMP)
	$(BIN)/vidpipe demo "$(DIR)" $(if $(ANNOTATOR),--annotator "$(ANNOTATOR)")

test: $(STAMP)
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --junitxml=build/tests.xml

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/dagster definitions validate -w workspace.yaml
	$(BIN)/python -m vidpipe_tests.gates
	$(BIN)/python -m build --wheel --no-isolation --outdir build/wheel .

ui: $(STAMP)
	$(BIN)/vidpipe ui -C "$(DIR)"

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[demo,postgres,dev]"
	touch $(STAMP)

clean:
	rm -rf $(VENV) build dist
