"""The README's queries are run, and the answers it shows are the ones that come."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from graphql_api.errors import ApiError, Internal
from graphql_api.guard.plans import PLANS
from tests.pages import ROOT, reader

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```graphql\n(.*?)```(?:\n+```json\n(.*?)```)?", README, re.DOTALL)


@pytest.fixture
def client(data: Path, clock: Any) -> Iterator[TestClient]:
    with reader(data, clock) as client:
        yield client


def test_there_are_queries_to_run() -> None:
    assert len(BLOCKS) >= 4
    assert sum(bool(shown) for _, shown in BLOCKS) >= 2


@pytest.mark.parametrize(("query", "shown"), BLOCKS)
def test_a_query_of_the_readme_answers_what_is_shown(client, query, shown) -> None:
    answer = client.post("/graphql", json={"query": query}).json()
    assert "errors" not in answer
    if shown:
        assert answer["data"] == json.loads(shown)


def test_the_plans_are_told_as_they_are() -> None:
    for plan in PLANS.values():
        limits = (plan.per_second, plan.burst, plan.units_per_day, plan.single_query)
        assert f"| {plan.name} | {' | '.join(f'{limit:,}' for limit in limits)} |" in README


def test_every_code_of_an_error_is_told_with_its_status() -> None:
    table = README.split("\n| code | HTTP | means |\n")[1].split("\n\n")[0]
    told = {
        code.strip(): statuses
        for codes, statuses, _ in (row.strip("|").split("|") for row in table.split("\n")[1:])
        for code in codes.split(",")
    }
    kinds = [ApiError]
    for kind in kinds:  # grows while it is read
        kinds += kind.__subclasses__()
    # What only others are derived from has no code of its own, and Internal's is everybody's.
    ours = [kind for kind in kinds if kind.code != ApiError.code or kind is Internal]
    package = ROOT / "graphql_api"
    written = {
        code
        for name in ("documents", "execution", "trusted")
        for code in re.findall(
            r'"((?:GRAPHQL|PERSISTED)_[A-Z_]+)"', (package / f"{name}.py").read_text()
        )
    }
    assert len(written) >= 4
    assert set(told) == {kind.code for kind in ours} | written
    for kind in ours:
        assert str(kind.status) in told[kind.code] or "likewise" in told[kind.code]
