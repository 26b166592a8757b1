"""The command line, run as a person runs it."""

import contextlib
import errno
import json
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphql_api.cli import main
from graphql_api.commands.serve import demo_key
from graphql_api.guard import keys
from graphql_api.schema import sdl
from graphql_api.settings import Settings
from market_data.stores import SqliteReadingStore
from market_data.stores.objects import Name
from market_data.stores.sweeping import Swept

CSV = """Date,Open,High,Low,Close,Volume
2024-01-02,10,11,9,10.5,1000
2024-01-03,10.5,12,10,11.5,1200
2024-01-04,11.5,12,5,6,900
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def test_a_key_is_made_shown_once_listed_and_revoked(folder, capsys) -> None:
    assert main(["keys", "create", "--plan", "PREMIUM", "--json", "--data", str(folder)]) == 0
    made = json.loads(capsys.readouterr().out)
    keys.check(made["key"], "live")
    assert made["plan"] == "PREMIUM"
    assert made["key"].endswith(made["lastFour"])

    more = ["--account", made["account"], "--label", "second", "--data", str(folder)]
    assert main(["keys", "create", *more]) == 0
    second = capsys.readouterr().out.split()[0]

    assert main(["keys", "list", made["account"], "--json", "--data", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert [one["lastFour"] for one in json.loads(printed)] == [made["lastFour"], second[-4:]]
    assert made["key"] not in printed

    assert main(["keys", "revoke", second, "--data", str(folder)]) == 0
    assert main(["keys", "revoke", made["id"], "--data", str(folder)]) == 0
    capsys.readouterr()
    assert main(["keys", "list", made["account"], "--data", str(folder)]) == 0
    assert capsys.readouterr().out.count("revoked") == 2


def test_only_the_hash_of_a_key_is_kept(folder, capsys) -> None:
    main(["keys", "create", "--json", "--data", str(folder)])
    secret = json.loads(capsys.readouterr().out)["key"].encode()
    for path in folder.iterdir():
        assert secret not in path.read_bytes()
        assert secret[8:-6] not in path.read_bytes()


def test_bars_are_imported_and_listed(folder, tmp_path, capsys) -> None:
    assert main(["bars", "list", "--data", str(folder)]) == 0
    assert "no bars are kept" in capsys.readouterr().out
    file = tmp_path / "ACME.csv"
    file.write_text(CSV)
    bring = ["bars", "import", str(file), "--symbol", "ACME", "--interval", "ONE_DAY"]
    assert main([*bring, "--data", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "ACME ONE_DAY: 3 bars read, 3 new" in said
    assert "over 40 %" in said
    assert main(["bars", "list", "--json", "--data", str(folder)]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["symbol"] == "ACME"
    assert (row["bars"], row["last"]) == (3, "2024-01-04T00:00:00Z")
    assert main(["bars", "list", "--data", str(folder)]) == 0
    assert capsys.readouterr().out.startswith("ACME  ONE_DAY  3  ")


@pytest.mark.parametrize("name", ["bars.csv", "bars.csv.gz", "bars.parquet"])
def test_an_export_to_no_folder_names_the_file(folder, tmp_path, capsys, name) -> None:
    file = tmp_path / "ACME.csv"
    file.write_text(CSV)
    kept = ["--data", str(folder)]
    main(["bars", "import", str(file), "--symbol", "ACME", "--interval", "ONE_DAY", *kept])
    capsys.readouterr()
    out = tmp_path / "nowhere" / name
    assert main(["bars", "export", "ACME", "--file", str(out), *kept]) == 1
    assert capsys.readouterr().err == f"intellpulse: {out}: No such file or directory\n"


@pytest.mark.parametrize("name", ["bars", "bars.xlsx", "bars.CSV.GZ", "bars.gz"])
def test_an_export_goes_to_no_file_whose_name_says_something_else(folder, name, capsys) -> None:
    with pytest.raises(SystemExit):
        main(["bars", "export", "ACME", "--file", name, "--data", str(folder)])
    assert f"'{name}' ends in none of .parquet, .csv and .csv.gz" in capsys.readouterr().err


def test_a_disk_that_is_full_is_told_without_a_number(data, monkeypatch, capsys) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("graphql_api.commands.bars.write_csv", full)
    assert main(["bars", "export", "IBM", "--data", str(data)]) == 1
    assert capsys.readouterr().err == "intellpulse: No space left on device\n"


def test_who_reads_but_the_beginning_ends_a_command_without_a_word(data) -> None:
    command = [sys.executable, "-m", "graphql_api.cli", "bars", "export", "IBM", "--data", data]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"symbol,interval")
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 128 + signal.SIGPIPE


def test_an_interrupted_command_says_so_and_shows_no_traceback(folder, capsys, monkeypatch) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("graphql_api.commands.fetching.time.sleep", interrupted)
    assert main(["bars", "watch", "--data", str(folder)]) == 130
    said = capsys.readouterr()
    assert said.err == "intellpulse: stopped\n"
    assert said.out.startswith("note: nothing that is kept has a source;")


def test_what_a_dead_import_left_is_told_and_let_go_of(
    folder, tmp_path, capsys, monkeypatch
) -> None:
    def sweep(*more: str) -> str:
        assert main(["bars", "sweep", *more, "--data", str(folder)]) == 0
        return capsys.readouterr().out

    file = tmp_path / "ACME.csv"
    file.write_text(CSV)
    bring = ["bars", "import", str(file), "--symbol", "ACME", "--interval", "ONE_DAY"]
    with monkeypatch.context() as patch:
        # One write at a time, as 0.1.0 made them: one that dies now leaves nothing in a file.
        patch.setattr("market_data.stores.sqlite_backend.SqliteBackend.transactional", False)
        patch.setattr("market_data.stores.sqlite_backend.SqliteBackend.swap", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            main([*bring, "--data", str(folder)])
    assert "ACME: 1 objects" in sweep("--apply")
    assert "left: it has no HEAD" in sweep()
    assert main([*bring, "--data", str(folder)]) == 0
    capsys.readouterr()
    assert "that no HEAD names; --apply lets go of them" in sweep()
    assert "are deleted in 7 days" in sweep("--apply")
    assert sweep() == "nothing to let go of: every object is named by a HEAD\n"
    apart = Swept("ACME", (Name.readings("ACME", 7, b"rows"),))
    monkeypatch.setattr(SqliteReadingStore, "sweep", lambda _, apply: iter([apart]))
    assert "ACME: 1 objects, 4 bytes" in sweep()


def test_splits_and_dividends_are_told_by_hand(folder, tmp_path, capsys) -> None:
    file, acts = tmp_path / "ACME.csv", tmp_path / "acts.csv"
    file.write_text(CSV)
    acts.write_text("date,kind,value\n2024-01-04,SPLIT,2\n")
    tell = ["bars", "actions", str(acts), "--symbol", "ACME", "--data", str(folder)]
    assert main(tell) == 1
    assert "no bars of 'ACME' are kept" in capsys.readouterr().err
    bring = ["bars", "import", str(file), "--symbol", "ACME", "--interval", "ONE_DAY"]
    assert main([*bring, "--data", str(folder)]) == 0
    assert "is over 40 %" in capsys.readouterr().out
    assert main(tell) == 0
    assert capsys.readouterr().out == "ACME: 1 splits and dividends are new or told anew\n"
    assert main(tell) == 0
    assert capsys.readouterr().out.startswith("ACME: 0 ")
    acts.write_text("date,kind,value\n2024-01-04,SPLIT,none\n")
    assert main(tell) == 1
    assert "line 2" in capsys.readouterr().err


KILLED = """
import os, signal, sys
from graphql_api.cli import main
from market_data.stores.sqlite_backend import SqliteBackend
method, calls = sys.argv[1], int(sys.argv[2])
whole = getattr(SqliteBackend, method)
# As a file of 0.1.0 was written: today its chunks and its HEAD are one write.
SqliteBackend.transactional = method != "keep"

def last(*arguments):
    global calls
    calls -= 1
    answer = whole(*arguments)
    if calls == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

setattr(SqliteBackend, method, last)
main(sys.argv[3:])
"""


@pytest.mark.parametrize("point", [("keep", 1), ("swap", 1), ("swap", 2)], ids=str)
def test_an_import_that_the_system_kills_loses_nothing_that_comes_again(
    folder, tmp_path, capsys, point
) -> None:
    """After its chunks, where 0.1.0 began it; after its HEAD, and after that is confirmed."""
    file = tmp_path / "ACME.csv"
    file.write_text(CSV)
    bring = ["bars", "import", str(file), "--symbol", "ACME", "--interval", "ONE_DAY"]
    command = [sys.executable, "-c", KILLED, *map(str, point), *bring, "--data", str(folder)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert main([*bring, "--data", str(folder)]) == 0
    assert "3 bars read" in capsys.readouterr().out
    main(["bars", "list", "--json", "--data", str(folder)])
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["symbol"], listed["bars"]) == ("ACME", 3)
    assert main(["bars", "export", "ACME", "--data", str(folder)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + 3


ACME = ("--symbol", "ACME", "--interval", "ONE_DAY")


def bytes_read() -> int:
    """How much this process has ever asked the system to read, sockets and all."""
    told = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(told["rchar"])


@pytest.mark.parametrize(
    "command",
    [
        ["bars", "import", "{file}", *ACME],
        ["bars", "import", "{file}", *ACME, "--quarantine"],
        ["bars", "import", "{csv}", *ACME, "--actions", "{file}"],
        ["sentiment", "import", "{file}", "--symbol", "ACME"],
        ["sentiment", "import", "{file}", "--symbol", "ACME", "--headlines"],
        ["verify", "{answer}", "--bars", "{file}"],
    ],
    ids=" ".join,
)
def test_a_gigabyte_is_refused_by_its_size_and_not_read(folder, tmp_path, capsys, command) -> None:
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        file.write(CSV.encode())
        file.truncate(1024**3)  # sparse: it takes no room
    (tmp_path / "few.csv").write_text(CSV)
    (tmp_path / "answer.json").write_text("{}")
    places = {"file": huge, "csv": tmp_path / "few.csv", "answer": tmp_path / "answer.json"}
    data = [] if command[0] == "verify" else ["--data", str(folder)]
    before = bytes_read()
    assert main([*(part.format(**places) for part in command), *data]) == 1
    assert bytes_read() - before < 16 * 1024 * 1024
    assert "1073741824 bytes; the limit is" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bars", "import", "{csv}", "--symbol", "A B", "--interval", "ONE_DAY"], "symbol"),
        (["bars", "import", "gone.csv", "--symbol", "A", "--interval", "ONE_DAY"], "gone.csv"),
        (["keys", "create", "--account", "nobody"], "There is no account nobody."),
        (["keys", "revoke", "ip_live_nothing"], "There is no such key."),
    ],
)
def test_what_is_refused_is_one_sentence_and_exit_code_1(
    folder, tmp_path, capsys, arguments, said
) -> None:
    (tmp_path / "bad.csv").write_text(CSV)
    arguments = [part.format(csv=tmp_path / "bad.csv") for part in arguments]
    assert main([*arguments, "--data", str(folder)]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("intellpulse: ")
    assert said in shown
    assert "Traceback" not in shown


def test_a_csv_with_a_bad_row_is_refused_whole_with_its_place(folder, tmp_path, capsys) -> None:
    file = tmp_path / "ACME.csv"
    file.write_text(CSV.replace("10.5,12,10,11.5", "10.5,12,10,NaN"))
    bring = ["bars", "import", str(file), "--symbol", "ACME", "--interval", "ONE_DAY"]
    assert main([*bring, "--data", str(folder)]) == 1
    said = capsys.readouterr().err
    for part in ("ACME.csv", "line 3", "Close", "nan", "not a finite number"):
        assert part in said
    main(["bars", "list", "--json", "--data", str(folder)])
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["serve", "--port", "99999"],
        ["serve", "--port", "http"],
        ["keys", "create", "--plan", "FREE"],
        ["bars", "import", "x.csv", "--symbol", "A", "--interval", "DAILY"],
    ],
)
def test_a_command_that_cannot_be_meant_exits_with_2(capsys, arguments) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage: intellpulse" in capsys.readouterr().err


def test_a_setting_that_cannot_be_meant_is_said(monkeypatch, capsys) -> None:
    monkeypatch.setenv("INTELLPULSE_STORE", "redis")
    assert main(["schema"]) == 1
    assert "one of sqlite, dynamodb" in capsys.readouterr().err


def test_the_schema_is_printed_as_it_is_kept(capsys) -> None:
    assert main(["schema"]) == 0
    printed = capsys.readouterr().out
    assert printed == sdl() == (Path(__file__).parents[2] / "schema.graphql").read_text()


def test_the_demo_key_stays_and_is_its_owners_alone(folder) -> None:
    settings = Settings(data=folder)
    folder.mkdir()
    secret = demo_key(settings)
    path = folder / "demo.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert demo_key(settings) == secret
    path.write_text("ip_live_junk\n")
    path.chmod(0o644)
    fresh = demo_key(settings)
    assert fresh != secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.unlink()
    assert demo_key(settings) not in {secret, fresh}


@contextlib.contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[tuple[str, str]]:
    """`intellpulse serve` as a process of its own: its address and the demo key."""
    command = [sys.executable, "-m", "graphql_api.cli", "serve", "--data", str(folder)]
    with subprocess.Popen(
        [*command, "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            address = key = ""
            for line in process.stdout or ():
                if line.startswith("IntellPulse is at "):
                    address = line.split()[3].rstrip("/")
                if line.strip().startswith("demo key"):
                    key = line.split()[-1]
                if line.startswith("Stop with"):
                    break
            yield address, key
        finally:
            process.send_signal(signal.SIGINT)  # as Ctrl-C does
            rest = process.communicate(timeout=30)[0]
    assert process.returncode == 0
    assert "Traceback" not in rest


def ask(address: str, key: str, query: str) -> dict:
    request = urllib.request.Request(
        address + "/graphql",
        json.dumps({"query": query}).encode(),
        {"x-api-key": key, "content-type": "application/json"},
    )
    for _ in range(100):
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except (ConnectionError, urllib.error.URLError):
            time.sleep(0.1)
    raise AssertionError("the server did not answer")


def test_a_second_start_keeps_keys_usage_and_bars(folder) -> None:
    query = '{ signal(symbol: "IBM") { ... on Signal { close } } usage { unitsUsed } }'
    with serving(folder) as (address, key):
        first = ask(address, key, query)
    with serving(folder) as (address, again):
        second = ask(address, again, query)
    assert again == key
    assert first["data"]["signal"] == second["data"]["signal"] == {"close": 202.91}
    assert (first["data"]["usage"], second["data"]["usage"]) == (
        {"unitsUsed": 1},
        {"unitsUsed": 2},
    )


def test_an_address_that_is_taken_is_said_in_a_sentence(folder, capsys) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--data", str(folder), "--port", str(port)]) == 1
    assert f"cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err


def test_a_panel_is_written_of_all_symbols_or_of_some(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["bars", "panel", "all", "--session", "2026-11-18", "--data", str(data)]
    assert main(told) == 0
    assert capsys.readouterr().out.startswith("all 2026-11-18: 4 symbols, as of 20")
    assert main([*told, "--symbols", "IBM", "NONE"]) == 0
    assert capsys.readouterr().out.endswith("note: no bars of NONE are kept\n")
    with pytest.raises(SystemExit):
        main([*told[:4], "today"])
    assert "'today' is no date such as 2026-11-18" in capsys.readouterr().err
