"""What market data refuses or cannot do, each with a text that is safe to show.

MarketDataError
    BadBar               a bar that breaks a rule: unclosed, off the grid, high below low, ...
    BadCsv               a file of bars that is refused whole, with the place and the reason
    BadInstrument        a symbol, tick or calendar that cannot be one
    BadAction            a split or dividend that cannot be one
    BadReadings          readings of sentiment that break a rule
    BadSourceKeys        keys of sources that cannot be read
    BadMessage           a message of a queue that has no meaning
    TooLarge             a file or object beyond what is read
    UnknownSymbol        a symbol of which no bars are kept
    NotReleasable        a row in quarantine that breaks a rule still
    EmptyRange           a stretch of time that ends before it begins
    NothingKept          nothing of that name is kept
    Damaged              what was kept cannot be read any more: its bytes have changed
    StoreUnavailable     the store cannot be read or written now
        StoreUntouched       surely nothing was written
            StoreThrottled       it is asked for more than it takes now
    UnknownFormat        a store written by a newer version of this software
    SourceError          what a source of bars answered instead of bars
        SourceUnavailable    it cannot be reached, or fails, now
            RateLimited      it was asked too often
        UnknownAtSource      it has no such symbol
        NotOffered           it does not give such bars: the interval, the range
        NotPermitted         its credentials are missing, wrong, or not enough
        BadAnswer            its answer is not what it documents
"""

import math

__all__ = [
    "BadAction",
    "BadAnswer",
    "BadBar",
    "BadCsv",
    "BadInstrument",
    "BadMessage",
    "BadReadings",
    "BadSourceKeys",
    "Damaged",
    "EmptyRange",
    "MarketDataError",
    "NotOffered",
    "NotPermitted",
    "NotReleasable",
    "NothingKept",
    "RateLimited",
    "SourceError",
    "SourceUnavailable",
    "StoreThrottled",
    "StoreUnavailable",
    "StoreUntouched",
    "TooLarge",
    "UnknownAtSource",
    "UnknownFormat",
    "UnknownSymbol",
]


class MarketDataError(Exception):
    """Something market data cannot do, said in a sentence."""


class BadBar(MarketDataError):
    """A bar that breaks a rule, so that the delivery it came in is refused whole.

    Parameters
    ----------
    index : int
        Which bar of the delivery, from 0.
    column : str
        The column at fault.
    value : str
        What stands there.
    reason : str
        The rule it breaks.
    """

    def __init__(self, index: int, column: str, value: str, reason: str) -> None:
        super().__init__(f"bar {index}, {column} {value}: {reason}")
        self.index = index
        self.column = column
        self.value = value
        self.reason = reason


class BadCsv(MarketDataError):
    """A file that is refused whole because of one place in it.

    Parameters
    ----------
    file : str
        The file as the caller named it.
    line : int
        Counted from 1, the header included; 0 where the file as a whole is at fault.
    column : str
        The header's own word for the column; empty where the line as a whole is at fault.
    value : str
        What stands there, shortened to 80 characters.
    reason : str
        Why it is refused.
    judged_alone : bool
        Whether an import that holds bad rows in quarantine would take the others.
    """

    def __init__(
        self,
        file: str,
        line: int,
        column: str,
        value: str,
        reason: str,
        *,
        judged_alone: bool = False,
    ) -> None:
        shown = value if len(value) <= 80 else value[:77] + "..."
        place = [file]
        if line:
            place.append(f"line {line}")
        if column:
            place.append(f"column {column}")
        said = f"{shown!r}: {reason}" if shown else reason
        super().__init__(f"{', '.join(place)}: {said}")
        self.file = file
        self.line = line
        self.column = column
        self.value = shown
        self.reason = reason
        self.judged_alone = judged_alone


class BadInstrument(MarketDataError):
    """A symbol, tick or calendar that cannot be one."""


class BadAction(MarketDataError):
    """A split or dividend that cannot be one."""


class BadReadings(MarketDataError):
    """Readings of sentiment that break a rule, so that the delivery is refused whole.

    Parameters
    ----------
    index : int or None
        Which reading of the delivery, from 0; None where it is the delivery as a whole.
    """

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class BadSourceKeys(MarketDataError):
    """Keys of sources that cannot be read, or are none."""


class BadMessage(MarketDataError):
    """A message of a queue that has no meaning."""


class TooLarge(MarketDataError):
    """A file or object beyond what is read."""


class UnknownSymbol(MarketDataError):
    """A symbol of which no bars are kept."""


class NotReleasable(MarketDataError):
    """A row in quarantine that breaks a rule still."""


class EmptyRange(MarketDataError):
    """A stretch of time that ends before it begins."""


class NothingKept(MarketDataError):
    """Nothing of that name is kept."""


class Damaged(MarketDataError):
    """What was kept cannot be read any more: its bytes have changed since."""


class StoreUnavailable(MarketDataError):
    """The store did not answer, or answered that it cannot; whether a write happened is unknown."""


class StoreUntouched(StoreUnavailable):
    """The store was not reached, or waited for in vain: surely nothing was written."""


class StoreThrottled(StoreUntouched):
    """The store answered that it is asked too much, and did nothing."""


class UnknownFormat(MarketDataError):
    """A store written by a newer version of this software."""


class SourceError(MarketDataError):
    """What a source answered instead of bars; the text holds no key and no address.

    Parameters
    ----------
    source : str
        The source's name.
    what : str
        What was wrong, as the rest of a sentence that begins with the source's name.
    """

    def __init__(self, source: str, what: str) -> None:
        super().__init__(f"{source} {what}")
        self.source = source


class SourceUnavailable(SourceError):
    """The source cannot be reached, or fails, now; later it may not.

    Parameters
    ----------
    retry_after : float or None, seconds
        Before then there is no use in asking; None where nobody said.
    """

    def __init__(self, source: str, what: str, retry_after: float | None = None) -> None:
        later = f"; ask again in {_lasting(retry_after)}" if retry_after else ""
        super().__init__(source, what + later)
        self.retry_after = retry_after


class RateLimited(SourceUnavailable):
    """The source was asked more often than it allows."""


class UnknownAtSource(SourceError):
    """The source has no such symbol."""


class NotOffered(SourceError):
    """The source does not give such bars, whoever asks: the interval, or how far back."""


class NotPermitted(SourceError):
    """The source's credentials are missing, wrong, or do not reach as far."""


class BadAnswer(SourceError):
    """The source answered something else than it documents."""


def _lasting(seconds: float) -> str:
    """A time as people say it, and no shorter than it is."""
    for unit, name in ((3_600, "h"), (60, "min")):
        if seconds > 2 * unit:
            return f"{math.ceil(seconds / unit)} {name}"
    return f"{math.ceil(seconds)} s"
