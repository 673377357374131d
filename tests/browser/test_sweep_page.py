"""The Sweep tab in a real browser."""

import csv
import re
from pathlib import Path

import pytest

from tests.browser.visit import WAIT, Visit, served_here, sweep_only

ROWS = "document.querySelectorAll('table.wall tbody tr').length"

pytestmark = pytest.mark.browser


class Sweep(Visit):
    """The tab as a visitor uses it."""

    def __init__(self, page, url, query="?tab=sweep"):
        super().__init__(page, url + query)
        page.wait_for_selector("#sweep-plan .message")
        page.wait_for_selector("#photo img")
        self.wait_for_link(query)

    def wait_for_link(self, query):
        """Until the page has what its link asks for: a photo or a seed that comes while a sweep runs ends it."""
        asked = re.search(r"seed=(\d+)", query)
        self.page.wait_for_function(
            # the field is there only while its drawer is open
            "seed => (document.querySelector('#seed input')?.value ?? seed) == seed",
            arg=asked[1] if asked else "0",
        )
        self.rest()

    def start(self):
        self.page.locator("#sweep-start").click()

    def wait_until_done(self, rows):
        self.page.wait_for_function(f"{ROWS} == {rows} && document.querySelector('#sweep-stop').disabled")

    def cell(self, name, level):
        return self.page.locator(f"button[data-degradation={name}][data-level='{level}']")

    def wait_for_inspect(self, score):
        """Until the tab is open and shows this score of the degraded picture."""
        self.page.wait_for_selector("#scores", state="visible")
        self.page.wait_for_function(
            "wanted => { const [, after] = document.querySelectorAll('#scores [data-score]');"
            " return after && Math.abs(after.dataset.score - wanted) < 1e-6 }",
            arg=score,
        )


@pytest.fixture
def sweep(any_page, server):
    seed = any_page.viewport_size["width"]  # one that the server does not remember
    return Sweep(any_page, server.url, f"?tab=sweep&seed={seed}")


@pytest.fixture
def desktop(wide_page, server):
    return Sweep(wide_page, server.url)


def test_nothing_starts_by_itself_and_then_everything_is_swept(sweep):
    assert "Start scores 121 pictures" in sweep.page.locator("#sweep-plan").inner_text()
    assert sweep.page.locator("table.wall").count() == 0
    assert not sweep.page.locator("#sweep-stop").is_enabled()
    sweep.start()
    filling = f"{ROWS} > 0 && {ROWS} < 24 && !document.querySelector('#sweep-stop').disabled"
    sweep.page.wait_for_function(filling)
    sweep.wait_until_done(24)
    assert sweep.page.locator("table.wall button[data-level]").count() == 24 * 6
    assert sweep.page.locator(".curves figure").count() == 24
    assert sweep.page.locator("table.order tbody tr").count() == 24
    assert "steps do not fall" in sweep.page.locator("#sweep-status").inner_text()
    assert sweep.overflow() <= 0
    assert not sweep.page.locator("#steps").first.is_visible()
    assert not sweep.complaints


def test_a_cell_opens_in_inspect_by_key_with_the_same_score(desktop):
    sweep_only(desktop.page, "Impulse noise")
    desktop.page.get_by_label("full size").check()
    desktop.page.wait_for_function(
        "document.querySelector('#sweep-plan').innerText.includes('6 pictures') &&"
        " document.querySelector('#sweep-plan').innerText.includes('full size')"
    )
    desktop.start()
    desktop.wait_until_done(1)
    cell = desktop.cell("impulse_noise", 4)
    swept = float(cell.get_attribute("data-swept"))
    cell.focus()
    desktop.page.keyboard.press("Enter")
    desktop.wait_for_inspect(swept)
    assert desktop.page.get_by_label("Degradation 1").input_value() == "Impulse noise"
    assert desktop.page.locator(".level input[type=number]").first.input_value() == "4"
    desktop.page.wait_for_selector("button[data-tab-id=inspect]:focus")
    desktop.page.get_by_role("tab", name="Sweep").click()
    assert desktop.cell("impulse_noise", 4).is_visible()  # the wall is still there
    assert not desktop.complaints


def test_another_photo_takes_the_wall_away(desktop):
    sweep_only(desktop.page, "JPEG")
    desktop.start()
    desktop.wait_until_done(1)
    desktop.page.get_by_text("Landscape", exact=True).click()
    desktop.page.wait_for_selector("table.wall", state="detached")
    desktop.page.get_by_text("Start scores 6 pictures").wait_for()


def test_downloads_arrive_and_a_bad_photo_is_one_line_in_place(desktop, tmp_path):
    sweep_only(desktop.page, "JPEG", "Darken")
    desktop.start()
    desktop.wait_until_done(2)
    for button, name, start in (
        ("Download CSV", "scores.csv", b"picture,degradation,level"),
        ("Download contact sheet", "contact_sheet.png", b"\x89PNG"),
        ("Download curves", "monotonicity.png", b"\x89PNG"),
    ):
        with desktop.page.expect_download(timeout=WAIT) as download:
            desktop.page.locator("#sweep-results").get_by_role("button", name=button).click()
        assert download.value.suggested_filename == name
        content = Path(download.value.path()).read_bytes()
        assert content.startswith(start)
        if name.endswith("csv"):
            assert {row["picture"] for row in csv.DictReader(content.decode().splitlines())} == {"cat.png"}
    bad = tmp_path / "holiday.png"
    bad.write_text("no picture")
    desktop.page.get_by_label("Remove Image").or_(desktop.page.get_by_label("Clear")).first.click()
    desktop.page.get_by_text("Choose an example, or upload").first.wait_for()
    desktop.page.locator("#photo input[type=file]").set_input_files(bad)
    desktop.page.get_by_text("Start scores 11 pictures").wait_for()
    desktop.start()
    desktop.page.wait_for_selector("#sweep-status [role=alert]")
    assert "not a picture in a known format" in desktop.page.locator("#sweep-status").inner_text()


@served_here
def test_stop_ends_the_work_on_the_server(wide_page, held_url, held):
    page, sweep = wide_page, Sweep(wide_page, held_url)
    sweep.start()
    for _ in range(2):
        held.go_on.release()
    page.wait_for_function(f"{ROWS} == 2")
    page.locator("#sweep-stop").click()
    page.get_by_text("Stopped after 2 degradations.").wait_for()
    for _ in range(30):  # what is being computed may end; nothing may follow
        held.go_on.release()
    page.wait_for_timeout(4000)
    assert held.sets <= 3
    assert page.locator("#sweep-start").is_enabled()
    assert page.locator("table.wall tbody tr").count() == 2
    assert not sweep.complaints


@served_here
def test_a_plan_that_comes_late_leaves_the_sweep_alone(wide_page, held_url, held):
    page, sweep, late = wide_page, Sweep(wide_page, held_url), []
    page.route("**/run/**", lambda route: late.append(route))  # what waits in no queue, the plan among it
    sweep_only(page, "JPEG")
    sweep.start()
    page.wait_for_selector("#sweep-stop:enabled")
    page.wait_for_selector("#sweep-plan", state="hidden")
    assert late
    for one in late:
        one.continue_()
    page.unroute("**/run/**")
    page.wait_for_function("document.querySelector('#sweep-plan').textContent.includes('scores 6 pictures')")
    sweep.rest()
    assert page.locator("#sweep-stop").is_enabled()
    assert page.locator("#sweep-start").is_disabled()
    assert "0 of 1 degradations" in page.locator("#sweep-status").inner_text()
    held.go_on.release(5)
    sweep.wait_until_done(1)
    page.get_by_label("512 px").check()  # another size: what was swept is gone
    page.wait_for_selector("table.wall", state="detached")
    page.wait_for_selector("#sweep-plan", state="visible")
    assert not sweep.complaints
