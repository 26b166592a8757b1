"""What tests share: a clock to set by hand, and a data folder with the sample bars."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from market_data.sample import seed
from market_data.stores import SqliteBarStore

SECOND = 1_000_000
NOON = 1_795_003_200 * SECOND  # 2026-11-18T12:00:00Z


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
