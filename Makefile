# The two commands: `make serve` and `make test`. Everything else is for those who change the code.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
GRAPHIQL := graphql_api/http/graphiql
IMAGE ?= intellpulse:local
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help install packages ministack serve test coverage check format schema bench lock graphiql clients fuzz fuzz-schema attack histories image clean

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
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

install: .venv/dev.stamp ## .venv with everything for development

graphiql: .venv/serve.stamp ## Build GraphiQL, once for each change of its sources
	@$(BIN)/python scripts/build_graphiql.py

serve: .venv/serve.stamp graphiql ## Serve on this machine: SQLite, sample bars, a demo key (ARGS="--port 8123")
	@$(BIN)/intellpulse serve $(ARGS)

schema: .venv/dev.stamp ## Print schema.graphql from the code
	@$(BIN)/intellpulse schema > schema.graphql
	@echo "schema.graphql is printed"

format: .venv/dev.stamp ## Format, and fix what can be fixed
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

check: .venv/dev.stamp ## Lint, types, import contracts, schema, README, template
	@echo "== ruff" && $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "== mypy" && $(BIN)/mypy
	@echo "== import contracts" && $(BIN)/lint-imports
	@echo "== schema" && $(BIN)/python scripts/check_schema.py
	@echo "== README" && $(BIN)/python scripts/check_readme.py
	@echo "== cfn-lint" && $(BIN)/cfn-lint infra/*.yaml

.venv-ministack/stamp: requirements-ministack.lock | .venv/bin/python
	@$(BIN)/python -m venv .venv-ministack
	@.venv-ministack/bin/python -m pip install --quiet --require-hashes --no-deps -r requirements-ministack.lock
	@touch $@

ministack: .venv-ministack/stamp # The DynamoDB that the guard is attacked on

packages: .venv/serve.stamp # What tests run in Node.js, so that they themselves need no network
	@$(BIN)/python scripts/run_node.py tests/protocol
	@$(BIN)/python scripts/run_node.py tests/dynalite

# Tests begin many processes: that each compiles every module anew, as some machines have it, is dear.
test coverage: export PYTHONDONTWRITEBYTECODE :=
test: .venv/dev.stamp graphiql packages ministack ## Everything, with no network and no AWS
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadscope $(ARGS)

# By itself, since tracing makes the tests half as long again; attacks and loads run no other lines.
coverage: .venv/dev.stamp graphiql packages ministack ## Which lines and branches the tests run, and that they are nearly all
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadscope \
		--ignore tests/attacks --ignore tests/benchmarks --ignore tests/browser \
		--cov --cov-report=term-missing:skip-covered $(ARGS)

.venv-clients/stamp: requirements-clients.lock | .venv/bin/python
	@$(BIN)/python -m venv .venv-clients
	@.venv-clients/bin/python -m pip install --quiet --require-hashes --no-deps -r requirements-clients.lock
	@touch $@

clients: .venv/dev.stamp .venv-clients/stamp ## Generate four clients, compile them strictly, run them against a server
	@$(BIN)/python scripts/check_clients.py

.venv-fuzz/stamp: requirements-fuzz.lock | .venv/bin/python
	@$(BIN)/python -m venv .venv-fuzz
	@.venv-fuzz/bin/python -m pip install --quiet --require-hashes --no-deps -r requirements-fuzz.lock
	@touch $@

fuzz-schema: .venv/dev.stamp .venv-fuzz/stamp ## What schemathesis makes of the schema, against a server
	@$(BIN)/python scripts/fuzz_schema.py $(or $(CASES),250)

fuzz: .venv/dev.stamp ## Random bytes, bodies and queries, for half an hour
	@FUZZ_TIMES=50 $(BIN)/python -m pytest tests/attacks/test_random.py tests/graphql_api/test_columns.py \
		tests/graphql_api/schema/test_work.py tests/market_data/stores/test_history.py $(ARGS)
	@$(MAKE) --no-print-directory fuzz-schema CASES=4000

attack: .venv/dev.stamp ministack ## 32 environments at one account, 20 trials a case: nothing over a limit
	@ATTACK_TRIALS=20 ATTACK_SECONDS=3 $(BIN)/python -m pytest -s tests/attacks/guard $(ARGS)
	@ATTACK_TRIALS=20 ATTACK_SECONDS=3 $(BIN)/python -m pytest -s tests/attacks/guard/control.py

histories: .venv/dev.stamp ## 300 random histories of commits on each home of bars: no answer ever changes
	@HISTORIES=300 $(BIN)/python -m pytest --verbose --numprocesses 2 --dist worksteal \
		tests/market_data/stores/test_histories.py tests/journeys/test_as_of.py $(ARGS)

image: .venv/dev.stamp ## The container image, built and then tried as Lambda runs it
	@sh scripts/build_image.sh $(IMAGE)
	@$(BIN)/python -m infra.try_image $(IMAGE)

# uv, because one library has no wheel: what builds it then has a hash as well.
.venv/bench.stamp: requirements-bench.lock .venv/dev.stamp
	@echo "Installing the libraries to compare with, from requirements-bench.lock"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps \
		--build-constraints requirements-bench.lock -r requirements-bench.lock
	@touch $@

bench: .venv/bench.stamp ## Every speed that the README claims
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

lock: .venv/dev.stamp ## Write the hashed locks anew
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/lock.sh

clean: ## Remove what was built; keeps .intellpulse
	rm -rf .venv .venv-clients .venv-fuzz .venv-ministack tests/clients/generated $(GRAPHIQL)/node_modules $(GRAPHIQL)/dist tests/*/node_modules .mypy_cache .pytest_cache .ruff_cache .coverage*
