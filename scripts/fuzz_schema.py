"""Tries a server of its own with what schemathesis makes of its schema: python fuzz_schema.py 250.

So often each root field is asked. Beyond what each answer is looked at for, the server must not
have logged any failure of ours.
"""

import os
import subprocess
import sys
from contextlib import closing

from build_graphiql import ROOT
from check_clients import Broken, Server, serving

from graphql_api.app import open_accounts
from graphql_api.guard.accounts import Accounts
from graphql_api.settings import Settings
from graphql_api.stores import Scope
from market_data.clock import now

PYTHON = ROOT / ".venv-fuzz" / "bin" / "python"
KEYS = 25


def keys(server: Server) -> list[str]:
    """Keys of as many accounts, since each has so many units a day."""
    with closing(open_accounts(Settings(data=server.data))[0]) as accounts:
        deeds = Accounts(accounts, now)
        scopes = [Scope.ADMIN]  # so that mutations do something
        return [
            deeds.open_account(f"Fuzz {i}", "ENTERPRISE", scopes=scopes).secret for i in range(KEYS)
        ]


def main(cases: int) -> int:
    try:
        with serving() as server:
            done = subprocess.run(
                [PYTHON, "scripts/schema_cases.py", server.url, str(cases)],
                cwd=ROOT,
                env=os.environ | {"API_KEYS": " ".join(keys(server))},
                check=False,
            )
            log = (server.data.parent / "log").read_text(encoding="utf-8")
    except Broken as error:
        print(f"fuzz: {error}", file=sys.stderr)
        return 1
    failures = [line for line in log.splitlines() if '"level":"ERROR"' in line]
    if failures:
        print(f"fuzz: the server logged {len(failures)} failures: {failures[0]}", file=sys.stderr)
    return 1 if done.returncode or failures else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
