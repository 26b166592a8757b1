"""Explanations: the reasons of one bar in words, with contributions that add up to its score."""

import math
from dataclasses import dataclass

from engine.decision import Decision
from engine.errors import BadParameter, NotEnoughHistory
from engine.types import Action
from engine.verdict import Reason
from engine.wording import in_percent_of, listed

__all__ = ["WITHOUT_UNIT", "Contribution", "Explanation", "explain", "judged_bar"]

WITHOUT_UNIT = frozenset(
    {
        "ADX",
        "AROON",
        "CCI",
        "CHAIKIN_MONEY_FLOW",
        "DRAWDOWN",
        "HISTORICAL_VOLATILITY",
        "MFI",
        "NATR",
        "ROC",
        "RSI",
        "STOCHASTIC",
        "STOCHASTIC_FAST",
        "STOCHASTIC_RSI",
        "TSI",
        "ULTIMATE_OSCILLATOR",
        "WILLIAMS_R",
        "Z_SCORE",
    }
)
"""Indicators that are the same whatever all prices and all volumes are multiplied by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """One rule's share of the score.

    Parameters
    ----------
    indicator : str or None
        What the rule reads, by its name in the catalogue; None for what is no indicator.
    label : str
        As it is shown: EMA(50).
    group : str
        What it belongs to: moving averages, oscillators, ...
    value : float or None
        What the indicator says, in its own unit; None while it is warming up, and the next three
        are then 0.
    vote : float on [-1, 1]
        For selling to for buying.
    weight : float
        What the vote counts on this bar.
    contribution : float
        Weight times vote.
    reason : str
        The same in words, with its numbers.
    """

    indicator: str | None
    label: str
    group: str
    value: float | None
    vote: float
    weight: float
    contribution: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a bar was judged as it was.

    Parameters
    ----------
    summary : str
        Action, score and reasons in one sentence.
    baseline : float
        The score before anything has spoken; with all contributions it sums to the score, within
        1e-15.
    score : float on [-1, 1]
        That of the decision on this bar.
    action : Action
        That of the decision, decided without rounding.
    contributions : tuple of Contribution
        One a rule, in the order of the strategy.
    """

    summary: str
    baseline: float
    score: float
    action: Action
    contributions: tuple[Contribution, ...]


def judged_bar(decision: Decision, bar: int) -> int:
    """The index of a bar from the start, for one that may count from the end.

    Raises
    ------
    BadParameter
        When there is no such bar.
    NotEnoughHistory
        When the bar lies before the first one judged.
    """
    count = len(decision.bars)
    if not -count <= bar < count:
        raise BadParameter(f"bar {bar} is none of the {count} bars that were judged")
    index = bar % count
    if index < decision.first:
        raise NotEnoughHistory(decision.first + 1, index + 1)
    return index


def explain(decision: Decision, bar: int = -1, *, prices: bool = True) -> Explanation:
    """The reasons of one bar.

    Parameters
    ----------
    decision : Decision
        The whole history, judged.
    bar : int
        Which bar; negative ones count from the end.
    prices : bool
        Whether prices may be told. If not, reasons are worded in percent of the close, values that
        are prices or volumes are None, and others have four digits.

    Returns
    -------
    Explanation

    Raises
    ------
    BadParameter
        When there is no such bar.
    NotEnoughHistory
        When the bar lies before the first one judged.
    """
    index = judged_bar(decision, bar)
    with in_percent_of(None if prices else float(decision.bars.close[index])):
        contributions = tuple(
            Contribution(
                indicator=reason.indicator,
                label=reason.label,
                group=reason.group,
                value=_told(reason, index, prices),
                vote=_known(float(reason.vote[index])) or 0.0,  # of two zeros the positive one
                weight=float(decision.weights[rule, index]),
                contribution=float(decision.contributions[rule, index]),
                reason=reason.sentence(index),
            )
            for rule, reason in enumerate(decision.reasons)
        )
    action = Action(decision.action[index])
    score = float(decision.score[index])
    return Explanation(
        summary=_summary(action, score, contributions),
        baseline=decision.baseline,
        score=score,
        action=action,
        contributions=contributions,
    )


def _told(reason: Reason, index: int, prices: bool) -> float | None:
    """The value of a reason, or what may be told of it."""
    value = _known(float(reason.value[index]) + 0.0)
    if prices or value is None or reason.indicator is None:
        return value
    return float(f"{value:.4g}") if reason.indicator in WITHOUT_UNIT else None


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _summary(action: Action, score: float, contributions: tuple[Contribution, ...]) -> str:
    """Action and score, then all reasons if they are few, else a count of each group."""
    head = f"{action.name} with a score of {score:+.2f}: "
    if len(contributions) <= 4:
        return head + "; ".join(each.reason for each in contributions) + "."
    groups = dict.fromkeys(each.group for each in contributions)
    return head + "; ".join(_counted(group, contributions) for group in groups) + "."


def _counted(group: str, contributions: tuple[Contribution, ...]) -> str:
    """How many of a group say what: "of 15 moving averages 12 say buy and 3 say sell"."""
    votes = [each.vote for each in contributions if each.group == group and each.weight]
    counts = {
        "say buy": sum(vote > 0 for vote in votes),
        "say sell": sum(vote < 0 for vote in votes),
        "say neither": sum(vote == 0 for vote in votes),
    }
    said = [f"{count} {what}" for what, count in counts.items() if count]
    return f"of {len(votes)} {group} {listed(said)}" if votes else f"no {group} count"
