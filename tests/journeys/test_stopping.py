"""A process that is told to stop gives back what it had charged ahead."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from contextlib import closing, suppress
from pathlib import Path

from graphql_api.ending import NAME
from graphql_api.guard.accounts import Accounts
from graphql_api.stores import UsageDay
from graphql_api.stores.sqlite import SqliteStore
from infra.runtime_api import RuntimeApi, url_event

# The handler as Lambda's own client for Python runs it; at null it comes to rest as that one does
# between two events: the main thread waits in C, where no handler of a signal in Python would run.
RUNTIME = """
import ctypes, json, os, urllib.request
from graphql_api.handler import handler

invocation = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
event = {}
while event is not None:
    with urllib.request.urlopen(f"{invocation}/next") as told:
        name, event = told.headers["Lambda-Runtime-Aws-Request-Id"], json.load(told)
    answer = None if event is None else handler(event, None)
    urllib.request.urlopen(f"{invocation}/{name}/response", json.dumps(answer).encode()).close()

mutex = ctypes.create_string_buffer(64)
while True:
    ctypes.CDLL(None).pthread_mutex_lock(mutex)
"""


def ask(url: str, key: str) -> int:
    """One request that costs nothing, and how many there were today as it says."""
    request = urllib.request.Request(
        f"{url}/graphql",
        json.dumps({"query": "{ usage { requests } }"}).encode(),
        {"content-type": "application/json", "x-api-key": key},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        requests: int = json.load(answer)["data"]["usage"]["requests"]
    return requests


def address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """Where the server says that it is, once it answers there."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"IntellPulse is at (http://\S+)/ ", log.read_text())
        with suppress(OSError):
            if found and urllib.request.urlopen(f"{found[1]}/health", timeout=5).status == 200:
                return found[1]
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def test_sigterm_gives_back_what_is_leased(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "graphql_api.cli", "serve", "--data", str(tmp_path)]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            [*command, "--port", "0"],
            env={name: value for name, value in os.environ.items() if "INTELLPULSE" not in name},
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
        closing(SqliteStore(tmp_path / "accounts.sqlite")) as store,
    ):
        try:
            url = address(process, tmp_path / "log")
            opened = Accounts(store, lambda: time.time_ns() // 1_000).open_account("P", "PREMIUM")
            charged = answered = 0
            while charged <= answered < 300:
                time.sleep(0.01)
                answered = ask(url, opened.secret)
                charged = sum(day.requests for day in all_days(store, opened.account.id))
            assert charged > answered
        finally:
            process.terminate()
            process.wait(timeout=10)
        assert sum(day.requests for day in all_days(store, opened.account.id)) == answered


def test_a_lambda_environment_that_ends_gives_back_what_is_leased(tmp_path: Path) -> None:
    ours = {name: value for name, value in os.environ.items() if "INTELLPULSE" not in name}
    with (
        RuntimeApi() as api,
        closing(SqliteStore(tmp_path / "accounts.sqlite")) as store,
        subprocess.Popen(
            [sys.executable, "-c", RUNTIME],
            env=ours | {"AWS_LAMBDA_RUNTIME_API": api.address, "INTELLPULSE_DATA": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            opened = Accounts(store, lambda: time.time_ns() // 1_000).open_account("P", "PREMIUM")
            headers = {"content-type": "application/json", "x-api-key": opened.secret}
            query = url_event("POST", "/graphql", headers, '{"query": "{ usage { requests } }"}')
            charged = answered = 0
            while charged <= answered < 300:
                time.sleep(0.01)
                answered = api.request(query).json()["data"]["usage"]["requests"]
                charged = sum(day.requests for day in all_days(store, opened.account.id))
            assert charged > answered
            assert api.extensions == {NAME: []}  # or else no signal would come
            api.invoke(None)
        finally:
            process.terminate()
            said, _ = process.communicate(timeout=10)
        assert process.returncode == 0
        assert json.loads(said.splitlines()[-1])["message"] == "the environment ends"
        assert sum(day.requests for day in all_days(store, opened.account.id)) == answered


def all_days(store: SqliteStore, account_id: str) -> list[UsageDay]:
    """Every day of use, since the night may fall meanwhile."""
    return store.history(account_id, "2000-01-01", "2999-12-31")
