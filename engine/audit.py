"""The look-ahead audit: a strategy that never looks ahead decides the same when it knows less.

What a strategy said of a bar must not depend on the bars after it. So it is run again on histories
that end earlier, and each must give what the whole one gave for the same bars.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from engine.decision import Decision, decide
from engine.errors import BadBars, BadParameter, NotEnoughHistory
from engine.parameters import Parameter
from engine.types import Bars, Float64, Int64

__all__ = ["Difference", "LookAheadAudit", "audit"]

RELATIVE, ABSOLUTE = 1e-9, 1e-12  # sums over other lengths may differ in their last digits

_HISTORIES = Parameter(
    name="histories",
    default=32,
    minimum=1,
    maximum=10_000,
    description="How many truncated histories to run at most.",
    integer=True,
)

Columns = Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A bar that is judged otherwise once more bars are known.

    Parameters
    ----------
    what : str
        Which answer differs: action, rating, score, or the name that the strategy gave it.
    bar : int
        Index of the bar.
    time : int, microseconds since the epoch
        When it opened.
    known : int
        How many bars the truncated history has.
    truncated, whole : float or None
        What it says with those alone, and with all; None where that is no number.
    """

    what: str
    bar: int
    time: int
    known: int
    truncated: float | None
    whole: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAheadAudit:
    """Whether a strategy decides without the bars to come.

    Parameters
    ----------
    passed : bool
        Whether every truncated history gave the same. False where there was none to run.
    bars : int
        How many the whole history has.
    histories : int
        How many truncated ones were compared.
    difference : Difference or None
        The first that was found, in the shortest history that shows one.
    """

    passed: bool
    bars: int
    histories: int
    difference: Difference | None


def audit(
    strategy: Decision | str | Callable[[Bars], object],
    bars: Bars | None = None,
    histories: int = 32,
    *,
    least: int | None = None,
    **parameters: object,
) -> LookAheadAudit:
    """Run a strategy again on truncated histories, and compare.

    Parameters
    ----------
    strategy : Decision, str or callable
        A decision that was made, to be made again by its strategy and with the sentiment that it
        heard; a strategy by its name in the catalogue; or any function of bars that answers one
        number a bar: an array, several in a tuple or by name, or a Decision.
    bars : Bars
        The whole history. A decision brings its own.
    histories : int, 1 to 10,000
        How many truncated histories to run at most. This bounds the cost: about half as many runs
        over the whole history.
    least : int, bars
        How long a history of a function must be. If not given, a tenth of the whole one and at
        least two, for few functions can do with one bar. A strategy of the catalogue knows itself.
    **parameters : int or float
        Of a strategy from the catalogue, what differs from the defaults.

    Returns
    -------
    LookAheadAudit

    Raises
    ------
    BadBars
        When bars are missing, or given beside a decision and not its own.
    BadParameter
        When histories are out of their range, or a function does not answer one number a bar.
    UnknownName, NotEnoughHistory
        As ``decide`` does.

    Notes
    -----
    Half of the histories end at bars on which the answer changes, for a rule that peeks shows
    itself where the peek made it act; every kind of change, from buying to holding and so on, has
    its share. The other half end at evenly spread bars. The choice is the same for the same bars.

    Whole numbers must be equal, others within 1e-9 of each other. A history that the strategy finds
    too short is left out. A pass says that no history showed a difference, not that none could.

    Examples
    --------
    >>> close = np.array([1.0, 2.0, 3.0, 2.0, 4.0, 1.0])
    >>> bars = Bars(np.arange(6), close, close, close, close, close)
    >>> audit(lambda bars: np.sign(np.diff(bars.close, prepend=1.0)), bars).passed
    True
    >>> audit(lambda bars: np.sign(bars.close - bars.close.mean()), bars).difference.known
    2
    """
    limit = int(_HISTORIES.checked(histories, "look-ahead audit"))
    run, whole, bars, first = _subject(strategy, bars, least, parameters)
    compared = 0
    for known in _ends(whole, first, len(bars), limit).tolist():
        try:
            part = _columns(run(bars[:known]), known)
        except NotEnoughHistory:
            continue
        compared += 1
        difference = _difference(part, whole, bars, known)
        if difference is not None:
            return LookAheadAudit(
                passed=False, bars=len(bars), histories=compared, difference=difference
            )
    return LookAheadAudit(passed=compared > 0, bars=len(bars), histories=compared, difference=None)


class _Subject(NamedTuple):
    """What is audited: a function of bars, what it answers on all of them, and from which bar."""

    run: Callable[[Bars], object]
    whole: Columns
    bars: Bars
    first: int


def _subject(
    strategy: Decision | str | Callable[[Bars], object],
    bars: Bars | None,
    least: int | None,
    parameters: Mapping[str, object],
) -> _Subject:
    run: Callable[[Bars], object]
    if isinstance(strategy, Decision):
        if parameters or (bars is not None and bars is not strategy.bars):
            raise BadBars("a decision is audited with its own bars and parameters")
        run = _again(strategy.strategy.name, strategy.parameters, strategy.sentiment)
        whole = _columns(strategy, len(strategy.bars))
        return _Subject(run, whole, strategy.bars, strategy.first)
    if bars is None:
        raise BadBars("a strategy is audited on bars: give them")
    run = _again(strategy, parameters) if isinstance(strategy, str) else strategy
    answer = run(bars)
    if isinstance(answer, Decision):
        first = answer.first
    else:
        first = max(2, len(bars) // 10 if least is None else least) - 1
    return _Subject(run, _columns(answer, len(bars)), bars, first)


def _again(
    name: str, parameters: Mapping[str, object], heard: Float64 | None = None
) -> Callable[[Bars], Decision]:
    """The strategy, with what was heard beside the bars cut off where they are."""

    def run(bars: Bars) -> Decision:
        return decide(name, bars, None if heard is None else heard[: len(bars)], **parameters)

    return run


def _columns(answer: object, count: int) -> Columns:
    """What a strategy answered, by name, one number a bar."""
    named: Mapping[str, Any]
    if isinstance(answer, Decision):
        named = {name: getattr(answer, name) for name in ("action", "rating", "score")}
    elif isinstance(answer, Mapping):
        named = answer
    elif isinstance(answer, tuple):
        named = {f"answer {place}": column for place, column in enumerate(answer, start=1)}
    else:
        named = {"answer": answer}
    columns = {name: np.asarray(column) for name, column in named.items()}
    for name, column in columns.items():
        if column.shape != (count,) or column.dtype.kind not in "biuf":
            raise BadParameter(f"look-ahead audit: {name} is not one number for each bar")
    return columns


def _ends(columns: Columns, first: int, count: int, limit: int) -> Int64:
    """How many bars each truncated history has, increasing; each has one that is judged."""
    room = np.arange(first + 1, count)
    if len(room) <= limit:
        return room
    by_kind = [changes for column in columns.values() for changes in _changes(column, first)]
    chosen: set[int] = set()
    turn = 0
    spread = [_spread(changes, limit) for changes in by_kind]
    while len(chosen) < limit // 2 and turn < limit:
        for changes in spread:
            if turn < len(changes) and len(chosen) < limit // 2:
                chosen.add(int(changes[turn]) + 1)
        turn += 1
    chosen.discard(count)
    even = np.linspace(room[0], room[-1], limit - len(chosen)).round().astype(np.int64)
    return np.array(sorted(chosen.union(even.tolist())), dtype=np.int64)


def _changes(column: np.ndarray[Any, Any], first: int) -> list[Int64]:
    """The bars on which an answer goes from one sign to another, by kind of change."""
    side = np.nan_to_num(np.sign(column.astype(np.float64)), nan=2.0).astype(np.int64)
    kind = 4 * side[1:] + side[:-1]
    bars = np.flatnonzero((side[1:] != side[:-1]) & (np.arange(1, len(side)) > first)) + 1
    # Not np.unique, which imports numpy.ma at its first use.
    return [bars[kind[bars - 1] == each] for each in sorted(set(kind[bars - 1].tolist()))]


def _spread(bars: Int64, limit: int) -> Int64:
    """At most so many of the bars, those in the middle of equal stretches, in a mixed order."""
    wanted = min(len(bars), limit)
    places = ((np.arange(wanted) + 0.5) * len(bars) / wanted).astype(np.int64)
    # By the golden ratio, so that any number of them from the front lies evenly.
    order = np.argsort((np.arange(wanted) * 0.6180339887498949) % 1.0, kind="stable")
    return bars[places[np.argsort(order, kind="stable")]]


def _difference(part: Columns, whole: Columns, bars: Bars, known: int) -> Difference | None:
    """The first bar on which the two disagree."""
    if part.keys() != whole.keys():
        raise BadParameter("look-ahead audit: the answers of two histories have other names")
    found = None
    for what, column in part.items():
        expected = whole[what][:known]
        if column.dtype.kind == expected.dtype.kind != "f":
            same = column == expected
        else:
            same = np.isclose(column, expected, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
        if same.all():
            continue
        bar = int(np.argmin(same))
        if found is None or bar < found.bar:
            found = Difference(
                what=what,
                bar=bar,
                time=int(bars.time[bar]),
                known=known,
                truncated=_number(column[bar]),
                whole=_number(expected[bar]),
            )
    return found


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
