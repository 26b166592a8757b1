"""How good or bad a headline sounds, by VADER's lexicon and rules."""

from collections.abc import Callable
from functools import lru_cache

__all__ = ["vader"]


@lru_cache(maxsize=1)
def vader() -> Callable[[str], float]:
    """What scores a text from 0 to 1, 0.5 being neutral: VADER's compound score c as (c + 1) / 2.

    It is loaded when it is first asked for, which reads a lexicon of 7,500 words; no request does.

    References
    ----------
    C. J. Hutto and E. Gilbert, VADER: A Parsimonious Rule-based Model for Sentiment Analysis of
    Social Media Text, ICWSM (2014); the package vaderSentiment is theirs.
    """
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()

    def score(text: str) -> float:
        return (float(analyzer.polarity_scores(text)["compound"]) + 1.0) / 2.0

    return score
