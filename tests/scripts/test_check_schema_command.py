"""The command that `make check` runs, on a released schema that the code's own has left behind.

The code is what it is: so the copy of the released schema is changed the other way round. What it
has and the code has not was taken away since; what it lacks has come.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = "scripts/check_schema.py"


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Runs the command in a folder with our schema, released with some changes."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / COMMAND, tmp_path / COMMAND)
    shutil.copy(ROOT / "schema.graphql", tmp_path)
    schema = (ROOT / "schema.graphql").read_text(encoding="utf-8")

    def run(*changes: tuple[str, str]) -> tuple[int, str]:
        released = schema
        for old, new in changes:
            assert re.search(old, released)
            released = re.sub(old, new, released, count=1)
        (tmp_path / "schema.released.graphql").write_text(released, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, COMMAND],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert not done.stderr
        return done.returncode, done.stdout

    return run


def test_make_check_runs_this_command() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").split("\ncheck:")[1].split("\n\n")[0]
    assert f"$(BIN)/python {COMMAND}" in recipe


def test_what_is_as_it_was_released_passes(check) -> None:
    code, said = check()
    assert code == 0
    assert "nothing breaks clients of the released schema" in said
    assert "note" not in said


# What the released schema has otherwise, and what is said of it.
BREAKING = [
    ((r"\nenum Action \{", "\nenum Action {\n  WAIT"), "Enum value Action.WAIT was removed"),
    ((r"\n  tick: Float!", "\n  tick: Float!\n  lot: Int"), "Field Instrument.lot was removed"),
    ((r"\n  score: Float!", "\n  score: Int!"), "score changed type from Int! to Float!"),
    (
        (r'\n    """What is asked about: 1 to 100."""\n    symbols: \[Symbol!\]!\n', "\n"),
        "A required argument Query.signals(symbols:) was added",
    ),
    (
        (r'\n  """The key\'s id."""\n  id: ID!\n(?=\n  """\n  How long)', ""),
        "A required field RotateApiKeyInput.id was added",
    ),
    (
        (r"\nunion BarsResult = ", "\nunion BarsResult = Account | "),
        "Account was removed from union type BarsResult",
    ),
]
DANGEROUS = [
    ((r'\n  """[^"]*"""\n  HOLD\n', "\n"), "Enum value Action.HOLD was added"),
    (
        (r"\nunion BarsResult = (.*) \| PricesWithheld", r"\nunion BarsResult = \1"),
        "PricesWithheld was added to union type BarsResult",
    ),
]


def told_of(sentences: list[str], lines: list[str]) -> bool:
    """Whether there is one line for each of the sentences, and no further one."""
    return len(lines) == len(sentences) and all(
        any(one in line for line in lines) for one in sentences
    )


def test_what_breaks_a_client_is_refused_and_named(check) -> None:
    code, said = check(*(change for change, _ in BREAKING))
    assert code == 1
    assert told_of([sentence for _, sentence in BREAKING], said.splitlines()), said


def test_what_clients_must_expect_is_told_and_passes(check) -> None:
    code, said = check(*(change for change, _ in DANGEROUS))
    assert code == 0
    notes = [line for line in said.splitlines() if line.startswith("note, clients must expect")]
    assert told_of([sentence for _, sentence in DANGEROUS], notes), said
    assert "nothing breaks clients of the released schema" in said


def test_breaking_and_dangerous_changes_at_once_are_told_apart(check) -> None:
    code, said = check(BREAKING[0][0], DANGEROUS[0][0])
    assert code == 1
    notes = {line.startswith("note"): line for line in said.splitlines()}
    assert DANGEROUS[0][1] in notes[True]
    assert BREAKING[0][1] in notes[False]
    assert len(said.splitlines()) == 2


def test_a_released_schema_that_is_none_is_told_as_such(check) -> None:
    code, said = check((r"\ntype Query \{", "\ntype Query"))
    assert code == 1
    assert "schema.released.graphql is no schema: Syntax Error" in said
