"""Runs a built image as Lambda would, on a DynamoDB of this machine, and asks it for signals.

    python -m infra.try_image intellpulse:local

The image's own awslambdaric takes Function URL events from `runtime_api`, without any privilege;
the key is made by the command line on the same table, as an operator would make one.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from cfnlint.decode import decode

from graphql_api.ending import NAME
from graphql_api.guard import keys
from graphql_api.stores.dynamodb import TABLE, DynamoDBStore, connect
from infra.containers import ContainerError, Running, container_engine
from infra.dynamodb_endpoint import DynamoDBEndpoint
from infra.runtime_api import HttpAnswer, RuntimeApi, url_event

__all__ = ["main"]

ACCOUNTS = "accounts"
ORIGIN_SECRET = secrets.token_urlsafe(48)  # what the CDN would show, and what is not told there
TEMPLATE = Path(__file__).with_name("template.yaml")
SIGNAL = """
query Signal($symbol: Symbol!) {
  signal(symbol: $symbol) {
    __typename
    ... on Signal { symbol action score explanation { summary } }
  }
}
"""


class BadImage(Exception):
    """The image does not do what it must."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Try one image; 0 when it answers as it must, 1 with a sentence where it does not."""
    parser = argparse.ArgumentParser(prog="python -m infra.try_image")
    parser.add_argument("image")
    image = parser.parse_args(arguments).image
    try:
        _try(image)
    except (BadImage, ContainerError) as problem:
        say(f"{image}: {problem}")
        return 1
    return 0


def _try(image: str) -> None:
    engine = container_engine()
    config = engine.config(image)
    user = str(config.get("User", ""))
    must(user.partition(":")[0] not in {"", "0", "root"}, f"it runs as {user or 'root'}")
    with DynamoDBEndpoint() as dynamodb, RuntimeApi() as api:
        template, _ = decode(str(TEMPLATE))
        environment = dynamodb.environment() | _stack_variables(template)
        _make_table(environment)
        key = _open_account(environment, "BASIC")
        leasing = _open_account(environment, "PREMIUM")
        dynamodb.called.clear()  # making a key is an operator's right
        runtime = {
            "ORIGIN_SECRET": ORIGIN_SECRET,
            "AWS_LAMBDA_RUNTIME_API": api.address,
            "AWS_LAMBDA_FUNCTION_NAME": "intellpulse-api",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/intellpulse/local/api",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        }
        started = time.perf_counter()
        with engine.running(image, config, environment | runtime) as running:
            try:
                _ask(api, key, started)
                answered = _lease(api, leasing)
            except Exception:
                say(running.log.read_text(errors="replace")[-4000:])
                raise
            _end(running, leasing, answered)
            _read_log(running.log, key)
        rights = _rights(template)
        must(
            dynamodb.called <= rights, f"it needs {dynamodb.called - rights}, which the role lacks"
        )
        say(f"it needed {', '.join(sorted(dynamodb.called))}, and the role has these")


def _ask(api: RuntimeApi, key: str, started: float) -> None:
    """Everything that a caller may expect of the running function."""
    health = api.request(url_event("GET", "/health"), timeout_seconds=60)
    took("start to first answer", started)
    must(health.status == 200 and health.json()["status"] == "ok", f"/health says {health}")

    refused = api.request(_query({}, "AAPL"))
    must(refused.status == 401, f"a query without a key got {refused}")
    around = _query({"x-api-key": key, "x-origin-secret": "guessed"}, "AAPL")
    passed_by = api.request(around)
    must(passed_by.status == 403, f"a query that went around the CDN got {passed_by}")

    for symbol in ("AAPL", "GOOG", "IBM", "MSFT"):
        asked = time.perf_counter()
        answer = _patiently(api, _query({"x-api-key": key}, symbol))
        took(f"signal of {symbol}", asked)
        must(answer.status == 200 and "errors" not in answer.json(), f"{symbol}: {answer}")
        given = answer.json()["data"]["signal"]
        must(given["__typename"] == "Signal" and given["symbol"] == symbol, f"{symbol}: {given}")
        say(f"  {given['action']} at {given['score']}")

    shown = {"accept": "text/html", "x-origin-secret": ORIGIN_SECRET}
    page = api.request(url_event("GET", "/graphiql", shown))
    must(page.status == 200 and b"<script" in page.body, f"/graphiql says {page.status}")
    usage = _post({"x-api-key": key}, "{ usage { unitsUsed history(days: 2) { unitsUsed } } }")
    used = _patiently(api, usage).json()["data"]["usage"]["unitsUsed"]
    must(used > 0, "four signals were not charged")
    say(f"  charged {used} units for four signals")


def _lease(api: RuntimeApi, key: str) -> int:
    """Requests of a plan that has leases, until some are charged ahead; how many were answered."""
    must(api.extensions == {NAME: []}, f"it registers {api.extensions}, so no SIGTERM would come")
    usage = _post({"x-api-key": key}, "{ usage { requests } }")
    for _ in range(300):
        answered = int(_patiently(api, usage).json()["data"]["usage"]["requests"])
        if _charged(key) > answered:
            return answered
    raise BadImage("nothing was leased in 300 requests")


def _end(running: Running, key: str, answered: int) -> None:
    """End the process as Lambda does where there is an extension: what was leased goes back."""
    ahead = _charged(key) - answered
    say(f"it ends within {running.end() * 1000:.0f} ms of SIGTERM; Lambda waits for 500")
    still = _charged(key) - answered
    must(still == 0, f"of {ahead} requests that were charged ahead {still} stay charged")
    say(f"  gives back {ahead} requests that were charged ahead")


def _charged(key: str) -> int:
    """Requests of today and yesterday that stand on a key's account."""
    store = DynamoDBStore(connect(), ACCOUNTS)
    kept = store.find_key(keys.digest(key))
    must(kept is not None, "the key is gone")
    days = store.history(str(kept and kept.account_id), "2000-01-01", "2999-12-31")
    store.close()
    return sum(day.requests for day in days)


def _patiently(api: RuntimeApi, event: dict[str, Any]) -> HttpAnswer:
    """Ask as a client should: a 503 says that the store was slow, and to come back."""
    for _ in range(3):
        answer = api.request(event)
        if answer.status != 503:
            break
        time.sleep(float(answer.headers["retry-after"]))
    return answer


def _read_log(log: Path, key: str) -> None:
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines() if '"request_id"' in line]
    must(len(lines) >= 7, f"{len(lines)} log lines for 9 requests")
    must(key not in text, "the key stands in the log")
    must(ORIGIN_SECRET not in text, "the origin secret stands in the log")
    say(f"{len(lines)} log lines, each JSON; key and secret in none")


def _query(headers: Mapping[str, str], symbol: str) -> dict[str, Any]:
    return _post(headers, SIGNAL, {"symbol": symbol})


def _post(headers: Mapping[str, str], query: str, variables: Any = None) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables})
    ours = {"content-type": "application/json", "x-origin-secret": ORIGIN_SECRET}
    return url_event("POST", "/graphql", {**ours, **headers}, body)


def _rights(template: Mapping[str, Any]) -> set[str]:
    """What the function's role may do to DynamoDB."""
    policies = template["Resources"]["ApiRole"]["Properties"]["Policies"]
    statements = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
    return {
        action for one in statements for action in one["Action"] if action.startswith("dynamodb:")
    }


def _stack_variables(template: Mapping[str, Any]) -> dict[str, str]:
    """What the template gives the function, with the parameters' defaults."""
    given = template["Resources"]["ApiFunction"]["Properties"]["Environment"]["Variables"]
    values = {name: str(one.get("Default", "")) for name, one in template["Parameters"].items()}
    # The image's own bars: what is tried here is the image, and no table of bars.
    values |= {"AccountsTable": ACCOUNTS, "Bars": "sqlite", "BarsTable": "", "BarsBucket": ""}
    known = {
        name: values.get(value.get("Ref"), "")
        for name, value in given.items()
        if isinstance(value, dict)
    }
    # There is no manager of secrets here, and no CDN: it is shown by whoever asks.
    return given | known | {"INTELLPULSE_ORIGIN_SECRET": "env:ORIGIN_SECRET"}


def _make_table(environment: Mapping[str, str]) -> None:
    """Make the table of accounts, for whoever asks for it here."""
    os.environ.update({name: environment[name] for name in environment if name.startswith("AWS_")})
    # Not the store's own client: moto loads itself at the first call, longer than that would wait.
    boto3.client("dynamodb").create_table(TableName=ACCOUNTS, **TABLE)


def _open_account(environment: Mapping[str, str], plan: str) -> str:
    """Make a key by the command line; the key."""
    made = subprocess.run(
        [sys.executable, "-m", "graphql_api.cli", "keys", "create", "--plan", plan, "--json"],
        env=os.environ | environment,
        check=False,
        capture_output=True,
        text=True,
    )
    must(made.returncode == 0, f"no key could be made: {made.stderr}")
    return str(json.loads(made.stdout)["key"])


def must(holds: bool, problem: str) -> None:
    """Stop where something does not hold."""
    if not holds:
        raise BadImage(problem)


def took(what: str, since: float) -> None:
    """Say how long something took."""
    say(f"{what}: {(time.perf_counter() - since) * 1000:.0f} ms")


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
