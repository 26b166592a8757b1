"""Sends what schemathesis makes of the schema to a server, and looks at what comes back.

Runs in .venv-fuzz, started by fuzz_schema.py: python schema_cases.py URL CASES, with the keys that
it may use in API_KEYS. Each root field is asked that many times, in queries made from the schema
that the server tells of itself.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta, timezone
from itertools import cycle
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes

# As an answer they are our fault, or say that the schema lies: what fits it must be valid.
WRONG = {
    "INTERNAL",
    "DATA_DAMAGED",
    "UNAVAILABLE",
    "UNAUTHENTICATED",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
}
# The limits of a plan and of a document, which random queries do reach.
LIMITED = {"RATE_LIMITED", "QUOTA_EXCEEDED", "QUERY_TOO_COMPLEX"}
ONE_OF = "Within OneOf Input Object type"
SECONDS = 30
ACCOUNT_CASES = 200
"""So many cases a key, so that no account's units of a day are spent."""

SYMBOLS = st.sampled_from(["AAPL", "GOOG", "IBM", "MSFT"])
ODD_SYMBOLS = st.text("ABCXYZ0189.-^=", min_size=1, max_size=20)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# An offset may carry no moment out of the years 1 to 9999: such a one is refused before it runs.
EDGES = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"]
MOMENTS = st.sampled_from(EDGES) | st.datetimes(timezones=OFFSETS).filter(
    lambda moment: 1 < moment.year < 9999
).map(lambda moment: moment.isoformat())
DAYS = st.dates().map(lambda day: day.isoformat())


class Wrong(AssertionError):
    """An answer that no query may get."""


class Sender:
    """Sends cases, each key so often, and counts what they were answered."""

    def __init__(self, keys: list[str]) -> None:
        self.answers: Counter[str] = Counter()
        self.sent = 0
        self._keys: Iterator[str] = cycle(keys)
        self._key = next(self._keys)

    def send(self, case: Any) -> None:
        """Send one case.

        Raises
        ------
        Wrong
            With the query and the answer.
        """
        if self.sent % ACCOUNT_CASES == 0:
            self._key = next(self._keys)
        self.sent += 1
        answer = case.call(headers={"x-api-key": self._key}, timeout=SECONDS)
        try:
            self.answers[judged(answer)] += 1
        except Wrong as wrong:
            raise Wrong(
                f"{wrong}\n{case.body}\n{answer.status_code} {answer.text[:2000]}"
            ) from None


# Put together here, since hypothesis takes the texts of programs for names to try.
TRACEBACK = " ".join(("Traceback", "(most", "recent", "call"))


def judged(answer: Any) -> str:
    """What an answer is: data, or the code of its first error."""
    if answer.status_code >= 500 or TRACEBACK in answer.text:
        raise Wrong("a failure of ours")
    body = answer.json()
    if not set(body) <= {"data", "errors", "extensions"} or not set(body) & {"data", "errors"}:
        raise Wrong("no answer of GraphQL")
    errors = body.get("errors", [])
    codes = [error["extensions"]["code"] for error in errors]
    if errors and all(ONE_OF in error["message"] for error in errors):
        return "@oneOf, which schemathesis does not know"
    if set(codes) & WRONG:
        raise Wrong(f"{codes[0]} for a query that fits the schema")
    if codes and not LIMITED.issuperset(codes) and "data" not in body:
        raise Wrong("refused before it ran")
    return codes[0] if codes else "data"


def try_out(operation: Any, sender: Sender, cases: int) -> None:
    """Ask one root field many times."""

    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        sender.send(case)

    run: Callable[[], None] = ask
    run()


def main(url: str, cases: int) -> int:
    keys = os.environ["API_KEYS"].split()
    schemathesis.graphql.scalar("Symbol", (SYMBOLS | ODD_SYMBOLS).map(nodes.String))
    schemathesis.graphql.scalar("DateTime", MOMENTS.map(nodes.String))
    schemathesis.graphql.scalar("Date", DAYS.map(nodes.String))
    schema = schemathesis.graphql.from_url(url, headers={"x-api-key": keys[0]})
    sender = Sender(keys)
    for found in schema.get_all_operations():
        operation = found.ok()
        before, began = sender.answers.copy(), time.monotonic()
        try:
            try_out(operation, sender, cases)
        except Wrong as wrong:
            print(f"{operation.label}: {wrong}", file=sys.stderr)
            return 1
        told = ", ".join(f"{count} {what}" for what, count in (sender.answers - before).items())
        print(f"{operation.label:24} {time.monotonic() - began:5.1f} s  {told}", flush=True)
    print(f"{sender.sent} cases, {sender.answers['data']} with data and no error")
    # Were nearly all refused, nothing would have been tried.
    return 0 if sender.answers["data"] > sender.sent / 4 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
