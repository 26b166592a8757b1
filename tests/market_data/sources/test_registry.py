"""The table of sources: what it says, and that its page says the same."""

import re
from pathlib import Path

import pytest

from engine.types import Interval
from market_data.sources.opening import REMOTE
from market_data.sources.registry import CREDENTIALS, TERMS, may_redistribute
from tests.market_data.sources.conftest import PROVIDERS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "sources.md"


def test_the_page_of_sources_says_what_the_table_says():
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    told = {name: re.split(r" *[|] *", row) for name, row in rows if "terms](" in row}
    assert set(told) == set(TERMS) - {"file"}
    for name, (intervals, limit, keys, shown, terms) in told.items():
        one = TERMS[name]
        assert intervals == ", ".join(one.intervals)
        apart = f", {one.limit.apart:.0f} s apart" if one.limit.apart else ""
        assert limit == f"{one.limit.requests} in {one.limit.seconds:.0f} s{apart}"
        assert keys.strip() == ", ".join(f"`{key}`" for key in one.credentials)
        assert shown.startswith("yes" if one.redistributable else "no")
        assert ("personal use" in shown) == one.personal_use
        assert terms == f"[terms]({one.terms_page})"


def test_every_source_says_how_it_spells_symbols_and_what_is_particular():
    page = PAGE.read_text(encoding="utf-8")
    table = page[page.index("| source | symbols |") : page.index("## Files")]
    assert set(re.findall(r"^\| `(\w+)` \| \S.* \| \S.* \|$", table, re.MULTILINE)) == set(REMOTE)


def test_every_source_of_the_table_can_be_opened_and_is_tried():
    assert set(REMOTE) == set(TERMS) - {"file"} == set(PROVIDERS)


@pytest.mark.parametrize("name", sorted(TERMS))
def test_every_flag_has_its_reason_and_its_page(name):
    one = TERMS[name]
    assert one.name == name
    assert one.reason.endswith(".")
    assert one.intervals
    assert one.page >= 300
    if name != "file":
        assert one.terms_page.startswith("https://")
        assert one.documentation.startswith("https://")
    # What is for one person's own use cannot be passed on.
    assert not (one.personal_use and one.redistributable)


def test_prices_may_be_passed_on_where_every_origin_allows_it():
    assert may_redistribute([])
    assert may_redistribute(["file", "my broker"])
    assert not may_redistribute(["file", "yahoo"])
    assert may_redistribute(["file", "yahoo"], ["yahoo"])
    assert not may_redistribute(["tiingo", "yahoo"], ["yahoo"])


def test_the_names_of_all_keys_are_listed_once():
    assert list(CREDENTIALS) == sorted(set(CREDENTIALS))
    assert "TIINGO_API_KEY" in CREDENTIALS


def test_what_a_source_does_not_give_is_made_of_the_longest_that_it_does():
    fifteen, hour, four_hours, day, week = Interval
    alpaca, coinbase, tiingo = (TERMS[name] for name in ("alpaca", "coinbase", "tiingo"))
    assert [alpaca.made_of(one) for one in Interval] == [fifteen, fifteen, fifteen, day, week]
    assert [coinbase.made_of(one) for one in (four_hours, week)] == [hour, day]
    assert [tiingo.made_of(one) for one in (hour, day, week)] == [hour, day, day]
