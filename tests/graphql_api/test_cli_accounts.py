"""Accounts and keys managed from the command line, as a person or a program does."""

import json

import pytest

from graphql_api.cli import main


@pytest.fixture
def run(tmp_path, capsys):
    """Runs a command that succeeds; what it printed."""

    def command(*arguments, status=0):
        assert main([*arguments, "--data", str(tmp_path / "kept")]) == status
        printed = capsys.readouterr()
        return printed.err if status else printed.out

    return command


@pytest.fixture
def told(run):
    """Runs a command with --json; what it says."""
    return lambda *arguments: json.loads(run(*arguments, "--json"))


@pytest.fixture
def account(told):
    return told("accounts", "create", "--name", "Größe", "--plan", "PREMIUM", "--burst", "40")


def test_an_account_is_made_shown_listed_and_moved(run, told, account) -> None:
    assert (account["name"], account["plan"], account["overrides"]["burst"]) == (
        "Größe",
        "PREMIUM",
        40,
    )
    other = told("accounts", "create", "--name", "Other")
    assert [one["id"] for one in told("accounts", "list")] == [account["id"], other["id"]]
    assert run("accounts", "list").splitlines() == [
        f"{account['id']}  PREMIUM with burst 40  Größe",
        f"{other['id']}  BASIC  Other",
    ]
    shown = run("accounts", "show", account["id"])
    assert "perSecond    500\n" in shown
    assert "burst        40  its own\n" in shown
    moved = told("accounts", "set-plan", account["id"], "BASIC", "--units-per-day", "7")
    assert (moved["limits"]["burst"], moved["limits"]["unitsPerDay"]) == (200, 7)
    limited = told("accounts", "limits", account["id"], "--single-query", "3")
    assert limited["plan"] == "BASIC"
    assert limited["overrides"] == {
        "perSecond": None,
        "burst": None,
        "unitsPerDay": None,
        "singleQuery": 3,
    }
    assert told("accounts", "show", account["id"]) == limited | {"keys": []}


def test_more_accounts_than_a_page_are_listed(told, monkeypatch) -> None:
    monkeypatch.setattr("graphql_api.commands.accounts.PAGE", 2)
    made = [told("accounts", "create", "--name", str(n))["id"] for n in range(5)]
    assert [one["id"] for one in told("accounts", "list")] == made


def test_a_key_is_made_with_terms_rotated_and_revoked(run, told, account) -> None:
    made = told(
        *("keys", "create", "--account", account["id"], "--label", "ci"),
        *("--scope", "keys:write", "--scope", "signals:read"),
        *("--network", "192.0.2.0/24", "--network", "2001:db8::/32"),
        *("--not-before", "2026-01-01T00:00:00Z", "--expires-at", "2033-01-01T00:00:00Z"),
    )
    assert made["scopes"] == ["keys:write", "signals:read"]
    assert made["networks"] == ["192.0.2.0/24", "2001:db8::/32"]
    assert (made["notBefore"], made["expiresAt"]) == (
        "2026-01-01T00:00:00Z",
        "2033-01-01T00:00:00Z",
    )
    new = told("keys", "rotate", made["key"], "--grace", "3600")
    assert (new["replaces"], new["networks"]) == (made["id"], made["networks"])
    last = run("keys", "rotate", new["id"], "--grace", "0").splitlines()
    assert last[2].startswith(f"...{new['lastFour']}: revoked ")
    states = run("keys", "list", account["id"]).splitlines()
    assert ["in force until" in line for line in states] == [True, False, True]
    assert "revoked" in states[1]
    revoked = told("keys", "revoke", last[0])
    assert revoked["revokedAt"]
    assert revoked["id"] in run("keys", "list", account["id"])


def test_the_audit_log_tells_what_was_done_and_no_secret(run, told, account) -> None:
    made = told("keys", "create", "--account", account["id"], "--label", "ci")
    told("keys", "revoke", made["id"])
    log = told("accounts", "audit", account["id"])
    assert [one["action"] for one in log] == ["key.revoked", "key.created", "account.created"]
    assert {one["actor"] for one in log} == {"cli"}
    assert log[1]["details"]["label"] == "ci"
    (line,) = run("accounts", "audit", account["id"], "--limit", "1").splitlines()
    assert f"key.revoked  by cli  key={made['id']}" in line
    assert made["key"] not in run("accounts", "audit", account["id"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["keys", "list", "nobody"], "There is no account nobody."),
        (["accounts", "show", "nobody"], "There is no account nobody."),
        (["accounts", "audit", "nobody"], "There is no account nobody."),
        (["accounts", "create", "--name", "a\x1bb"], "U+001B"),
        (["accounts", "create", "--name", "a", "--burst", "1"], "burst is 1"),
        (["keys", "rotate", "f" * 64], "There is no such key."),
        (["keys", "create", "--network", "10.0.0.1/8"], "write 10.0.0.0/8"),
        (["keys", "create", "--expires-at", "2001-01-01T00:00:00Z"], "expired already"),
    ],
)
def test_what_is_refused_is_one_sentence(run, arguments, said) -> None:
    told = run(*arguments, status=1)
    assert told.startswith("intellpulse: ")
    assert said in told


@pytest.mark.parametrize(
    "arguments",
    [
        ["keys", "create", "--scope", "root"],
        ["keys", "create", "--expires-at", "tomorrow"],
        ["keys", "rotate", "x", "--grace", "soon"],
        ["accounts", "set-plan", "x", "GOLD"],
        ["accounts", "audit", "x", "--limit", "0"],
        ["accounts", "create"],
    ],
)
def test_what_cannot_be_meant_exits_with_2(capsys, arguments) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage: intellpulse" in capsys.readouterr().err
