"""From a raw batch to bars that keep every rule, and the rows that do not, each with its reason."""

import enum
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.types import Bars, Float64
from market_data.calendar import OLDEST
from market_data.errors import BadAction
from market_data.instruments import CorporateAction
from market_data.rules import Rule, faults
from market_data.sources.base import RawAction, RawBar, RawBatch

__all__ = ["FIRST", "LAST", "Refusal", "Refused", "Sifted", "sift"]

# No price and no volume is as long; reading what is longer costs time for nothing.
LONGEST = 64
COLUMNS = ("open", "high", "low", "close", "volume")

# Times whose dates are dates; numpy's int64 ends far beyond.
FIRST, LAST = OLDEST, 253_402_300_800_000_000

_OF_DECIMALS = dict.fromkeys(map(ord, "0123456789.+-eE"))
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Refusal(enum.StrEnum):
    """Why a row is not taken, for programs."""

    NOT_A_NUMBER = "NOT_A_NUMBER"
    NOT_FINITE = "NOT_FINITE"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    BROKEN_PRICES = "BROKEN_PRICES"
    OFF_GRID = "OFF_GRID"
    UNCLOSED = "UNCLOSED"
    FUTURE = "FUTURE"
    CONTRADICTED = "CONTRADICTED"
    BAD_ACTION = "BAD_ACTION"


_OF_RULE = {
    Rule.FINITE: Refusal.NOT_FINITE,
    Rule.POSITIVE: Refusal.OUT_OF_RANGE,
    Rule.CONSISTENT: Refusal.BROKEN_PRICES,
    Rule.ON_GRID: Refusal.OFF_GRID,
    Rule.CLOSED: Refusal.UNCLOSED,
    Rule.PAST: Refusal.FUTURE,
}


class Refused(NamedTuple):
    """A row that is not taken.

    Attributes
    ----------
    row : RawBar or RawAction
        As the source gave it.
    code : Refusal
    column : str
        The column at fault.
    reason : str
        The rule it breaks, in words.
    """

    row: RawBar | RawAction
    code: Refusal
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sifted:
    """What a batch holds.

    Attributes
    ----------
    bars : Bars
        Those that keep every rule, oldest first.
    actions : tuple of CorporateAction
        Oldest first.
    refused : tuple of Refused
        All other rows, by time.
    """

    bars: Bars
    actions: tuple[CorporateAction, ...]
    refused: tuple[Refused, ...]


def sift(batch: RawBatch, calendar: str, now: int | None = None) -> Sifted:
    """Hold the rules of `market_data.rules` against each row of a batch.

    Whether a bar had closed is judged at the moment of the fetch, less the source's delay: sifted
    hours later, a bar that was fetched unclosed is unclosed still. Rows that say the same of one
    time count once; where they contradict each other none of them is taken.

    Parameters
    ----------
    calendar : str
    now : int, microseconds UTC, or None
        The clock here, where it may read earlier than the one that stamped the batch.
    """
    fetched = batch.fetched_at if now is None else min(now, batch.fetched_at)
    refused: list[Refused] = []
    rows, numbers = _readable(_agreeing(batch.bars, refused), refused)
    time = np.array([row.time for row in rows], np.int64)
    columns = dict(zip(COLUMNS, numbers, strict=True))
    good = np.ones(len(rows), bool)
    for fault in faults(time, columns, batch.interval, calendar, fetched - batch.delay):
        row, code, reason = rows[fault.bar], _OF_RULE[fault.rule], fault.reason
        if code is Refusal.FUTURE and row.time <= fetched:
            code, reason = Refusal.UNCLOSED, "the bar is not closed yet"
        good[fault.bar] = False
        refused.append(Refused(row, code, fault.column, reason))
    actions = sorted(_actions(batch.actions, refused))
    refused.sort(key=lambda one: one.row[0])
    return Sifted(
        Bars(time[good], **{name: column[good] for name, column in columns.items()}),
        tuple(actions),
        tuple(refused),
    )


def _agreeing(bars: Iterable[RawBar], refused: list[Refused]) -> list[RawBar]:
    """The rows by time, each time once; those that contradict each other are refused."""
    distinct = sorted(set(bars))
    if len({row.time for row in distinct}) == len(distinct):
        return distinct
    told = Counter(row.time for row in distinct)
    for row in distinct:
        if told[row.time] > 1:
            reason = "the same time twice, with different numbers"
            refused.append(Refused(row, Refusal.CONTRADICTED, "time", reason))
    return [row for row in distinct if told[row.time] == 1]


def _readable(rows: list[RawBar], refused: list[Refused]) -> tuple[list[RawBar], list[Float64]]:
    """The rows, sorted by time, whose numbers can be read, and their columns.

    Nearly always that is all of them, so they are read a column at a time; only where one cannot be
    read is each row looked at.
    """
    if rows and rows[0].time >= FIRST and rows[-1].time < LAST:
        _, *texts = zip(*rows, strict=True)
        columns = [_floats(one) for one in texts]
        if None not in columns:
            return rows, [np.array(column, np.float64) for column in columns]
    read = [(row, values) for row in rows if (values := _numbers(row, refused)) is not None]
    table = np.array([values for _, values in read], np.float64).reshape(len(read), len(COLUMNS))
    return [row for row, _ in read], [table[:, i].copy() for i in range(len(COLUMNS))]


def _floats(texts: Sequence[str]) -> list[float] | None:
    """The numbers of decimal texts; None where one of them is none.

    float() also takes blanks, underscores, NaN, infinity and the digits of other scripts, which
    have other characters than those of decimals; what these spell is decimal where it takes it.
    """
    if max(map(len, texts)) > LONGEST or "".join(texts).translate(_OF_DECIMALS):
        return None
    try:
        return list(map(float, texts))
    except ValueError:
        return None


def _numbers(row: RawBar, refused: list[Refused]) -> tuple[float, ...] | None:
    """The numbers of a row; None where it is refused."""
    if not FIRST <= row.time < LAST:
        refused.append(Refused(row, Refusal.OUT_OF_RANGE, "time", "no date is as far away"))
        return None
    values = []
    for name in COLUMNS:
        text = getattr(row, name)
        if not _is_decimal(text):
            finite = text.strip("+-").lower() not in {"nan", "inf", "infinity"}
            code = Refusal.NOT_A_NUMBER if finite else Refusal.NOT_FINITE
            reason = "not a decimal number" if finite else "not a finite number"
            refused.append(Refused(row, code, name, reason))
            return None
        values.append(float(text))
    return tuple(values)


def _actions(actions: Iterable[RawAction], refused: list[Refused]) -> Iterator[CorporateAction]:
    """The actions that can be ones, each once; those that contradict each other are refused."""
    distinct = sorted(set(actions))
    told = Counter((row.ex_time, row.kind) for row in distinct)
    for row in distinct:
        if told[row.ex_time, row.kind] > 1:
            reason = "the same action twice, with different numbers"
            refused.append(Refused(row, Refusal.CONTRADICTED, "value", reason))
            continue
        try:
            yield CorporateAction(row.ex_time, row.kind, _value(row))
        except BadAction as error:
            refused.append(Refused(row, Refusal.BAD_ACTION, "value", str(error)))


def _value(row: RawAction) -> float:
    if not FIRST <= row.ex_time < LAST:
        raise BadAction("no date is as far away")
    parts = row.value.split("/")
    if len(parts) > 2 or not all(_is_decimal(part) for part in parts):
        raise BadAction("neither a decimal number nor a ratio such as 3/2")
    new, old = float(parts[0]), float(parts[-1]) if len(parts) == 2 else 1.0
    if old == 0.0:
        raise BadAction("a ratio to nothing")
    return new / old


def _is_decimal(text: str) -> bool:
    return len(text) <= LONGEST and _DECIMAL.fullmatch(text) is not None
