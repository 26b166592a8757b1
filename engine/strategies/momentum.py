"""Strategies that follow what a market did over months."""

from typing import Annotated

from engine.catalog import Between, strategy
from engine.errors import BadParameter
from engine.indicators.rates import roc
from engine.types import Prices, Rating
from engine.verdict import Reason, Verdict, agree, beyond_levels
from engine.windows import aligned, lagged
from engine.wording import Sentence, side, warming

__all__ = ["momentum"]


@strategy(
    version="1",
    lookback=lambda formation: formation,
    thresholds={Rating.BUY: 0.0, Rating.NEUTRAL: 0.0, Rating.SELL: -1.0},
)
def momentum(
    close: Prices,
    formation: Annotated[int, Between(2, 500)] = 252,
    skip: Annotated[int, Between(0, 250)] = 21,
    threshold: Annotated[float, Between(0, 100)] = 0.0,
) -> Verdict:
    """Momentum: what rose over a year, its last month apart, goes on rising.

    Buy after a gain from ``formation`` bars ago to ``skip`` bars ago, sell after a loss. On daily
    bars the defaults are the twelve months before the last one, which is left out because the
    newest month tends to turn back. Today's close is no part of it, so it has no flip price.

    Parameters
    ----------
    close : (n,) float64
        Closing prices, oldest first.
    formation : int, bars
        How far back the return begins; more than skip.
    skip : int, bars
        How far back it ends.
    threshold : float, percent
        Smaller returns, up or down, are no momentum.

    Raises
    ------
    BadParameter
        When ``skip`` is not less than ``formation``.

    References
    ----------
    N. Jegadeesh, S. Titman, Returns to Buying Winners and Selling Losers, Journal of Finance 48
    (1993), 65-91, who rank stocks; by the sign of a market's own return as in T. J. Moskowitz, Y.
    H. Ooi, L. H. Pedersen, Time Series Momentum, Journal of Financial Economics 104 (2012).
    """
    if skip >= formation:
        raise BadParameter(f"MOMENTUM: skip ({skip}) must be less than formation ({formation})")
    value = aligned(lagged(roc(close, formation - skip), skip), close.shape[-1])
    return agree(
        Reason(
            indicator="ROC",
            label=f"return from {formation} to {skip} bars ago",
            group="momentum",
            value=value,
            vote=beyond_levels(value, -threshold, threshold),
            sentence=_gained(value, formation, skip, threshold),
        )
    )


def _gained(value: Prices, formation: int, skip: int, threshold: float) -> Sentence:
    """In words: "gained 12.3 % from 252 to 21 bars ago"."""

    def sentence(bar: int) -> str:
        change = float(value[bar])
        if change != change:
            return warming(f"return from {formation} to {skip} bars ago")
        said = f"{side(change, 0.0, 'gained', 'lost', 'changed')} {abs(change):.1f} %"
        small = f", within {threshold:g} %" if threshold and abs(change) <= threshold else ""
        return f"{said} from {formation} to {skip} bars ago{small}"

    return sentence
