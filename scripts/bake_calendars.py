"""Bake the sessions of exchanges into market_data/calendars.json, as exchange_calendars knows them.

Run it again when an exchange decides on a closing, with a newer exchange_calendars installed (it is
a development dependency), and move ENGINE_VERSION: which bar a moment judges, what is stale and all
measures a year come of it. The tests hold the table against it, day by day.
"""

import json
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import exchange_calendars

TARGET = Path(__file__).resolve().parents[1] / "market_data" / "calendars.json"
FIRST, LAST = date(1900, 1, 1), date(2050, 12, 31)
NAMES = ("XNYS", "XNAS", "XLON")


def baked(name: str) -> dict[str, Any]:
    """What differs from a market that is open on every weekday at its regular hours."""
    calendar = exchange_calendars.get_calendar(name, start=str(FIRST), end=str(LAST))
    zone = str(calendar.tz)
    schedule = calendar.schedule
    sessions = [one.date() for one in schedule.index]
    opens, closes = (
        [f"{one:%H:%M}" for one in schedule[column].dt.tz_convert(zone)]
        for column in ("open", "close")
    )
    regular = Counter(closes).most_common(1)[0][0]
    early: dict[str, list[str]] = {}
    for day, close in zip(sessions, closes, strict=True):
        if close != regular:
            early.setdefault(close, []).append(f"{day:%Y%m%d}")
    days = [FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1)]
    closed = {day for day in days if day.weekday() < 5} - set(sessions)
    # What the table has no room for must not be lost in silence.
    if len(set(opens)) != 1 or any(day.weekday() > 4 for day in sessions):
        raise SystemExit(f"{name} opens late or on weekends: the table needs another column")
    return {
        "zone": zone,
        "first": f"{FIRST:%Y%m%d}",
        "last": f"{LAST:%Y%m%d}",
        "opens": opens[0],
        "closes": regular,
        "closed": [f"{day:%Y%m%d}" for day in sorted(closed)],
        "early": dict(sorted(early.items())),
        "offsets": offsets(zone, days),
    }


def offsets(zone: str, days: list[date]) -> dict[str, int]:
    """The days from which on noon is so many minutes ahead of UTC."""
    found: dict[str, int] = {}
    last = None
    for day in days:
        ahead = datetime.combine(day, time(12), ZoneInfo(zone)).utcoffset()
        # Before standard time was law, clocks were off by odd seconds; no session is told to them.
        minutes = round((ahead or timedelta()).total_seconds() / 60)
        if minutes != last:
            found[f"{day:%Y%m%d}"] = last = minutes
    return found


def main() -> None:
    table: dict[str, Any] = {
        "made": f"exchange_calendars {exchange_calendars.__version__}, {datetime.now(UTC):%Y-%m-%d}"
    }
    for name in NAMES:
        told = baked(name)
        same = next((other for other in table if table[other] == told), None)
        table[name] = told if same is None else {"same_as": same}
    TARGET.write_text(json.dumps(table, indent=None, separators=(",", ":")) + "\n")
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
