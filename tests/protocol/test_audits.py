"""The public audit suite of GraphQL over HTTP (npm graphql-http), run against the running app."""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
RUN_NODE = HERE.parents[1] / "scripts" / "run_node.py"


def test_every_audit_of_graphql_over_http_is_ok(server) -> None:
    command = [sys.executable, "-m", "graphql_api.cli", "keys", "create", "--plan", "PREMIUM"]
    made = subprocess.check_output([*command, "--json", "--data", server.data])
    audits = subprocess.run(
        [sys.executable, RUN_NODE, HERE, "audit.js", server.url + "/graphql"],
        env=os.environ | {"API_KEY": json.loads(made)["key"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert audits.returncode == 0, audits.stderr
    results = json.loads(audits.stdout)
    assert len(results) == 61
    assert [one for one in results if one["status"] != "ok"] == []
