"""Seeds the sample bars into one SQLite file for the image, sealed so that it opens read-only.

python scripts/bake_bars.py FILE
"""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from market_data.sample import seed
from market_data.stores import SqliteBarStore


def main(path: Path) -> None:
    store = SqliteBarStore(path)
    seed(store)
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        # A write-ahead log needs a folder that can be written even to read; Lambda's cannot.
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("VACUUM")
    left = [one.name for one in path.parent.glob(f"{path.name}-*")]
    if left:
        sys.exit(f"{path} is not sealed: {', '.join(left)} lie beside it")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
