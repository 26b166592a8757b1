"""One process of an attack: eight warm environments, each a thread with a guard and a store.

    python -m tests.attacks.guard.environments sqlite|dynamodb|slow FILE|TABLE NUMBER

A DynamoDB that is "slow" is waited for longer than a real one would be.

Says "ready", reads trials from standard input, one a line, and says "done" after each. Whatever
happens is written to the trial's folder in the moment it happens, a line at a time and past all
buffers, so that the record of a process that is killed is whole up to its last instant.

    C before requests units day   a charge is about to be sent
    c admitted                    its answer: 1, 0, or ? when there was none
    G requests units day          units are about to be given back
    g done                        its answer: 1 or ?
    A before at after units day   a request was admitted, all in true time
    R begun requests units day    an admitted request failed, or cost less: to be refunded
    r done                        whether the refund was done
    N what                        a request was not admitted: the limit, or UNAVAILABLE
    E                             the guard is closed, nothing is held any more
"""

import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from graphql_api.errors import LimitReached, Unavailable
from graphql_api.guard.admit import Guard
from graphql_api.guard.plans import PLANS, Plan
from graphql_api.stores import Charge, Slot, StoreUnavailable
from graphql_api.stores.sqlite import SqliteStore

THREADS = 8
ACCOUNT_PLAN = "ATTACKED"


def true_time() -> int:
    """Microseconds of the one clock that all processes of this machine share."""
    return time.monotonic_ns() // 1_000


class Record:
    """A file that only grows; each line is the kernel's before the next thing happens."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def __call__(self, *words: object) -> None:
        os.write(self._file, (" ".join(map(str, words)) + "\n").encode())

    def close(self) -> None:
        os.close(self._file)


class Recorded:
    """A store whose writes are on record before they are sent, and their answers after."""

    def __init__(self, store: Any, record: Record) -> None:
        self._store = store
        self._record = record

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def busy(self, charge: Charge, lo: int, hi: int, step: int, slots: tuple[int, ...] = ()) -> Any:
        return self._charged(charge, self._store.busy, lo, hi, step, slots)

    def idle(self, charge: Charge, x: int, tat: int, slot: Slot | None = None) -> Any:
        return self._charged(charge, self._store.idle, x, tat, slot)

    def new(self, charge: Charge, tat: int) -> Any:
        return self._charged(charge, self._store.new, tat)

    def give_back(self, account_id: str, day: str, requests: int, units: int) -> None:
        self._record("G", requests, units, day)
        try:
            self._store.give_back(account_id, day, requests, units)
        except StoreUnavailable:
            self._record("g", "?")
            raise
        self._record("g", 1)

    def _charged(self, charge: Charge, send: Callable[..., Any], *edges: object) -> Any:
        self._record("C", true_time(), charge.requests, charge.units, charge.day)
        try:
            outcome = send(charge, *edges)
        except StoreUnavailable:
            self._record("c", "?")
            raise
        self._record("c", int(outcome.admitted))
        return outcome


def attack(
    guard: Guard, key: str, trial: dict[str, Any], skew: int, seed: str, record: Record
) -> None:
    """Ask without a pause until the trial ends; refused, come back at once, like a bad client."""
    chance = random.Random(seed)
    offset = trial["offset"] + skew
    caller = None
    while caller is None:
        with suppress(Unavailable):  # of 32 that look the key up at once
            caller = guard.authenticate({"x-api-key": key})
    while true_time() < trial["begins"]:
        time.sleep(0.001)
    while true_time() < trial["ends"]:
        cost = chance.choice(trial["costs"])
        before = true_time()
        try:
            admission = guard.admit(caller, cost)
        except LimitReached as refusal:
            record("N", refusal.limit)
            time.sleep(chance.random() * trial["pause"])
            continue
        except Unavailable:
            record("N", "UNAVAILABLE")
            continue
        record("A", before, admission.at - offset, true_time(), cost, admission.day)
        if chance.random() < trial["failing"]:
            too_much = chance.randrange(cost + 1) if chance.random() < 0.5 else None
            units = cost if too_much is None else too_much
            record("R", true_time(), int(too_much is None), units, admission.day)
            record("r", int(guard.refund(caller, admission, too_much)))


def environment(number: int, store: Any, trial: dict[str, Any]) -> None:
    """One warm environment from its start to its end."""
    record = Record(Path(trial["folder"]) / f"{number}.record")
    seed = f"{trial['seed']} {number}"
    skew = random.Random(seed).randint(-trial["skew"], trial["skew"])
    watched = Recorded(store, record)
    guard = Guard(store, watched, lambda: true_time() + trial["offset"] + skew)
    attack(guard, trial["key"], trial, skew, seed, record)
    guard.close()
    record("E")
    record.close()


def stores(kind: str, place: str) -> list[Any]:
    """A store for each environment, each with a connection of its own that is open already."""
    if kind == "sqlite":
        opened = [SqliteStore(place) for _ in range(THREADS)]
    else:
        from graphql_api.stores.dynamodb import DynamoDBStore, connect

        connected = connect_patiently if kind == "slow" else connect
        opened = [DynamoDBStore(connected(), place) for _ in range(THREADS)]
    for store in opened:
        with suppress(StoreUnavailable):  # the first call loads what the later ones have
            store.find_account("nobody")
    return opened


def connect_patiently() -> Any:
    """A client that tries everything once, as the guard's does, and waits ten times as long."""
    import boto3
    from botocore.config import Config

    once = {"total_max_attempts": 1}
    return boto3.client("dynamodb", config=Config(connect_timeout=5, read_timeout=5, retries=once))


def say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def main() -> None:
    kind, place, process = sys.argv[1], sys.argv[2], int(sys.argv[3])
    opened = stores(kind, place)
    say("ready")
    for line in sys.stdin:
        trial = json.loads(line)
        PLANS[ACCOUNT_PLAN] = Plan(**trial["plan"])
        threads = [
            threading.Thread(target=environment, args=(process * THREADS + n, store, trial))
            for n, store in enumerate(opened)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        say("done")
        say("ready")


if __name__ == "__main__":
    main()
