"""What a strategy answers: reasons that vote, what each vote weighs, and what they come to."""

from dataclasses import dataclass

import numpy as np

from engine.types import Float64, Int8
from engine.wording import Sentence

__all__ = ["Reason", "Verdict", "agree", "beyond_levels"]


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
    """Reasons, what each weighs on each bar, and what follows from them.

    Parameters
    ----------
    reasons : tuple of Reason
    weights : tuple of (n,) float64, one a reason
        A reason contributes its weight times its vote to the score; a reason that is warming up
        weighs 0.
    rating : (n,) int8
        Rating of each bar, decided without rounding wherever votes are whole numbers.
    judged : (n,) bool
        Whether the bar can be judged at all; once it can, every later one can.

    Notes
    -----
    The score is 0 on a market that says nothing. The action is the side on which the rating lies.
    """

    reasons: tuple[Reason, ...]
    weights: tuple[Float64, ...]
    rating: Int8
    judged: np.typing.NDArray[np.bool_]

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
    weight = judged * (1.0 / count)
    rating = (total == count).astype(np.int8) - (total == -count).astype(np.int8)
    return Verdict(reasons, (weight,) * count, rating, judged)


def beyond_levels(value: Float64, low: float, high: float) -> Float64:
    """Votes of a value: 1 above ``high``, -1 below ``low``, 0 between, NaN while warming up.

    Examples
    --------
    >>> beyond_levels(np.array([np.nan, 60.0, 50.0, 40.0]), 45.0, 55.0).tolist()
    [nan, 1.0, 0.0, -1.0]
    """
    return np.where(value > high, 1.0, np.where(value < low, -1.0, value * 0.0))
