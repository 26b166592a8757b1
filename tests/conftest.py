"""What tests share: a clock to set by hand, a data folder with sample bars, a running server."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from market_data.sample import seed
from market_data.sources import fear_greed
from market_data.sources.binance import Binance
from market_data.stores import SqliteBarStore
from tests.provider import Provider

# A busy machine is no reason for an example to fail: what matters is what it says.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

SECOND = 1_000_000
NOON = 1_795_003_200 * SECOND  # 2026-11-18T12:00:00Z
START_SECONDS = 180  # as a busy machine may need; a server that ends is not waited for


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOON)


@pytest.fixture(scope="session")
def sample_bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the sample bars, known for an hour at NOON; copy it, never write to it."""
    path = tmp_path_factory.mktemp("sample") / "bars.sqlite"
    moment = HandClock(NOON - 3600 * SECOND)
    store = SqliteBarStore(path, clock=moment)
    seed(store, sleep=moment.move)
    store.close()
    return path


@pytest.fixture
def data(tmp_path: Path, sample_bars: Path) -> Path:
    """A data folder of the test's own, with the sample bars."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(sample_bars, folder / "bars.sqlite")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _nothing_from_outside() -> Iterator[None]:
    """No setting, credential or region of this machine reaches a test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("INTELLPULSE_", "AWS_")):
                patch.delenv(name)
        yield


@dataclass(frozen=True)
class Server:
    """A running `intellpulse serve`."""

    url: str
    demo_key: str
    data: Path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`intellpulse serve` on a new data folder, as on a clean clone."""
    folder = tmp_path_factory.mktemp("served")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "graphql_api.cli", "serve", "--data", folder]
    ours = ("INTELLPULSE_", "AWS_")
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [*command, "--port", str(port)],
            env={name: value for name, value in os.environ.items() if not name.startswith(ours)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            wait_for_health(process, url, folder / "log")
            yield Server(url, (folder / "demo.key").read_text(encoding="ascii").strip(), folder)
        finally:
            stop(process)


def stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_health(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url + "/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"intellpulse serve does not answer. It said:\n{log.read_text()}")


@pytest.fixture
def atomic(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto changes an item in several steps; DynamoDB does it in one."""
    from tests.aws import make_atomic

    make_atomic(monkeypatch)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A provider on this machine, which is asked in place of Binance and of alternative.me."""
    with Provider() as answering:
        monkeypatch.setattr(Binance, "base", answering.base)
        monkeypatch.setattr(fear_greed, "BASE", answering.base)
        yield answering
