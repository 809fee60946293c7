# Two commands: `make run` and `make test`. Another interpreter: `make run PYTHON=python3.12`.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help run test lint types unit bench clean-data

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 14

run: .venv/.run ## start Feedroom: console, worker and the embedded stores; Ctrl-C stops it
	@exec $(BIN)/python -m core.launcher

test: lint types unit ## everything that runs without an outside server

lint: .venv/.test ## style and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: .venv/.test ## mypy, strict, on core
	$(BIN)/mypy

unit: .venv/.test ## pytest; ARGS="-k upload" chooses
	$(BIN)/pytest $(ARGS)

bench: .venv/.test ## one benchmark: make bench NAME=startup
	@test -n "$(NAME)" || { echo "which one? make bench NAME=startup"; exit 2; }
	$(BIN)/python -m tests.benchmarks.$(NAME) $(ARGS)

clean-data: ## forget everything in the default data folder; asks first
	@printf 'Delete %s/.feedroom with all posts and accounts? [y/N] ' "$(CURDIR)"; read answer; [ "$$answer" = y ] && rm -rf .feedroom || echo kept

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.run: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/.test: requirements-dev.txt .venv/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
