"""A bomb at the limits costs no more than a few times what a healthy query of its size does.

Counted in calls of functions, which do not depend on how busy a machine is.
"""

import json
import random
import sys
from bisect import bisect_right
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from graphql_api.documents import Documents, Unfit
from graphql_api.schema import core_schema

TIMES = 3
"""What a bomb may cost, of a healthy query with as many tokens."""


@cache
def healthy(tokens: int) -> str:
    """What a client sends: a fragment a component, each with its fields, filled up to a size."""
    fragments = []
    for i in range(14):
        fragments.append(
            f"fragment Part{i} on Signal {{ id symbol action rating score close barTime "
            "strategy { name title description parameters { name default minimum maximum } } "
            "provenance { engineVersion strategyHash dataVersion resolvedAsOf final source } "
            "explanation { summary baseline contributions { label value vote weight } } }"
        )
        roots = " ".join(
            f'part{k}: signal(symbol: "IBM") {{ __typename ...Part{k} }}' for k in range(i + 1)
        )
        text = f"query Page {{ {roots} }} " + " ".join(fragments)
        if count_tokens(text) >= tokens:
            break
    return text


def count_tokens(text: str) -> int:
    from graphql import Source, TokenKind
    from graphql.language import Lexer

    lexer, count = Lexer(Source(text)), 0
    while lexer.advance().kind is not TokenKind.EOF:
        count += 1
    return count


def calls(work: Callable[[], Any]) -> int:
    """How many functions are called."""
    count = 0

    def watch(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def read(text: str) -> str:
    """Reads a document; the code of its refusal, if it is refused."""
    try:
        Documents(core_schema(), capacity=1).read(text)
    except Unfit as unfit:
        return unfit.code
    return ""


@cache
def calls_of(page: str) -> int:
    """What a healthy query costs, once what is made for the first query is there."""
    assert read(page) == ""
    return calls(lambda: read(page))


def fill(make: Callable[[int], str], tokens: int = 990) -> str:
    """The largest bomb of its kind that is within the limit on tokens."""
    sizes = range(1, 128)
    fitting = bisect_right(sizes, tokens, key=lambda size: count_tokens(make(size)))
    assert 0 < fitting < len(sizes)
    return make(sizes[fitting - 1])


def doubling(n: int) -> str:
    """Each fragment spreads the next one twice: 2**n paths."""
    return "{ ...F0 }" + "".join(
        f"fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }}" for i in range(n)
    ) + f"fragment F{n} on Query {{ __typename }}"  # fmt: skip


def deep(n: int) -> str:
    """Doubling below fields, which no name merges."""
    return "{ strategies { ...F0 } }" + "".join(
        f"fragment F{i} on Strategy {{ name parameters {{ name }} ...F{i + 1} ...F{i + 1} }}"
        for i in range(n)
    ) + f"fragment F{n} on Strategy {{ title }}"  # fmt: skip


def crossing(n: int) -> str:
    """Two chains which spread each other."""
    return "{ strategies { ...F0 ...G0 } }" + "".join(
        f"fragment F{i} on Strategy {{ name ...F{i + 1} ...G{i + 1} }}"
        f"fragment G{i} on Strategy {{ title ...G{i + 1} ...F{i + 1} }}"
        for i in range(n)
    ) + f"fragment F{n} on Strategy {{ name }} fragment G{n} on Strategy {{ title }}"  # fmt: skip


def side_by_side(n: int) -> str:
    """Every fragment is compared with every other."""
    spread = " ".join(f"...F{i}" for i in range(n))
    return f"{{ strategies {{ {spread} }} }}" + "".join(
        f"fragment F{i} on Strategy {{ name }}" for i in range(n)
    )


def same_fields(n: int) -> str:
    """Every field is compared with every other of its name, and so is what is below."""
    return "{" + " strategies { name title name title hash }" * min(n, 49) + (
        " indicators { name title }" * max(0, min(n - 49, 49))
    ) + "}"  # fmt: skip


def circle(n: int) -> str:
    """Fragments that lead back to the first."""
    return "{ ...F0 }" + "".join(
        f"fragment F{i} on Query {{ __typename ...F{(i + 1) % n} }}" for i in range(n)
    )


def everywhere(n: int) -> str:
    """Each fragment spreads all that come after it."""
    return "{ ...F0 }" + "".join(
        f"fragment F{i} on Query {{ __typename "
        + " ".join(f"...F{k}" for k in range(i + 1, n))
        + "}"
        for i in range(n)
    )


def variables(n: int) -> str:
    """Every operation looks for every variable in every fragment."""
    spread = " ".join(f"...F{i}" for i in range(n))
    queries = " ".join(f"query Q{i}($v: Boolean!) {{ {spread} }}" for i in range(4))
    return queries + "".join(
        f"fragment F{i} on Query {{ __typename @skip(if: $v) }}" for i in range(n)
    )


BOMBS = [doubling, deep, crossing, side_by_side, same_fields, circle, everywhere, variables]


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.__name__)
def test_a_bomb_costs_little_more_than_a_healthy_query_of_its_size(bomb) -> None:
    text = fill(bomb) if bomb is not same_fields else bomb(90)
    allowed = TIMES * calls_of(healthy(count_tokens(text)))
    read(text)
    assert calls(lambda: read(text)) <= allowed


def tangle(seed: int) -> str:
    """Fragments of some fields which spread others at random, many paths to each."""
    chosen = random.Random(seed)
    fields = ["name", "title", "hash", "source", "parameters { name }", "thresholds { above }"]
    most = chosen.randrange(1, 5)
    text = "query Q { strategies { ...F0 } }"
    for i in range(60):
        spreads = [f"...F{min(60, i + chosen.randrange(1, 9))}" for _ in range(most)]
        parts = chosen.sample([*fields, *spreads], len(fields) + most)[: most + 2]
        fragment = f" fragment F{i} on Strategy {{ ...F{i + 1} {' '.join(parts)} }}"
        if count_tokens(text + fragment) > 880 or i > 40:
            break
        text += fragment
    missing = [k for k in range(i, 61) if f"...F{k} " in text]
    return text + "".join(f" fragment F{k} on Strategy {{ name }}" for k in missing[:10])


@pytest.mark.parametrize("seed", range(12))
def test_a_tangle_of_fragments_costs_little_more_than_a_healthy_query(seed: int) -> None:
    allowed = TIMES * calls_of(healthy(1_000))
    text = tangle(seed)
    read(text)
    assert calls(lambda: read(text)) <= allowed


def test_a_healthy_page_is_as_large_as_may_be() -> None:
    assert 800 <= count_tokens(healthy(1_000)) <= 1_000
    assert read(healthy(1_000)) == ""


@pytest.mark.parametrize(
    "text",
    [
        "{ a(b: " + json.dumps("x" * 14_000) + ") }",
        '{ a(b: """' + "x\n" * 6_000 + '""") }',
        "#\n" * 7_000 + "{ __typename }",
        "," * 14_000 + "{ __typename }",
        '"""' * 4_000,
        '"\\u' * 4_000,
        "{ a(b: " + "1" * 14_000 + ") }",
        "{" * 15_000,
        "...".join("a" * 3_000),
        "\ufeff" * 15_000,
        "{ " + "é" * 14_000 + " }",
        "9" * 15_000,
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_a_bomb_of_tokens_costs_no_more_than_a_healthy_query(text) -> None:
    allowed = TIMES * calls_of(healthy(950))
    assert calls(lambda: read(text)) <= allowed
