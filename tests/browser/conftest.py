"""A real server in a process of its own, and a headless Chromium that watches where pages go."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

START_SECONDS = 60
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Server:
    """A running `intellpulse serve`."""

    url: str
    demo_key: str


@dataclass
class Watched:
    """A page, with every address it asked for and everything that went wrong in it."""

    page: Page
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def requests_beyond(self, origin: str) -> list[str]:
        """What was asked of another origin; data and blob addresses stay in the page."""
        inside = (origin + "/", "data:", f"blob:{origin}/")
        return [url for url in self.requested if not url.startswith(inside)]


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
            yield Server(url, (folder / "demo.key").read_text(encoding="ascii").strip())
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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium of this machine."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    found = found or shutil.which("google-chrome")
    if found is None:
        pytest.fail("These tests need Chromium: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """A page in a profile of its own, 1400 x 850."""
    context = browser.new_context(viewport={"width": 1400, "height": 850})
    watch = Watched(context.new_page())
    # On the context, so that workers and preloads are seen as well.
    context.on("request", lambda request: watch.requested.append(request.url))
    watch.page.on("pageerror", lambda error: watch.complaints.append(str(error)))
    watch.page.on(
        "console",
        lambda said: watch.complaints.append(said.text) if said.type == "error" else None,
    )
    yield watch
    context.close()
