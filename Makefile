# The two commands: `make serve` and `make test`. Everything else is for those who change the code.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
GRAPHIQL := graphql_api/http/graphiql
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help install serve test check format schema bench lock graphiql image clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# One sentence where Python is too old or lacks venv, before anything is written.
.venv/bin/python:
	@$(PYTHON) scripts/preflight.py
	@echo "Making .venv"
	@$(PYTHON) -m venv .venv

.venv/serve.stamp: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing what serving needs, from requirements.lock"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/serve.stamp
	@echo "Installing what tests and checks need, from requirements-dev.lock"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

install: .venv/dev.stamp ## .venv with everything for development
