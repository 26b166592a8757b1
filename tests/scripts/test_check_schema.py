"""The comparison of schemas: what breaks clients is found, what was promised to go may go."""

import importlib.util
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from graphql_api.schema import sdl

SCRIPT = Path(__file__).parents[2] / "scripts" / "check_schema.py"
TODAY = date(2027, 1, 1)
RELEASED = """
interface Node { id: ID! }
type Query { signal: Signal  old: Old %(old)s  kept(by: Int): Int }
type Signal implements Node { id: ID!  action: Action! }
type Old { inner: Inner }
type Inner { x: Int }
enum Action { BUY SELL WAIT %(wait)s }
"""
NEW = """
interface Node { id: ID! }
type Query { signal: Signal  kept(by: Int, then: Int): Int }
type Signal implements Node { id: ID!  action: Action!  score: Float }
enum Action { BUY SELL }
"""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_schema", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def released(day: str) -> str:
    mark = f'@deprecated(reason: "Use signal; removed after {day}.")'
    return RELEASED % {"old": mark, "wait": mark}


def test_what_was_taken_away_breaks_clients(script) -> None:
    found = "\n".join(script.broken(RELEASED % {"old": "", "wait": ""}, NEW, TODAY))
    assert "FIELD_REMOVED: Field Query.old was removed" in found
    assert "TYPE_REMOVED: Old was removed" in found
    assert "VALUE_REMOVED_FROM_ENUM: Enum value Action.WAIT was removed" in found
    assert "score" not in found
    assert "then" not in found


def test_what_was_deprecated_may_go_when_its_day_has_passed(script) -> None:
    assert not list(script.broken(released("2026-12-31"), NEW, TODAY))
    assert len(list(script.broken(released("2027-01-01"), NEW, TODAY))) == 4


@pytest.mark.parametrize(
    "change",
    [
        ("kept(by: Int, then: Int): Int", "kept(by: Int!): Int"),
        ("kept(by: Int, then: Int): Int", "kept(by: Int, then: Int!): Int"),
        ("kept(by: Int, then: Int): Int", "kept(then: Int): Int"),
        ("kept(by: Int, then: Int): Int", "kept(by: Int): Float"),
        ("action: Action!", "action: Action"),
        ("Signal implements Node", "Signal"),
    ],
)
def test_other_changes_that_clients_notice_are_found(script, change) -> None:
    assert list(script.broken(released("2026-12-31"), NEW.replace(*change), TODAY))


def test_a_deprecation_says_until_when_it_holds(script) -> None:
    assert not list(script.unpromised(released("2027-03-31")))
    for reason in ("No longer used.", "removed after 2027-02-31.", "removed after spring."):
        schema = f'type Query {{ a: Int @deprecated(reason: "{reason}") b: Int @deprecated }}'
        assert len(list(script.unpromised(schema))) == 2


def test_a_file_that_lags_behind_the_code_is_told(script) -> None:
    assert not list(script.drift(sdl(), sdl()))
    assert "make schema" in list(script.drift(NEW, sdl()))[-1]


def test_a_schema_breaks_nothing_of_itself(script) -> None:
    assert not list(script.broken(sdl(), sdl(), TODAY))


@pytest.mark.parametrize("exists", [True, False])
def test_a_first_release_is_compared_with_nothing_and_says_so(
    script, tmp_path, monkeypatch, capsys, exists
) -> None:
    before = tmp_path / "schema.released.graphql"
    monkeypatch.setattr(script, "RELEASED", before)
    monkeypatch.setattr(script, "KEPT", tmp_path / "schema.graphql")
    (tmp_path / "schema.graphql").write_text(sdl())
    if exists:
        before.write_text(sdl().replace("type Query {", "type Query {\n  gone: Int\n"))
    assert script.main() == (1 if exists else 0)
    told = "Query.gone was removed" if exists else "no schema was released yet"
    assert told in capsys.readouterr().out
