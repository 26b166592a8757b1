"""From nothing to the first answer: a fresh process, its imports, its clients, one request.

Ours imports the Lambda handler, makes the DynamoDB client that it has on AWS, registers itself to
hear of its end, and answers a signal with its explanation from bars in a file. The peer is what
such an app comes to by default: Strawberry under Mangum, boto3 with the same client, scipy.signal
for its averages, and one value for an answer.

    python benchmarks/cold_start.py [ROUNDS]
"""

import compileall
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing, redirect_stdout
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.warm_path import event
from graphql_api.app import open_accounts
from graphql_api.guard.accounts import Accounts
from graphql_api.settings import Settings
from infra.runtime_api import RuntimeApi
from market_data.clock import now
from market_data.sample import seed
from market_data.stores import SqliteBarStore

ROUNDS = 15
QUERY = """query ($symbol: Symbol!) { signal(symbol: $symbol) { ... on Signal {
             action score explanation { summary contributions { label contribution } } } } }"""
PEERS_QUERY = "query ($symbol: String!) { signal(symbol: $symbol) }"

OURS = """
import json, sys
from graphql_api.stores.dynamodb import connect
from graphql_api.handler import handler
client = connect(region="eu-central-1")
answer = handler(json.loads(sys.argv[1]), None)
"""
PEER = """
import asyncio, json, sys
import boto3, strawberry
import numpy as np
from mangum import Mangum
from scipy.signal import lfilter
from strawberry.asgi import GraphQL
asyncio.set_event_loop(asyncio.new_event_loop())
client = boto3.client("dynamodb", region_name="eu-central-1")

@strawberry.type
class Query:
    @strawberry.field
    def signal(self, symbol: str) -> float:
        close = np.linspace(100.0, 200.0, 2520)
        return float(lfilter([0.1], [1.0, -0.9], close)[-1])

answer = Mangum(GraphQL(strawberry.Schema(Query)), lifespan="off")(json.loads(sys.argv[1]), None)
"""
ANSWERED = """
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")))
body = json.loads(answer["body"])
assert answer["statusCode"] == 200 and "errors" not in body, body
"""
BARE = "answer = {'statusCode': 200, 'body': '{}'}\nimport json"


def spent(script: str, asked: str, environment: Mapping[str, str]) -> tuple[float, float]:
    """Milliseconds of processor time and megabytes of a process that answers once."""
    with RuntimeApi() as api:
        process = subprocess.Popen(
            [sys.executable, "-c", script + ANSWERED, asked],
            env={**environment, "AWS_LAMBDA_RUNTIME_API": api.address},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdout is not None
            said = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit("a process failed; what it said stands above")
    # What the kernel tells of a child counts its parent's memory too, before it became another.
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", said)
    return (usage.ru_utime + usage.ru_stime) * 1e3, int(peak) / 1024


def main(rounds: int) -> None:
    # As in the image, where everything was compiled when it was built.
    for package in ("engine", "graphql_api", "market_data"):
        compileall.compile_dir(ROOT / package, quiet=2)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        with closing(SqliteBarStore(data / "bars.sqlite")) as bars, redirect_stdout(sys.stderr):
            seed(bars)
        with closing(open_accounts(Settings(data=data))[0]) as accounts:
            secret = Accounts(accounts, now).open_account("Cold", "BASIC").secret
        plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        plain.pop("PYTHONDONTWRITEBYTECODE", None)
        environment = plain | {
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "INTELLPULSE_DATA": str(data),
        }
        asked = {
            "bare Python": (BARE, "{}"),
            "Strawberry, boto3, scipy": (PEER, json.dumps(event(secret, PEERS_QUERY))),
            "ours": (OURS, json.dumps(event(secret, QUERY))),
        }
        kept: dict[str, list[tuple[float, float]]] = {name: [] for name in asked}
        for turn in range(rounds + 1):
            for name, (script, body) in list(asked.items())[:: 1 if turn % 2 else -1]:
                found = spent(script, body, environment)
                if turn:  # the first one fills the disk's cache
                    kept[name].append(found)
    ours = median(time for time, _ in kept["ours"])
    print(f"one request from nothing, median (quartiles) of {rounds}")
    print(f"{'':26}{'ms of processor time':28}{'MB':>6}{'/ ours':>9}")
    for name, runs in kept.items():
        times = [time for time, _ in runs]
        low, _, high = quantiles(times, n=4)
        middle, memory = median(times), median(size for _, size in runs)
        shown = f"{middle:7.0f} ({low:.0f} - {high:.0f})"
        print(f"{name:26}{shown:28}{memory:6.0f}{middle / ours:9.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
