"""The attacks of graphql-cop's and graphql-armor's public lists: each is refused, and at once."""

import time
import urllib.parse

import pytest

from graphql_api import execution

A_SECOND = 1.0


@pytest.fixture(autouse=True)
def _at_once():
    began = time.process_time()
    yield
    assert time.process_time() - began < A_SECOND


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each query that was run."""
    runs: list[int] = []
    run = execution.execute

    def watched(*arguments, **named):
        runs.append(1)
        return run(*arguments, **named)

    monkeypatch.setattr(execution, "execute", watched)
    return runs


def times(text: str, count: int) -> str:
    return " ".join(text.replace("#", str(i)) for i in range(count))


CHAIN = times("fragment F# on Query { ...G# } fragment G# on Query { __typename }", 20)


def nested(*names: str) -> str:
    return "{" + "{".join(names) + "}" * len(names)


# Over a limit: named by the list that has it, with the limit that refuses it.
TOO_COMPLEX = {
    "cop: alias overloading": ("{" + times("alias#: __typename", 101) + "}", "aliases"),
    "cop: field duplication": ("{" + "__typename " * 500 + "}", "repetitions"),
    "cop: directive overloading": ("{ __typename " + "@aa" * 31 + " }", "directives"),
    "cop: circular introspection": (
        nested("__schema", "types", *["fields", "type"] * 4, "name"),
        "introspectionLists",
    ),
    "armor: character limit": ("{ __typename #" + "x" * 15_000 + "\n}", "characters"),
    "armor: tokens": ("{" + "__typename " * 1_001 + "}", "tokens"),
    "armor: aliases in fragments": (
        "{ ...A ...B } fragment A on Query {" + times("a#: __typename", 8) + "}"
        "fragment B on Query {" + times("b#: __typename", 8) + "}",
        "aliases",
    ),
    "armor: directives in fragments": (
        "{ ...A } fragment A on Query { __typename " + "@include(if: true) " * 31 + "}",
        "directives",
    ),
    "armor: depth": (
        nested('signal(symbol: "IBM")', "... on Signal", *["explanation", "signal"] * 4, "action"),
        "depth",
    ),
    "armor: depth through fragments": (
        '{ signal(symbol: "IBM") { ...S } } fragment S on Signal { explanation { ...E } } '
        "fragment E on Explanation { signal { explanation { signal { ...T } } } } "
        "fragment T on Signal { explanation { signal { explanation { summary } } } }",
        "depth",
    ),
    "armor: depth through inline fragments": (
        "{" + "... on Query { " * 60 + "__typename" + "}" * 61,
        "nesting",
    ),
    "armor: cost": (
        "query { signals(symbols: [" + '"IBM", ' * 400 + "]) { ... on Signal "
        "{ explanation { summary } "
        "first: trackRecord { horizon } again: trackRecord { horizon } "
        "more: trackRecord { horizon } last: trackRecord { horizon } "
        "once: trackRecord { horizon } too: trackRecord { horizon } } } }",
        "cost",
    ),
    "many operations": (times("query Q# { __typename }", 6), "operations"),
    "introspection under aliases": (
        "{ __schema { types { " + times("f#: fields { name }", 15) + " } } }",
        "introspectionAliases",
    ),
    "introspection through fragments": (
        "{ __schema { types { ...T } } } fragment T on __Type { fields { type { ...U } } } "
        "fragment U on __Type { fields { type { name } } }",
        "introspectionLists",
    ),
    "introspection deeper than any type": (
        "{ __schema { types { " + "ofType { " * 20 + "name" + "}" * 23,
        "introspectionDepth",
    ),
    "a list within a list": ("{ signals(symbols: " + "[" * 60 + "]" * 60 + ") { x } }", "nesting"),
    "an object within an object": (
        "{ signal(strategy: " + "{a: " * 60 + "1" + "}" * 60 + ") { x } }",
        "nesting",
    ),
    "fields to be compared pair by pair": (
        "{ strategies {" + times("...F#", 90) + "} }"
        + times("fragment F# on Strategy { name title }", 90),
        "merging",
    ),
    "fragments to be compared pair by pair": (
        "{ strategies { ...F0 ...G0 } }"
        + "".join(
            f"fragment F{i} on Strategy {{ name ...F{i + 1} ...G{i + 1} }} "
            f"fragment G{i} on Strategy {{ title ...G{i + 1} ...F{i + 1} }} "
            for i in range(35)
        )
        + "fragment F35 on Strategy { name } fragment G35 on Strategy { title }",
        "merging",
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", TOO_COMPLEX)
def test_what_is_too_much_is_refused_with_the_limit(ask, executed, attack) -> None:
    query, limit = TOO_COMPLEX[attack]
    answer = ask(query).json()
    assert "data" not in answer
    error = answer["errors"][0]["extensions"]
    assert error["code"] == "QUERY_TOO_COMPLEX"
    assert error["limit"] == limit
    assert error["value"] > error["maximum"]
    assert executed == []


@pytest.mark.parametrize(
    "query",
    [
        "{ ...A } fragment A on Query { __typename ...B } fragment B on Query { ...A }",
        "{ ...A } fragment A on Query { __typename ...A }",
        "{ ...A }" + times("fragment A on Query { __typename }", 60),
        "{" + times("nothing#", 100) + "}",
        "{ __typename @aa@aa@aa@aa@aa@aa@aa@aa@aa@aa }",
        "{ __schema { directive } }",
        "query Q(" + times("$v#: Int", 200) + ") { __typename }",
        "query Q { a: __typename a: usage { date } }",
    ],
    ids=[
        "cop: circular fragment",
        "a fragment of itself",
        "one fragment many times",
        "many errors",
        "cop: directives that are none",
        "cop: field suggestions",
        "variables that nothing uses",
        "one name for two fields",
    ],
)
def test_what_does_not_fit_the_schema_is_refused_with_five_errors_at_most(
    ask, executed, query
) -> None:
    answer = ask(query)
    assert {one["extensions"]["code"] for one in answer.json()["errors"]} == {
        "GRAPHQL_VALIDATION_FAILED"
    }
    assert 1 <= len(answer.json()["errors"]) <= 5
    assert len(answer.content) < 10_000
    assert executed == []


def test_fragments_of_fragments_are_no_attack(ask) -> None:
    spread = times("...F#", 20)
    assert ask(f"{{ {spread} }} {CHAIN}").json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { directive } }",  # cop: field suggestions
        "{ __schema { types { name } } }",  # cop: introspection
        "{ signl }",
        '{ signal(symbl: "A") { __typename } }',
        "qwerty cop { abc }",  # cop: unhandled errors
        "{ __typename }",  # cop: trace mode
    ],
)
def test_strangers_learn_nothing_of_the_schema(ask, executed, query) -> None:
    answer = ask(query, key=False)
    assert answer.status_code == 401
    assert "Did you mean" not in answer.text
    assert [one["extensions"]["code"] for one in answer.json()["errors"]] == ["UNAUTHENTICATED"]
    assert executed == []


@pytest.mark.parametrize("query", ["{ __typename }", "qwerty cop { abc }", "{ usage { no } }"])
def test_no_answer_carries_a_trace(ask, query) -> None:
    """Cop: trace mode and unhandled errors."""
    answer = ask(query, apollo_trace="1", **{"x-apollo-tracing": "1"})
    assert answer.status_code < 500
    text = answer.text.lower()
    assert not any(word in text for word in ("stacktrace", "traceback", "tracing", "exception"))


def test_batches_are_refused(send, executed) -> None:
    """Cop: array-based batching."""
    answer = send([{"query": "{ __typename }"}] * 10)
    assert answer.status_code == 400
    assert "batch" in answer.json()["errors"][0]["message"]
    assert executed == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", "query=%7B__typename%7D"),
        ("text/plain", '{"query": "{ __typename }"}'),
        ("multipart/form-data; boundary=b", "--b\r\n\r\n{}\r\n--b--"),
        ("", '{"query": "{ __typename }"}'),
    ],
)
def test_no_plain_form_is_answered_even_with_a_key(send, executed, content_type, body) -> None:
    """Cop: POST based on URL-encoded queries, which a foreign page can send."""
    answer = send(body.encode(), **{"content-type": content_type})
    assert answer.status_code == 415
    assert executed == []


@pytest.mark.parametrize(
    "query", ["mutation { __typename }", "mutation M { setPlan }", "subscription { __typename }"]
)
def test_a_get_changes_nothing(door, executed, query) -> None:
    """Cop: GET-based mutations."""
    client, secret = door
    path = "/graphql?query=" + urllib.parse.quote(query)
    assert client.get(path).status_code == 401  # a link, an image or a form bring no key
    answer = client.get(path, headers={"x-api-key": secret})
    assert "data" not in answer.json()
    assert executed == []


def test_a_get_needs_a_header_that_no_form_and_no_image_can_send(door, executed) -> None:
    """Cop: GET method support."""
    client, secret = door
    assert client.get("/graphql?query={__typename}").status_code == 401
    assert client.get(f"/graphql?query={{__typename}}&x-api-key={secret}").status_code == 401
    assert executed == []


def test_a_page_of_another_site_may_not_send_the_key_unasked(door) -> None:
    client, _ = door
    answer = client.options(
        "/graphql",
        headers={
            "origin": "https://evil.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "x-api-key, x-evil",
        },
    )
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.status_code == 400  # x-evil is no header of ours


@pytest.mark.parametrize(
    "variables",
    [
        {"s": "A" * 90_000},
        {"s": ["AAPL"] * 5_000},
        {"s": {"a": {"b": {}}}},
        {"s": -(2**63)},
        {f"v{i}": i for i in range(5_000)},
    ],
    ids=["long", "many", "nested", "number", "more than declared"],
)
def test_variables_are_no_way_around(send, variables) -> None:
    query = "query ($s: [Symbol!]!) { signals(symbols: $s) { __typename } }"
    answer = send({"query": query, "variables": variables})
    assert answer.json()["errors"][0]["extensions"]["code"] in {
        "BAD_USER_INPUT",
        "QUERY_TOO_COMPLEX",
    }
    assert len(answer.content) < 5_000


def test_directives_do_not_hide_a_price(ask) -> None:
    symbols = ", ".join(['"IBM"'] * 400)
    records = times("r#: trackRecord { horizon }", 7)
    query = f"""query ($on: Boolean = true) {{ signals(symbols: [{symbols}]) @include(if: $on) {{
                  ... on Signal @skip(if: false) {{ {records} }} }} }}"""
    error = ask(query).json()["errors"][0]["extensions"]
    assert (error["limit"], error["value"]) == ("cost", 400 * 15)


def test_a_query_that_is_too_dear_is_told_its_price(ask) -> None:
    told = ask(TOO_COMPLEX["armor: cost"][0]).json()
    price = told["errors"][0]["extensions"]["value"]
    assert told["extensions"] == {"cost": {"requestedQueryCost": price, "actualQueryCost": 0}}
