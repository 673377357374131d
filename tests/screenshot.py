"""`python -m tests.screenshot OUT.png`: the picture of the studio in the README, from a real server and browser."""

import sys

from playwright.sync_api import sync_playwright

from tests.browser.conftest import BROWSER_FLAGS, Server, find_browser


def main(out: str) -> None:
    """Write a screenshot of the Inspect tab."""
    server = Server()
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=find_browser(), args=list(BROWSER_FLAGS))
            page = browser.new_page(viewport={"width": 1366, "height": 1010})
            page.goto(server.url)
            page.wait_for_selector("#scores [data-score]", timeout=60_000)
            page.get_by_text("Landscape", exact=True).click()
            page.wait_for_timeout(5000)
            page.screenshot(path=out)
            browser.close()
    finally:
        server.stop()


if __name__ == "__main__":
    main(sys.argv[1])
