"""Take the sample bars of market_data/sample/ from the PyPI package bokeh_sampledata.

Run once, by hand, in an environment of its own, because the package brings pandas with it:

    uv venv /tmp/sample && uv pip install --python /tmp/sample/bin/python "bokeh_sampledata>=2026.1"
    /tmp/sample/bin/python scripts/take_sample_bars.py

For AAPL, GOOG, IBM and MSFT it writes `SYMBOL.csv.gz`, the daily rows as the source gives them, and
`SYMBOL.actions.csv`, the splits and dividends which the source's adjusted closes imply. The same
input gives the same bytes.

How the actions are derived
---------------------------
The source's open, high, low, close and volume are raw; `adj_close / close` is one factor for all
days between two actions. Where that factor steps up by s on a day that closes at C:

    s is 2, 3, 3/2 ... and the price fell to about 1/s     a split of s new shares for one old
    else                                                   a dividend of (s - 1) * C a share

that is, the source reinvests a dividend at the close of its ex-date. Adjusted closes carry 12 or
more decimals, so the factors between actions agree within 1e-13, and every dividend comes out
within 1e-11 of a whole cent; it is rounded to that, and a step over 1e-6 from one is refused.
The adjusted closes are then computed back from raw closes and actions, and must agree within 1e-9.
The amounts are the ones IBM, Microsoft and Apple published, Microsoft's 3.08 on 2004-11-15 (3.00 of
special dividend and 0.08 of the ordinary one) among them. AAPL's fall of 52 % on 2000-09-29 has no
step in its factor: it was a fall, not a split.

Actions after 2013-03-01 change all factors alike and so leave no step: they are not in the files.
"""

import csv
import gzip
import io
from fractions import Fraction
from pathlib import Path

from bokeh_sampledata import stocks  # type: ignore[import-not-found]

SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")
HOME = Path(__file__).parents[1] / "market_data" / "sample"

# Steps of the factor below this are the rounding of adjusted closes (1e-13); dividends are 1e-3.
STEP = 1e-9
# Splits are fractions of small numbers, and the smallest common one is 3 for 2.
SPLIT_AT_LEAST, SPLIT_TERMS = 1.4, 5


def actions(series):
    """Rows (date, kind, value) that explain every step of the adjustment factor."""
    close = series["close"]
    factor = [adjusted / raw for adjusted, raw in zip(series["adj_close"], close, strict=True)]
    for day in range(1, len(close)):
        step = factor[day] / factor[day - 1]
        if abs(step - 1) < STEP:
            continue
        ratio = Fraction(step).limit_denominator(SPLIT_TERMS)
        fell_with_it = abs(close[day - 1] / close[day] / step - 1) < 0.25
        if step > SPLIT_AT_LEAST and abs(step - ratio) < STEP and fell_with_it:
            yield series["date"][day], "SPLIT", float(ratio)
            continue
        amount = (step - 1) * close[day]
        if step < 1 or abs(amount - round(amount, 2)) > 1e-6:
            raise SystemExit(f"{series['date'][day]}: a step of {step} is no split and no dividend")
        yield series["date"][day], "DIVIDEND", round(amount, 2)


def check(series, rows):
    """Compute the adjusted closes back from raw closes and actions."""
    steps = {}
    for date, kind, value in rows:
        close = series["close"][series["date"].index(date)]
        steps[date] = value if kind == "SPLIT" else 1 + value / close
    factor = series["adj_close"][-1] / series["close"][-1]
    days = zip(series["date"], series["close"], series["adj_close"], strict=True)
    for date, close, adjusted in reversed(list(days)):
        if abs(close * factor / adjusted - 1) > 1e-9:
            raise SystemExit(f"{date}: {close} with its actions is not {adjusted}")
        factor /= steps.get(date, 1.0)


def plain(number):
    """A number as the shortest text that reads back to it, without an idle `.0`."""
    return repr(number).removesuffix(".0")


def text(header, rows):
    """CSV with plain line ends."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def main():
    for symbol in SYMBOLS:
        series = getattr(stocks, symbol)
        found = list(actions(series))
        check(series, found)
        columns = ("date", "open", "high", "low", "close", "volume")
        rows = zip(*(series[column] for column in columns), strict=True)
        bars = text(columns, ((date, *map(plain, values)) for date, *values in rows))
        # No name and no time in the header: the same rows are the same bytes.
        (HOME / f"{symbol}.csv.gz").write_bytes(gzip.compress(bars, 9, mtime=0))
        found_rows = ((date, kind, plain(value)) for date, kind, value in found)
        (HOME / f"{symbol}.actions.csv").write_bytes(text(("date", "kind", "value"), found_rows))
        print(f"{symbol}: {len(series['date'])} bars, {len(found)} actions")


if __name__ == "__main__":
    main()
