"""What a strategy answers: reasons that vote, what each vote weighs, and what they come to."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, cast

import numpy as np

from engine.arithmetic import divided
from engine.fork import Fork, last_of, past_of
from engine.types import Flags, Float64, Int8
from engine.wording import Sentence

__all__ = ["Reason", "Verdict", "agree", "beyond_levels", "join", "mean_of_means"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reason:
    """One rule and what it says of each bar.

    Parameters
    ----------
    indicator : str or None
        The indicator that it reads, by its name in the catalogue; None for what is no indicator.
    label : str
        As it is shown: EMA(50).
    group : str
        What it belongs to: moving averages, oscillators, ...
    value : (n,) float64
        What the indicator says.
    vote : (n,) float64
        -1 for selling to 1 for buying; NaN while warming up.
    sentence : callable
        The reason in words, by the bar's index.
    """

    indicator: str | None
    label: str
    group: str
    value: Float64
    vote: Float64
    sentence: Sentence


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """Reasons, and what follows from them on each bar.

    Parameters
    ----------
    reasons : tuple of Reason
    rating : (n,) int8
        Rating of each bar, decided without rounding wherever votes are whole numbers.
    judged : (n,) bool
        Whether the bar can be judged at all; once it can, every later one can.
    weigh : callable
        What each reason weighs on each bar, a column a reason: it contributes its weight times its
        vote to the score. 0 while the reason warms up, and on bars that are not judged. It is asked
        for only by those who want the score.

    Notes
    -----
    The score is 0 on a market that says nothing. The action is the side on which the rating lies.
    """

    reasons: tuple[Reason, ...]
    rating: Int8
    judged: Flags
    weigh: Callable[[], Sequence[Float64]]

    @property
    def action(self) -> Int8:
        """BUY, HOLD or SELL as 1, 0 or -1."""
        return np.sign(self.rating)


def agree(*reasons: Reason) -> Verdict:
    """Buy when all reasons say buy, sell when all say sell, and hold otherwise.

        score = sum(votes) / reasons

    Each vote must be -1, 0 or 1; the action is decided on their sum, a whole number.

    Examples
    --------
    >>> def says(*votes):
    ...     vote = np.array(votes, dtype=float)
    ...     return Reason(
    ...         indicator=None, label="", group="", value=vote, vote=vote, sentence=str
    ...     )
    >>> agree(says(1, 1, -1), says(1, 0, -1)).action.tolist()
    [1, 0, -1]
    """
    total = reasons[0].vote
    for reason in reasons[1:]:
        total = total + reason.vote
    count = len(reasons)
    judged = total == total  # NaN as soon as one of them is
    rating = (total == count).astype(np.int8) - (total == -count).astype(np.int8)
    return Verdict(reasons, rating, judged, lambda: [judged / count] * count)


def join(price: Verdict, other: Reason) -> Verdict:
    """One verdict and one more reason, each with half of the say.

        score = (action of the verdict + vote of the reason) / 2

    Where both agree their action stands, where one is neutral the other is followed, and where they
    disagree the market is left alone. The vote must be -1, 0 or 1; a side that says nothing
    contributes nothing: while the verdict holds, its reasons weigh 0.

    Examples
    --------
    >>> def says(*votes):
    ...     vote = np.array(votes, dtype=float)
    ...     return Reason(
    ...         indicator=None, label="", group="", value=vote, vote=vote, sentence=str
    ...     )
    >>> join(agree(says(1, 1, 1, 0)), says(1, 0, -1, -1)).rating.tolist()
    [2, 1, 0, -1]
    """
    side = price.action

    def weigh() -> list[Float64]:
        weights = price.weigh()
        said = np.zeros_like(other.vote)
        for weight, reason in zip(weights, price.reasons, strict=True):
            said = said + np.where(weight == 0.0, 0.0, weight * reason.vote)
        share = divided(np.where(side == 0, 0.0, 0.5), np.abs(said), otherwise=0.0)
        shared = [np.multiply(weight, share) for weight in weights]
        return [*shared, np.where(price.judged, 0.5, 0.0)]

    rating = ((side + other.vote) * price.judged).astype(np.int8)
    return Verdict((*price.reasons, other), rating, price.judged, weigh)


def mean_of_means(*groups: tuple[Reason, ...], weak: Fraction, strong: Fraction) -> Verdict:
    """Average the votes of each group, then the groups, and rate the mean of means.

        score = mean over groups of (sum of votes / reasons known)

    A reason that is warming up is left out of its mean; a bar is judged once each group has one
    that is known. Each vote must be -1, 0 or 1.

    Parameters
    ----------
    *groups : tuples of Reason
    weak, strong : Fraction
        Beyond weak the rating is BUY or SELL, beyond strong it is the strong one.

    Notes
    -----
    The rating compares whole numbers, sum(votes of a group * product of the other groups' counts)
    against threshold * groups * product of all counts, so a score on a threshold is never moved
    across it by rounding.
    """
    tallies = [_tally([reason.vote for reason in group]) for group in groups]
    product = math.prod((tally.members for tally in tallies), start=np.ones(()))
    total = np.zeros(())
    for group, tally in enumerate(tallies):
        others = (other.members for other in tallies[:group] + tallies[group + 1 :])
        total = total + tally.total * math.prod(others, start=np.ones(()))
    judged = product > 0.0
    rating = np.zeros_like(product, dtype=np.int8)
    for threshold in (weak, strong):
        reached = total * threshold.denominator
        needed = product * (threshold.numerator * len(groups))
        rating = rating + (reached > needed).astype(np.int8) - (reached < -needed).astype(np.int8)
    rating = rating * judged

    def weigh() -> list[Float64]:
        weights: list[Float64] = []
        for tally in tallies:
            each = divided(np.ones_like(tally.members), tally.members * len(groups), otherwise=0.0)
            weight = judged * each
            weights += [np.where(known, weight, 0.0) for known in tally.known]
        return weights

    reasons = tuple(reason for group in groups for reason in group)
    return Verdict(reasons, rating, judged, weigh)


class _Tally(NamedTuple):
    """The sum of a group's votes, how many of them are known, and which, bar by bar."""

    total: Float64
    members: Float64
    known: Sequence[Flags] | Flags


def _tally(votes: list[Float64]) -> _Tally:
    if any(isinstance(vote, Fork) for vote in votes):
        past, last = _tally([past_of(vote) for vote in votes]), [last_of(vote) for vote in votes]
        both = zip(past, _tally_each(last), strict=False)
        total, count = (cast("Float64", Fork(*parts)) for parts in both)
        return _Tally(total, count, [vote == vote for vote in votes])
    whole = np.stack(votes)
    known = whole == whole  # what warms up is NaN, which equals nothing
    np.copyto(whole, 0.0, where=~known)
    count = known.sum(axis=0, dtype=np.int16).astype(np.float64)
    return _Tally(whole.sum(axis=0), count, known)


def _tally_each(votes: list[Float64]) -> tuple[Float64, Float64]:
    """Sum and count vote by vote, which is faster where all are known."""
    total = count = np.zeros(1)
    for vote in votes:
        known = vote == vote
        if known.all():
            total, count = total + vote, count + 1.0
        else:
            total, count = total + np.where(known, vote, 0.0), count + known
    return total, count


def beyond_levels(value: Float64, low: float, high: float) -> Float64:
    """Votes of a value: 1 above ``high``, -1 below ``low``, 0 between, NaN while warming up.

    Examples
    --------
    >>> beyond_levels(np.array([np.nan, 60.0, 50.0, 40.0]), 45.0, 55.0).tolist()
    [nan, 1.0, 0.0, -1.0]
    """
    return np.where(value > high, 1.0, np.where(value < low, -1.0, value * 0.0))
