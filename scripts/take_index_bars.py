"""Take the bars of two indices for the engine's tests from the PyPI package arch.

Run once, by hand; nothing of the package is imported, only its data are read out of the wheel:

    pip download --no-deps arch==8.0.0 && python scripts/take_index_bars.py arch-8.0.0-*.whl

It writes `SYMBOL.csv.gz` with the columns of the sample bars. The same input gives the same bytes.
"""

import csv
import gzip
import io
import sys
import zipfile
from datetime import datetime
from pathlib import Path

HOME = Path(__file__).parents[1] / "tests" / "engine" / "series"
COLUMNS = ("Open", "High", "Low", "Close", "Volume")


def take(wheel, name):
    """One series as bytes of a compressed CSV."""
    packed = gzip.decompress(wheel.read(f"arch/data/{name}/{name}.csv.gz")).decode()
    text = io.StringIO(newline="")
    out = csv.writer(text, lineterminator="\n")
    out.writerow(["date", *(column.lower() for column in COLUMNS)])
    for row in csv.DictReader(io.StringIO(packed)):
        day = datetime.strptime(row["Date"], "%m/%d/%Y").date()  # noqa: DTZ007
        out.writerow([day.isoformat(), *(row[column] for column in COLUMNS)])
    return gzip.compress(text.getvalue().encode(), mtime=0)


def main():
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        for name in ("sp500", "nasdaq"):
            (HOME / f"{name.upper()}.csv.gz").write_bytes(take(wheel, name))


if __name__ == "__main__":
    main()
