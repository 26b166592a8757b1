"""What the custom scalars are, word for word: the page that the schema's @specifiedBy names."""

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["scalars"]

_TEXT = """\
The custom scalars of IntellPulse
=================================

Symbol
------
An instrument's name in queries.

    symbol = 1*20( %x41-5A / DIGIT / "." / "-" / "^" / "=" )       ; A to Z, and these

As AAPL, BRK-B, BTC-USD, ^GSPC or EURUSD=X. A string, in capitals; input that has small letters is
refused, and the refusal says what to write. Two symbols are the same where their characters are.
It is answered as it was kept. An integer is no Symbol.

DateTime
--------
A moment, by RFC 3339, in microseconds.

Input is a string by its section 5.6: a date, "T", a time with seconds, and an offset from UTC or
"Z", the letters in either case. Digits of a second past the sixth are cut off. An offset of -00:00
is UTC. A leap second, whose seconds are 60, is refused, as is a time without an offset.

It is answered in UTC with "Z", and with a fraction of one to six digits only where there is one:
2026-01-31T16:00:00Z, 2026-01-31T16:00:00.25Z. That is where it differs from
https://scalars.graphql.org/andimarek/date-time, which always has three.

Date
----
A day of UTC, by https://scalars.graphql.org/andimarek/local-date: YYYY-MM-DD.
"""


async def scalars(_: Request) -> Response:
    """The page, which is the same for all and changes only with a release."""
    return Response(
        _TEXT,
        media_type="text/plain",
        headers={"cache-control": "public, max-age=3600", "x-content-type-options": "nosniff"},
    )
