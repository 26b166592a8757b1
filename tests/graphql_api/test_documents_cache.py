"""The cache of documents in a long run: how often it hits, what it holds, how much."""

import gc
import random
from itertools import accumulate

import pytest

from graphql_api import documents as module
from graphql_api.documents import MAX_CHARACTERS, MAX_ENTRIES, Document, Documents
from graphql_api.exchange import Query
from graphql_api.guard.caller import Caller
from graphql_api.schema import core_schema

TEXTS = [
    f"""query Screen{i}($symbol: Symbol!, $first: Int) {{
          signal(symbol: $symbol) {{ ... on Signal {{ action score a{i}: close }} }}
          symbols(first: $first) {{ nodes {{ symbol }} }} }}"""
    for i in range(200)
]


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were parsed."""
    seen: list[str] = []
    parse = module.parse

    def watched(source: str, **options: bool):
        seen.append(source)
        return parse(source, **options)

    monkeypatch.setattr(module, "parse", watched)
    return seen


def test_over_99_in_100_of_a_zipf_workload_are_remembered(parsed) -> None:
    documents = Documents(core_schema())
    weights = list(accumulate(1 / rank for rank in range(1, len(TEXTS) + 1)))
    asked = random.Random(5).choices(TEXTS, cum_weights=weights, k=50_000)
    for text in asked:
        documents.read(text)
    assert len(parsed) == len(set(asked))  # each once
    assert 1 - len(parsed) / len(asked) > 0.99


def test_documents_that_push_in_between_cost_the_common_ones_little(parsed) -> None:
    documents = Documents(core_schema(), capacity=100)
    weights = list(accumulate(1 / rank**1.1 for rank in range(1, 51)))
    chosen = random.Random(6)
    for i in range(2_000):
        documents.read(chosen.choices(TEXTS[:50], cum_weights=weights)[0])
        if i % 20 == 0:
            documents.read(f"{{ once{i}: __typename }}")
    common = [text for text in parsed if "Screen" in text]
    assert len(common) < 70


def test_there_is_an_end_to_its_entries_and_to_its_characters() -> None:
    documents = Documents(core_schema(), capacity=50, max_characters=2_000)
    for i in range(200):
        documents.read(f"{{ a{i}: __typename #{'x' * (i % 90)}\n }}")
        assert len(documents) <= 50
        assert documents.characters <= 2_000
    assert documents.characters > 1_500
    assert MAX_ENTRIES * 15_000 > MAX_CHARACTERS  # the texts of all may not be the longest


def test_a_document_alone_over_the_characters_is_answered_and_not_kept() -> None:
    documents = Documents(core_schema(), max_characters=10)
    assert documents.read("{ a: __typename }").operations
    assert len(documents) == documents.characters == 0


def test_no_variables_and_no_caller_are_held() -> None:
    documents = Documents(core_schema())
    documents.read(TEXTS[0])
    seen: set[int] = set()
    waiting: list[object] = [documents._kept]
    while waiting:
        held = waiting.pop()
        if id(held) in seen or isinstance(held, type):
            continue
        seen.add(id(held))
        assert not isinstance(held, Query | Caller)
        module_name = type(held).__module__
        assert module_name.split(".")[0] in {"builtins", "collections", "graphql"} or isinstance(
            held, Document
        ), module_name
        waiting.extend(gc.get_referents(held))
