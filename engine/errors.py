"""What the engine refuses, each with a text that is safe to show to a caller.

EngineError
    BadBars              columns that are no series of bars
    BadSentiment         columns that are no series of sentiment
    BadState             bytes that are no state of a strategy, or not of this engine
    UnknownName          no such indicator or strategy
    BadParameter         a parameter that is unknown, out of its range or of the wrong kind
    NotEnoughHistory     fewer bars than the question needs
"""

__all__ = [
    "BadBars",
    "BadParameter",
    "BadSentiment",
    "BadState",
    "EngineError",
    "NotEnoughHistory",
    "UnknownName",
]


class EngineError(Exception):
    """Something the engine cannot do, said in a sentence for the caller."""


class BadBars(EngineError):
    """Columns that are no series of bars."""


class BadSentiment(EngineError):
    """Columns that are no series of sentiment."""


class BadState(EngineError):
    """Bytes that are no state of a strategy, or not of this engine."""


class UnknownName(EngineError):
    """No indicator or strategy of that name."""


class BadParameter(EngineError):
    """A parameter that is unknown, out of its range or of the wrong kind."""


class NotEnoughHistory(EngineError):
    """Fewer bars than the question needs.

    Parameters
    ----------
    needed, known : int, bars
    """

    def __init__(self, needed: int, known: int) -> None:
        super().__init__(f"{needed} bars are needed and {known} are known")
        self.needed = needed
        self.known = known
