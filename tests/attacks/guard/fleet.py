"""Four processes of eight environments each, that attack one account at a time on one store."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from graphql_api.guard.accounts import Accounts
from graphql_api.guard.plans import PLANS, Plan
from tests.attacks.guard.bounds import SECOND
from tests.attacks.guard.environments import ACCOUNT_PLAN, true_time
from tests.attacks.guard.evidence import read
from tests.attacks.guard.trials import MIDNIGHT, SKEW, WEIGHTS, Result, Trial, share

__all__ = ["Fleet", "fleet"]

ROOT = Path(__file__).parents[3]
EIGHT_HOURS = 8 * 3_600 * SECOND
FAILING = 0.1  # of the requests that are admitted
LEAD, LONGEST_LEAD = SECOND // 3, 5 * SECOND  # between being told of a trial and its beginning
PAUSE = 0.004  # seconds at most, before who was refused comes again


class Fleet:
    """Processes that wait for trials.

    Parameters
    ----------
    store : SqliteStore or DynamoDBStore
        What the attack is made on, for opening accounts and reading what was used.
    kind, place : str
        ``sqlite`` and its file, or ``dynamodb`` or ``slow`` and its table.
    environment : mapping
        The variables by which a process finds it.
    processes : int
        Of eight environments each.
    """

    def __init__(
        self,
        store: Any,
        kind: str,
        place: str,
        environment: Mapping[str, str] | None = None,
        processes: int = 4,
    ) -> None:
        self._store = store
        ours = ("INTELLPULSE_", "AWS_", "COVERAGE_", "COV_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self._environment = kept | dict(environment or {})
        self._command = [sys.executable, "-m", "tests.attacks.guard.environments", kind, place]
        self._processes = [self._start(number) for number in range(processes)]
        self._lead = LEAD

    def run(self, trial: Trial) -> Result:
        """Attack once, and judge what happened."""
        for process in self._processes:
            hear(process, "ready")
        with tempfile.TemporaryDirectory() as folder:
            seed = f"{trial} {uuid.uuid4()}"
            begins = true_time() + self._lead
            ends = begins + round(trial.seconds * SECOND)
            middle = (begins + ends) // 2
            offset = MIDNIGHT - middle - (0 if trial.midnight else EIGHT_HOURS)
            account_id, key = self._open(trial.plan, begins + offset)
            told = json.dumps(
                {
                    "folder": folder,
                    "key": key,
                    "begins": begins,
                    "ends": ends,
                    "offset": offset,
                    "seed": seed,
                    "skew": SKEW if trial.skewed else 0,
                    "costs": WEIGHTS if trial.weighted else (1,),
                    "failing": FAILING,
                    "pause": PAUSE,
                    "plan": asdict(trial.plan),
                }
            )
            for process in self._processes:
                process.stdin.write(told + "\n")
                process.stdin.flush()
            alive = list(self._processes)
            if trial.killed:
                at = begins + (ends - begins) * 2 // 3
                time.sleep(max(0, at - true_time()) / SECOND)
                alive.remove(self._kill(random.Random(seed).randrange(len(self._processes))))
            for process in alive:
                hear(process, "done")
            evidence = read(Path(folder))
        if not evidence.refused:  # they need longer to look their key up
            self._lead = min(2 * self._lead, LONGEST_LEAD)
        return self._judge(trial, account_id, evidence)

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()

    def _start(self, number: int) -> Any:
        return subprocess.Popen(
            [*self._command, str(number)],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _kill(self, number: int) -> Any:
        """End one in whatever it is doing, without a word, and let another wait in its place."""
        killed = self._processes[number]
        killed.kill()
        killed.communicate()
        self._processes[number] = self._start(number)
        return killed

    def _open(self, plan: Plan, now: int) -> tuple[str, str]:
        PLANS[ACCOUNT_PLAN] = plan
        try:
            new = Accounts(self._store, lambda: now).open_account("Attacked", ACCOUNT_PLAN)
        finally:
            del PLANS[ACCOUNT_PLAN]
        return new.account.id, new.secret

    def _judge(self, trial: Trial, account_id: str, evidence: Any) -> Result:
        days = self._store.history(account_id, "2026-11-20", "2026-11-23")
        kept = {day.day: (day.requests, day.units_used) for day in days}
        return Result(
            trial,
            evidence,
            evidence.over_grants(trial.account),
            evidence.discrepancies(trial.account, kept),
            share(trial, evidence),
        )


def hear(process: Any, word: str) -> None:
    """Wait until a process says that it is ready for a trial, or done with it."""
    said = process.stdout.readline()
    if said != f"{word}\n":
        raise RuntimeError(f"a process of the attack said {said!r} instead of {word!r}")


@contextmanager
def fleet(
    store: Any,
    kind: str,
    place: str,
    environment: Mapping[str, str] | None = None,
    processes: int = 4,
) -> Iterator[Fleet]:
    """A fleet on a store, until the end of a block."""
    started = Fleet(store, kind, place, environment, processes)
    try:
        yield started
    finally:
        started.close()
