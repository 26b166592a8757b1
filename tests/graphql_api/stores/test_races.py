"""Racing callers: however many admit at once, neither the rate nor the day is passed."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from moto.dynamodb.parsing.executors import UpdateExpressionExecutor

from graphql_api.guard.limits import rate_of
from graphql_api.stores import Charge
from graphql_api.stores.dynamodb import DynamoDBStore

NOON = 1_795_262_400_000_000
TODAY = "2026-11-21"
THREADS = 16
RATE = rate_of(per_second=100, burst=40)


def charge(units=7, room=None):
    return Charge("01ACCOUNT", TODAY, "a" * 64, requests=1, units=units, room=room)


def admit_until_refused(store, charged):
    """What one thread is granted at one instant, with the clock standing still."""
    band = RATE.at(NOON)
    granted = store.idle(charged, band.x, band.x + band.step).admitted
    while store.busy(charged, band.lo, band.hi, band.step).admitted:
        granted += 1
    return granted


def race(store, charged):
    granted = []
    start = threading.Barrier(THREADS)

    def run():
        start.wait()
        granted.append(admit_until_refused(store, charged))

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(granted)


@pytest.fixture
def impatient_threads():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def test_racing_threads_get_the_burst_and_no_more(store, impatient_threads):
    granted = race(store, charge())
    usage = store.usage("01ACCOUNT", TODAY)
    assert granted == RATE.guaranteed
    assert (usage.requests, usage.units_used) == (granted, 7 * granted)


def test_racing_threads_get_the_day_and_no_more(store, impatient_threads):
    granted = race(store, charge(room=100 - 7))
    assert granted == 14
    assert store.usage("01ACCOUNT", TODAY).units_used == 98


def test_racing_charges_and_refunds_lose_none(store, impatient_threads):
    store.idle(charge(), NOON, NOON)

    def run():
        for _ in range(5):
            store.busy(charge(), 0, 2 * NOON, 10)
            store.give_back("01ACCOUNT", TODAY, 1, 7)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    usage = store.usage("01ACCOUNT", TODAY)
    assert (usage.requests, usage.units_used, usage.tat) == (1, 7, NOON + 8 * 5 * 10)


def test_without_the_lock_two_charges_take_the_room_of_one(client, table, monkeypatch):
    """moto checks first and writes later: the races above can be lost, so they mean something."""
    both_have_checked = threading.Barrier(2)
    begin_to_write = UpdateExpressionExecutor.__init__

    def wait_for_the_other(self, *arguments):
        both_have_checked.wait(timeout=60)
        begin_to_write(self, *arguments)

    monkeypatch.setattr(UpdateExpressionExecutor, "__init__", wait_for_the_other)
    store = DynamoDBStore(client, table)
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda _: store.idle(charge(room=0), NOON, NOON), range(2)))
    assert [outcome.admitted for outcome in outcomes] == [True, True]


PROCESS = """
import sys, threading
from graphql_api.guard.limits import rate_of
from graphql_api.stores import Charge
from graphql_api.stores.sqlite import SqliteStore, file

file.PATIENCE = 60  # the machine may be busy
path, now = sys.argv[1], int(sys.argv[2])
rate = rate_of(per_second=100, burst=400)
band = rate.at(now)
store = SqliteStore(path)
charge = Charge("01ACCOUNT", "2026-11-21", "a" * 64, requests=1, units=3, room=900 - 3)
granted = []

def run():
    count = store.idle(charge, band.x, band.x + band.step).admitted
    while store.busy(charge, band.lo, band.hi, band.step).admitted:
        count += 1
    granted.append(count)

threads = [threading.Thread(target=run) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sum(granted))
"""


def test_racing_processes_get_the_day_and_no_more(tmp_path, sqlite):
    command = [sys.executable, "-c", PROCESS, str(sqlite.path), str(NOON)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    granted = [int(process.communicate(timeout=300)[0]) for process in processes]
    usage = sqlite.usage("01ACCOUNT", TODAY)
    assert sum(granted) == usage.requests == 300
    assert usage.units_used == 900
