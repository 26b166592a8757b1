"""What serving a request imports: nothing heavy, and nothing only when the first one comes."""

import json
import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import json, sys
from pathlib import Path
from starlette.testclient import TestClient
from graphql_api.app import create_app, open_accounts
from graphql_api.guard.accounts import Accounts
from graphql_api.settings import Settings
from market_data.clock import now

settings = Settings(data=Path(sys.argv[1]), bars_file=Path(sys.argv[2]))
secret = Accounts(open_accounts(settings)[0], now).open_account("Imports", "PREMIUM").secret
client = TestClient(create_app(settings))
client.get("/health")
before = set(sys.modules)
query = '''{ signal(symbol: "IBM") { ... on Signal { action trackRecord { horizon }
             explanation { summary flips { price } nextFlips { price } } } }
  backtest(symbol: "IBM") { ... on Backtest { totalReturn lookAheadAudit { passed } } } }'''
answer = client.post("/graphql", json={"query": query}, headers={"x-api-key": secret}).json()
assert "errors" not in answer, answer
print(json.dumps({"all": sorted(sys.modules), "late": sorted(set(sys.modules) - before)}))
"""
HEAVY = ("pandas", "pyarrow", "talib", "matplotlib", "scipy.signal", "scipy.stats", "numpy.ma")
# Loaded where a setting asks for them, and for nobody else.
ASKED_FOR = ("jwt", "cryptography", "aws_lambda_powertools", "boto3", "botocore", "urllib3")


def test_a_request_imports_nothing_heavy_or_late(tmp_path: Path, sample_bars: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), str(sample_bars)],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = json.loads(done.stdout.splitlines()[-1])
    assert sorted(set(HEAVY + ASKED_FOR) & set(imported["all"])) == []
    # What is imported at the first request is waited for by a caller, after each cold start.
    ours = ("engine", "market_data", "graphql_api", "numpy", "scipy", "strawberry", "graphql")
    assert [name for name in imported["late"] if name.startswith(ours)] == []


def test_garbage_is_collected_once_the_handler_is_there_but_not_among_its_imports(
    tmp_path: Path,
) -> None:
    script = (
        "import gc, graphql_api.handler;"
        "print(gc.isenabled(), gc.get_freeze_count() > 50_000, sum(gc.get_count()) < 2_000)"
    )
    told = subprocess.check_output(
        [sys.executable, "-c", script],
        env=os.environ | {"INTELLPULSE_DATA": str(tmp_path)},
        text=True,
    )
    assert told.split() == ["True", "True", "True"]
