"""What was released last: the number, its day, and the schema that clients may rely on."""

import importlib.util
import re
from datetime import date
from pathlib import Path

from graphql import build_schema

from graphql_api.schema import sdl
from graphql_api.version import VERSION

ROOT = Path(__file__).parents[2]
RELEASED = (ROOT / "schema.released.graphql").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_newest_release_is_the_version_of_the_program() -> None:
    headings = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
    assert headings[0] == "Unreleased"
    number, day = headings[1].split(" - ")
    assert number == VERSION
    assert date.fromisoformat(day) >= date(2026, 11, 26)


def test_clients_of_the_released_schema_are_served_by_this_one() -> None:
    spec = importlib.util.spec_from_file_location("check", ROOT / "scripts" / "check_schema.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert build_schema(RELEASED).query_type is not None
    assert list(script.broken(RELEASED, sdl(), date(2026, 11, 26))) == []
