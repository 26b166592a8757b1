"""What a process remembers of decisions: one for each data and strategy, and no more than fit."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.types import Interval
from graphql_api.decisions import Decisions, Question
from graphql_api.judgement import Judge, Judgement
from market_data.stores import SqliteBarStore, SqliteReadingStore

NOW = 1_795_003_200_000_000  # 2026-11-18T12:00:00Z


@pytest.fixture
def ask(tmp_path: Path, sample_bars: Path) -> Iterator[Callable[..., Judgement]]:
    """Asks as a request of its own, over two decisions that are remembered."""
    decisions = Decisions(capacity=2)
    bars = SqliteBarStore(sample_bars, clock=lambda: NOW, read_only=True)
    readings = SqliteReadingStore(tmp_path / "none.sqlite", clock=lambda: NOW)

    def asked(symbol: str, at: int | None = None) -> Judgement:
        judge = Judge(bars, readings, decisions, NOW)
        return judge.ask(Question(symbol, Interval.ONE_DAY, "PRICE_AND_RSI", at=at))

    with closing(bars), closing(readings):
        yield asked


def test_the_least_recently_used_is_forgotten_with_all_that_was_found_of_it(ask) -> None:
    first, second = ask("IBM"), ask("AAPL")
    flips = first.flips()
    assert ask("IBM").decision is first.decision
    assert ask("IBM").flips() is flips
    ask("MSFT")
    assert ask("IBM").decision is first.decision
    assert ask("AAPL").decision is not second.decision
    ask("MSFT")
    again = ask("IBM")
    assert again.decision is not first.decision
    assert again.flips() is not flips
    assert again.flips() == flips


def test_only_of_the_newest_bar_is_anything_kept(ask) -> None:
    newest = ask("IBM")
    for bar in (-1, len(newest.snapshot.bars) - 1):
        assert newest.at(bar).explanation() is newest.explanation()
    older = newest.at(1_000)
    assert older.explanation() is not newest.explanation()
    assert older.explanation() is not older.explanation()
    assert older.explanation() == older.explanation()
    assert set(newest.found) == {("explanation", True)}
