"""intellpulse verify: whether a saved answer holds, recomputed from an export of bars."""

import argparse
from pathlib import Path
from typing import Any

import orjson

from graphql_api.claims import claims
from graphql_api.errors import BadInput
from graphql_api.settings import Settings
from graphql_api.verifying import TOLERANCE, Part, Verdict, verify
from market_data.export import read_export
from market_data.readings_export import read_readings

__all__ = ["run"]

MAX_BYTES = 16 * 1024 * 1024


def run(asked: argparse.Namespace, _: Settings) -> int:
    """Verify every signal of an answer and say of each part whether it holds; 0 if all do."""
    answer = _read(asked.file)
    exported = read_export(asked.bars)
    sentiment = None if asked.sentiment is None else read_readings(asked.sentiment)
    verdicts = [
        verify(claim, exported, sentiment)
        for claim in claims(answer, asked.strategy, dict(asked.set or []))
    ]
    for verdict in verdicts:
        _say(verdict)
    broken = sum(not verdict.holds for verdict in verdicts)
    if broken:
        print(
            f"{broken} of {len(verdicts)} do not hold."
            if len(verdicts) > 1
            else "It does not hold."
        )
    else:
        print(f"All {len(verdicts)} hold." if len(verdicts) > 1 else "It holds.")
    return int(broken > 0)


def _read(path: Path) -> Any:
    """What a saved answer says."""
    with path.open("rb") as file:
        body = file.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise BadInput(f"{path} has more than {MAX_BYTES} bytes, which no answer has.")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadInput(f"{path} is no JSON: {error}.") from None


def _say(verdict: Verdict) -> None:
    print(verdict.claim)
    for part in verdict.parts:
        print(f"  {part.name:15} {part.told!s:24} {_judged(part)}")
    for note in verdict.notes:
        print(f"  note: {note}")


def _judged(part: Part) -> str:
    if not part.holds:
        return f"differs: {part.found}"
    if part.name == "score" and part.told != part.found:
        return f"the same within {TOLERANCE}"
    return "the same"
