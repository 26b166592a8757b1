"""The page on accounts: its examples run, its numbers are the code's."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from graphql_api.cli import main
from graphql_api.guard import key_deeds, terms
from graphql_api.guard.limits import DAY
from graphql_api.stores import Scope
from tests.pages import ROOT, reader

PAGE = (ROOT / "docs" / "accounts.md").read_text(encoding="utf-8")
CREATE, ROTATE, REVOKE, ACCOUNT, PLAN, READ = re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL)
(GIVEN,) = map(json.loads, re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)[0].splitlines()


@pytest.fixture
def client(data: Path, clock: Any) -> Iterator[TestClient]:
    with reader(data, clock, Scope.ADMIN) as client:
        yield client


def ask(client: TestClient, query: str, **variables: Any) -> Any:
    answer = client.post("/graphql", json={"query": query, "variables": variables}).json()
    assert "errors" not in answer
    return answer["data"]


def test_a_key_goes_through_its_life_as_the_page_says(client: TestClient) -> None:
    first = ask(client, CREATE, **GIVEN)["createApiKey"]
    assert first["key"]["networks"] == GIVEN["input"]["networks"]
    assert ask(client, CREATE, **GIVEN)["createApiKey"] == first | {"secret": None}
    second = ask(client, ROTATE, id=first["key"]["id"])["rotateApiKey"]
    assert second["key"]["replaces"] == second["replaced"]["id"] == first["key"]["id"]
    assert second["replaced"]["replacedBy"] == second["key"]["id"]
    assert second["replaced"]["expiresAt"] == "2026-11-19T12:00:00Z"  # a day after
    stopped = ask(client, REVOKE, id=first["key"]["id"])["revokeApiKey"]
    assert stopped == {"key": {"revokedAt": "2026-11-18T12:00:00Z"}, "wasCallersKey": False}
    read = ask(client, READ)
    assert read["apiKeys"]["totalCount"] == 3
    actions = [one["action"] for one in read["auditLog"]["nodes"]]
    assert actions == ["key.revoked", "key.rotated", "key.created", "account.created"]


def test_an_account_is_made_and_moved_as_the_page_says(client: TestClient) -> None:
    made = ask(client, ACCOUNT)["createAccount"]
    assert made["account"]["limits"]["unitsPerDay"] == 25_000
    assert made["secret"]
    moved = ask(client, PLAN, account=made["account"]["id"])["setPlan"]["account"]
    assert moved == {"plan": "PREMIUM", "limits": {"perSecond": 50, "unitsPerDay": 100_000}}


def test_every_number_of_the_page_is_the_code_s() -> None:
    table = PAGE.split("| override |")[1].split("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table]
    names = ("perSecond", "burst", "unitsPerDay", "singleQuery")
    assert rows == [
        [name, f"{least:,}", f"{most:,}"]
        for name, (least, most) in zip(names, terms.BOUNDS.values(), strict=True)
    ]
    assert f"at most {key_deeds.MOST_KEYS} keys in force" in PAGE
    assert f"at most {terms.MOST_NETWORKS} of them" in PAGE
    assert "at most ten years ahead" in PAGE
    assert terms.LONGEST_LIFE == 10 * 365 * DAY
    assert (key_deeds.SHORTEST_GRACE, key_deeds.LONGEST_GRACE) == (60, 30 * 86_400)
    assert "Grace is 60 seconds to 30\ndays, or 0" in PAGE


def test_the_scopes_are_these() -> None:
    table = PAGE.split("| scope |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(.*?)`", table, re.MULTILINE) == list(Scope)


def test_every_command_of_the_page_works(tmp_path: Path, capsys: Any) -> None:
    folder = ["--data", str(tmp_path)]
    assert (
        main(["keys", "create", "--name", "Operators", "--scope", "admin", "--json", *folder]) == 0
    )
    known = json.loads(capsys.readouterr().out)
    named = {"ACCOUNT": known["account"], "KEY": known["key"]}
    assert len(COMMANDS) == 10
    for line in COMMANDS:
        program, *words = shlex.split(line)
        assert program == "intellpulse"
        assert main([named.get(word, word) for word in words] + folder) == 0, line
    assert known["key"] not in capsys.readouterr().out


def test_the_page_is_found_from_the_readme() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    assert "docs/accounts.md" in readme
