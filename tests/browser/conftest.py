"""A headless Chromium that watches where pages go."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

# A page is drawn in a second or two, and in many where others share the processor; only a test that
# fails waits as long as this.
PATIENCE_MS = 60_000
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium of this machine."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    found = found or shutil.which("google-chrome")
    if found is None:
        pytest.fail("These tests need Chromium: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        chromium = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """A page in a profile of its own, 1400 x 850."""
    context = browser.new_context(viewport={"width": 1400, "height": 850})
    context.set_default_timeout(PATIENCE_MS)
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
