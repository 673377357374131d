"""`python -m tests.screenshot FOLDER`: pictures of the studio's tabs for the docs, from a real server and browser."""

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import BROWSER_FLAGS, Server, find_browser

SIZE = {"width": 1280, "height": 900}
QUERY = "?img=lake&deg=gaussian_blur:3.5&region=right&tab="
WAIT = 180_000  # ms


def _inspect(page: Page) -> None:
    page.wait_for_selector("#heatmap img")


def _sweep(page: Page) -> None:
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_function(
        "() => /24 (of|von) 24|24 degradations/.test(document.querySelector('#tab-sweep').innerText)"
    )
    page.wait_for_timeout(3000)


def _compare(page: Page) -> None:
    page.wait_for_selector("#tab-compare img")


def _batch(page: Page) -> None:
    page.get_by_role("button", name="Try the ten example photos").click()
    page.wait_for_selector("table.batch tbody tr:nth-child(10)")
    page.wait_for_timeout(3000)


def _duel(page: Page) -> None:
    page.get_by_role("button", name="Deal new pairs").click()
    page.wait_for_selector(".game img")
    page.wait_for_timeout(3000)


def _open(page: Page) -> None:
    page.wait_for_timeout(8000)


STEPS = {"inspect": _inspect, "sweep": _sweep, "compare": _compare, "batch": _batch, "duel": _duel, "lesson": _open}


def main(folder: str) -> None:
    """Write a JPEG per tab."""
    server = Server()
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=find_browser(), args=list(BROWSER_FLAGS))
            for tab, prepare in STEPS.items():
                page = browser.new_page(viewport=SIZE)
                page.set_default_timeout(WAIT)
                page.goto(f"{server.url}/{QUERY}{tab}")
                page.wait_for_selector(f"#tab-{tab}", state="visible")
                page.wait_for_timeout(4000)
                prepare(page)
                page.wait_for_timeout(2000)
                page.evaluate("scrollTo(0, 0)")
                page.screenshot(path=Path(folder) / f"{tab}.jpg", type="jpeg", quality=85)
                page.close()
            browser.close()
    finally:
        server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
