"""What was found of a decision's newest bar is found once, for all requests, and is never stale."""

import pytest

import engine

EXPLANATION = """query ($symbol: Symbol!, $at: DateTime) {
  explanation(symbol: $symbol, at: $at) { ... on Explanation {
    summary contributions { label contribution reason }
    flips { action price changePercent } nextFlips { action price changePercent }
    signal { barTime close } } } }"""
HISTORY = """{ signalHistory(symbol: "IBM") { ... on SignalHistory { signals(last: 3) {
  nodes { barTime explanation { summary flips { price } nextFlips { price } } } } } } }"""


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the engine was asked to find, call by call."""
    calls: list[str] = []

    def watch(name: str) -> None:
        find = getattr(engine, name)

        def watched(*arguments: object, **named: object) -> object:
            calls.append(name)
            return find(*arguments, **named)

        monkeypatch.setattr(engine, name, watched)

    for name in ("flips", "next_flips", "explain"):
        watch(name)
    return calls


def test_who_asks_again_is_told_the_same_without_another_search(
    http, ask, new_key, searched
) -> None:
    first = ask(http, EXPLANATION, new_key(http), symbol="IBM").json["data"]
    assert sorted(searched) == ["explain", "flips", "next_flips"]
    again = ask(http, EXPLANATION, new_key(http), symbol="IBM").json["data"]
    assert again == first
    assert len(searched) == 3
    ask(http, EXPLANATION, symbol="MSFT")
    assert len(searched) == 6


def test_another_moment_is_another_decision(http, ask, new_key, searched) -> None:
    key = new_key(http)
    told = {
        ask(http, EXPLANATION, key, symbol="IBM", at=f"2013-02-{day}T23:00:00Z").body
        for day in ("26", "27", "28")
    }
    assert len(told) == 3
    assert len(searched) == 9


def test_bars_of_a_page_are_found_each_by_itself_and_the_newest_as_ever(
    http, ask, new_key, searched
) -> None:
    key = new_key(http)
    newest = ask(http, EXPLANATION, key, symbol="IBM").json["data"]["explanation"]
    for times in (1, 2):
        nodes = ask(http, HISTORY, key).json["data"]["signalHistory"]["signals"]["nodes"]
        assert len(searched) == 3 + 6 * times
        summaries = [node["explanation"]["summary"] for node in nodes]
        assert len(set(summaries)) == 3
        assert summaries[-1] == newest["summary"]
    for node in nodes:
        then = ask(http, EXPLANATION, key, symbol="IBM", at=node["barTime"][:10] + "T23:59:59Z")
        there = then.json["data"]["explanation"]
        assert there["signal"]["barTime"] == node["barTime"]
        assert node["explanation"]["summary"] == there["summary"]
        for kind in ("flips", "nextFlips"):
            prices = [flip["price"] for flip in there[kind]]
            assert [flip["price"] for flip in node["explanation"][kind]] == prices
