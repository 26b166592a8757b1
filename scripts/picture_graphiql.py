"""Takes docs/graphiql.png, the README's picture: URL and key of a running server as arguments."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "graphiql.png"


def main(url: str, key: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 850})
        page.goto(url)
        page.get_by_label("API key").fill(key)
        expect(page.get_by_role("status")).to_contain_text("Key accepted", timeout=20_000)
        page.get_by_role("tab", name="Explanation").click()
        page.get_by_role("button", name="Execute query").click()
        answer = page.locator(".graphiql-response .view-lines")
        expect(answer).to_contain_text("contributions", timeout=20_000)
        page.mouse.move(700, 840)  # away from the button, so that its tooltip is gone
        page.wait_for_timeout(1000)
        page.screenshot(path=PICTURE)
        browser.close()
    print(f"{PICTURE} is taken, {PICTURE.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main(*sys.argv[1:3])
