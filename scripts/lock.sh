#!/bin/sh
# Writes the hashed locks: run time, container, Node.js where a machine has none, tests and checks,
# the generated clients, schemathesis, benchmarks, and the DynamoDB that the guard is attacked on.
# No index host is named in them, and one version of each package serves every Python.
set -eu
cd "$(dirname "$0")/.."
compile() {
  output=$1; shift
  uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" --output-file "$output" "$@"
  echo "$output: $(grep -c '==' "$output") packages"
}
compile requirements.lock pyproject.toml --group build
compile requirements-lambda.lock pyproject.toml --extra lambda --constraints requirements.lock
compile requirements-node.lock --group node
compile requirements-build.lock --group build --constraints requirements.lock
compile requirements-dev.lock pyproject.toml --group build --group test --group check --constraints requirements.lock
compile requirements-clients.lock --group clients
compile requirements-fuzz.lock --group fuzz
compile requirements-bench.lock --group bench --constraints requirements-dev.lock
compile requirements-ministack.lock --group ministack
