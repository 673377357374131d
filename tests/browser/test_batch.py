"""The Batch tab in a real browser: real uploads, one bad file among them, a zip, sorting, the CSV file, the stop."""

import json
import urllib.request
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.browser.visit import EXAMPLES, Visit
from tests.commands import run_here
from ui.commands.main import app

ROOT = Path(__file__).resolve().parents[2]
DONE = "#batch-status [role=status]:not(.running)"

pytestmark = pytest.mark.browser


class Batch(Visit):
    """The tab as a visitor uses it."""

    def __init__(self, page, url):
        super().__init__(page, f"{url}/?tab=batch")
        page.wait_for_selector("#batch-start:visible")
        page.wait_for_selector("#batch-files input[type=file]", state="attached")

    def upload(self, *paths):
        self.page.locator("#batch-files input[type=file]").set_input_files(paths)
        self.page.wait_for_function(
            "count => document.querySelectorAll('#batch-files tr.file').length >= count", arg=len(paths)
        )

    def score(self):
        self.page.click("#batch-start")
        self.page.wait_for_selector(f"{DONE}:has-text('compact')")

    def names(self):
        return self.page.locator("table.batch tbody:first-of-type th").evaluate_all(
            "cells => cells.map(cell => cell.dataset.value)"
        )

    def scores(self):
        cells = self.page.locator("table.batch tbody:first-of-type td[data-value]")
        return [float(value) for value in cells.evaluate_all("cells => cells.map(cell => cell.dataset.value)")]


@pytest.fixture
def batch(any_page, server):
    return Batch(any_page, server.url)


@pytest.fixture
def desktop(wide_page, server):
    return Batch(wide_page, server.url)


@pytest.fixture
def files(tmp_path):
    """Three photos, a bad file, and a zip with a photo, a bomb and a name that tries to climb out."""
    paths = []
    for name in ("cat.png", "rocket.jpg", "clock.png"):
        paths.append(tmp_path / name)
        paths[-1].write_bytes((EXAMPLES / name).read_bytes())
    paths.append(tmp_path / "bad.jpg")
    paths[-1].write_text("no picture")
    paths.append(tmp_path / "more.zip")
    with zipfile.ZipFile(paths[-1], "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(EXAMPLES / "lake.png", "../lake.png")
        archive.writestr("bomb.bmp", bytes(5_000_000))
        archive.writestr("__MACOSX/._lake.png", b"x")
    return paths


def test_files_and_a_zip_become_a_table(batch, files):
    batch.upload(*files)
    batch.score()
    assert batch.page.locator(DONE).inner_text() == (
        "Scored by compact: 4 of 6. Not scored: 2; the end of the table says why. "
        "Files in archives that are no pictures, skipped: 1."
    )
    assert set(batch.names()) == {"cat.png", "rocket.jpg", "clock.png", "more.zip/../lake.png"}
    assert batch.scores() == sorted(batch.scores(), reverse=True)
    failed = batch.page.locator("table.batch tr.failed").all_inner_texts()
    assert "not a picture in a known format" in failed[0]
    assert "as in a zip bomb" in failed[1]
    assert batch.page.locator(".histogram svg rect").count() >= 2
    batch.page.wait_for_function(
        "[...document.querySelectorAll('table.batch img')].every(one => one.naturalWidth > 50)"
    )
    assert batch.overflow() <= 0
    batch.page.wait_for_selector("#batch-stop", state="hidden")
    assert not batch.complaints


def test_an_empty_batch_says_what_to_do_and_a_table_sorts_by_keyboard_too(desktop, files):
    desktop.page.click("#batch-start")
    desktop.page.wait_for_selector("#batch-status .message:has-text('Choose several pictures')")
    desktop.page.locator("#get-batch-csv").click()
    desktop.page.wait_for_selector("text=There is nothing to download yet")
    desktop.upload(*files)
    desktop.score()
    by_name = desktop.page.get_by_role("button", name="Name", exact=True)
    by_name.focus()
    desktop.page.keyboard.press("Enter")
    assert desktop.names() == sorted(desktop.names())
    assert by_name.locator("xpath=..").get_attribute("aria-sort") == "ascending"
    assert desktop.page.locator("table.batch th[aria-sort]").count() == 1
    desktop.page.get_by_role("button", name="Score", exact=True).click()
    assert desktop.scores() == sorted(desktop.scores(), reverse=True)
    desktop.page.get_by_role("button", name="Score", exact=True).click()
    assert desktop.scores() == sorted(desktop.scores())
    assert desktop.page.locator("table.batch tr").last.get_attribute("class") == "failed"


def test_the_csv_is_that_of_the_command_line(desktop, files, tmp_path, monkeypatch):
    desktop.upload(*files[:4])
    desktop.score()
    with desktop.page.expect_download() as download:
        desktop.page.locator("#get-batch-csv").click()
    monkeypatch.chdir(tmp_path)
    names = [path.name for path in files[:4]]
    assert run_here(app, "score", *names, "--model", "compact", "--csv", "expected.csv") == 1  # for the bad file
    rows, expected = (
        path.read_text("utf-8").splitlines() for path in (Path(download.value.path()), tmp_path / "expected.csv")
    )
    assert rows[0] == expected[0]
    for row, line in zip(rows[1:], expected[1:], strict=True):
        values, wanted = row.split(","), line.split(",")
        assert [values[place] for place in (0, 2, 3, 4, 8, 9)] == [wanted[place] for place in (0, 2, 3, 4, 8, 9)]
        assert float(values[1] or 0) == pytest.approx(float(wanted[1] or 0), abs=1e-6)
    assert rows[4] == expected[4]


def test_a_run_can_be_stopped_and_another_started(desktop, tmp_path):
    with Image.open(EXAMPLES / "lake.png") as picture:
        large = picture.convert("RGB").resize((1600, 1200))
    paths = [tmp_path / f"{number:02}.jpg" for number in range(40)]
    for path in paths:
        large.save(path)
    desktop.upload(*paths)
    desktop.page.click("#batch-start")
    desktop.page.wait_for_selector("#batch-status progress")
    desktop.page.click("#batch-stop")
    desktop.page.wait_for_selector(f"{DONE}:has-text('Stopped after')")
    count = desktop.page.locator("table.batch tbody tr").count()
    assert 0 < count < 40
    desktop.page.click("#batch-examples")
    desktop.page.wait_for_selector(f"{DONE}:has-text('10 of 10')")
    assert len(desktop.names()) == 10
    assert not desktop.complaints


def test_german_visitors_read_german(open_page, server):
    page = open_page(locale="de-DE")
    tab = Batch(page, server.url)
    page.click("#batch-examples")
    page.wait_for_selector(f"{DONE}:has-text('Bewertet von compact: 10 von 10.')")
    assert page.get_by_role("button", name="Bewertung", exact=True).is_visible()
    assert not tab.complaints


def run_by_hand(server, files):
    """What the server answers to a request for a batch of files that were never uploaded."""
    with urllib.request.urlopen(f"{server.url}/config") as response:
        config = json.load(response)
    (widget,) = [one["id"] for one in config["components"] if one["props"].get("elem_id") == "batch-files"]
    (run,) = [one["id"] for one in config["dependencies"] if widget in one["inputs"]]
    body = {"data": [None, "compact", files], "fn_index": run, "session_hash": "by-hand"}
    request = urllib.request.Request(
        f"{server.url}/gradio_api/queue/join", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request).close()
    with urllib.request.urlopen(f"{server.url}/gradio_api/queue/data?session_hash=by-hand") as response:
        return response.read().decode()


def named_file(path):
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}, "orig_name": "cat.png"}


def test_files_of_the_server_are_not_read(server):
    answer = run_by_hand(server, [named_file(ROOT / "README.md")])
    assert '"success":false' in answer
    assert "format" not in answer  # our loader never saw it


def test_nothing_is_fetched_for_a_visitor(server):
    answer = run_by_hand(server, [named_file(f"{server.url}/gradio_api/file=cat.png")])
    assert '"success":false' in answer
    assert "this server fetches nothing from the web" in answer
