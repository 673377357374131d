"""The page in a real browser, at the size of a desk and of a phone."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import qualiclip
from tests.browser.visit import EXAMPLES, WAIT, Visit

pytestmark = pytest.mark.browser


class Studio(Visit):
    """The page as a visitor uses it."""

    def __init__(self, page, url):
        super().__init__(page, url)
        self.wait_for_scores()

    def wait_for_scores(self):
        self.page.wait_for_selector("#scores [data-score]")

    def scores(self):
        return [float(card.get_attribute("data-score")) for card in self.page.query_selector_all("[data-score]")]

    def wait_for_change(self, before):
        self.page.wait_for_function(
            "old => { const now = [...document.querySelectorAll('[data-score]')].map(x => +x.dataset.score);"
            " return now.length == 2 && String(now) != String(old) }",
            arg=before,
        )
        return self.scores()

    def wait_for_original(self, score):
        """Until the original has this score."""
        self.page.wait_for_function(
            "wanted => Math.abs(document.querySelector('[data-score]')?.dataset.score - wanted) < 1e-6", arg=score
        )

    def upload(self, path):
        self.page.get_by_label("Remove Image").or_(self.page.get_by_label("Clear")).first.click()
        self.page.locator("#photo input[type=file]").set_input_files(path)

    def set_level(self, level):
        """Drag the first level slider, as a hand would."""
        dial = self.page.locator(".level input[type=range]").first
        dial.scroll_into_view_if_needed()
        box = dial.bounding_box()
        start = float(dial.input_value()) / 5
        middle = box["y"] + box["height"] / 2
        self.page.mouse.move(box["x"] + 8 + start * (box["width"] - 16), middle)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + 8 + level / 5 * (box["width"] - 16), middle, steps=5)
        self.page.mouse.up()

    def wait_for_pictures(self, before=None):
        """Until both pictures are there, and others than before; their addresses."""
        self.page.wait_for_function(
            "old => Object.entries(old).every(([part, source]) => {"
            " const shown = [...document.querySelectorAll(part + ' img')].at(-1)?.src;"
            " return shown && shown != source })",
            arg=before or {"#before-after": "", "#heatmap": ""},
        )
        return {
            part: self.page.locator(f"{part} img").last.evaluate("x => x.src") for part in ("#before-after", "#heatmap")
        }

    def picture(self, selector):
        """Pixels of the last picture in a part of the page, as the server sent them."""
        self.page.wait_for_selector(f"{selector} img")
        source = self.page.locator(f"{selector} img").last.get_attribute("src")
        response = self.page.request.get(source, timeout=WAIT)
        assert response.ok
        picture = Image.open(io.BytesIO(response.body()))
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


@pytest.fixture
def studio(any_page, server):
    return Studio(any_page, server.url)


@pytest.fixture
def desktop(wide_page, server):
    return Studio(wide_page, server.url)


def test_first_view_already_shows_a_scored_example(studio):
    before, after = studio.scores()
    assert before > after
    studio.wait_for_pictures()
    assert studio.page.locator("#before-after img").count() >= 2
    assert studio.page.locator("#pairs tbody tr").count() == 7
    assert studio.overflow() <= 0
    # No button sends a picture elsewhere.
    assert studio.page.locator("#heatmap button[aria-label=Download]").count() == 1
    assert studio.page.locator("button[aria-label=Share]").count() == 0
    assert not studio.complaints


def test_upload_then_stronger_blur_lowers_the_score_and_changes_the_pictures(studio):
    first, example = studio.scores(), studio.wait_for_pictures()
    studio.upload(EXAMPLES / "rocket.jpg")
    start, own = studio.wait_for_change(first), studio.wait_for_pictures(example)
    slider, heatmap = studio.picture("#before-after"), studio.picture("#heatmap")
    studio.set_level(5)
    end = studio.wait_for_change(start)
    studio.wait_for_pictures(own)
    assert end[0] == start[0]
    assert end[1] < start[1]
    assert slider.shape == studio.picture("#before-after").shape == (427, 640, 3)
    assert not np.array_equal(slider, studio.picture("#before-after"))
    assert not np.array_equal(heatmap, studio.picture("#heatmap"))
    assert not studio.complaints


def test_number_on_the_page_is_the_librarys(desktop):
    first = desktop.scores()
    desktop.upload(EXAMPLES / "lake.png")
    shown = desktop.wait_for_change(first)[0]
    expected = qualiclip.load("compact").score(EXAMPLES / "lake.png").score
    assert shown == pytest.approx(expected, abs=1e-6)
    assert f"{expected:.3f}" in desktop.page.locator("#scores .card.before .number").inner_text()


def test_keyboard_moves_a_level_and_examples_work_on_the_first_click(desktop):
    start = desktop.scores()
    desktop.page.locator(".level input[type=range]").first.focus()
    for _ in range(10):
        desktop.page.keyboard.press("ArrowRight")
    moved = desktop.wait_for_change(start)
    assert moved[1] < start[1]
    desktop.page.get_by_text("Landscape", exact=True).click()
    expected = qualiclip.load("compact").score(EXAMPLES / "lake.png").score
    desktop.wait_for_original(expected)


def test_bad_file_is_explained_on_the_page_and_the_next_one_works(desktop, tmp_path):
    bad = tmp_path / "holiday.png"
    bad.write_text("no picture")
    desktop.upload(bad)
    desktop.page.wait_for_selector("#scores [role=alert]")
    assert "not a picture in a known format" in desktop.page.locator("#scores").inner_text()
    desktop.upload(EXAMPLES / "cat.png")
    desktop.wait_for_scores()
    assert len(desktop.scores()) == 2


def test_choices_for_the_heatmap_change_the_heatmap_alone(desktop):
    scores, before, pixels = desktop.scores(), desktop.wait_for_pictures(), desktop.picture("#heatmap")
    seen = [before["#heatmap"]]
    desktop.page.locator("#opacity input[type=range]").focus()
    desktop.page.keyboard.press("Home")
    seen.append(desktop.wait_for_pictures({"#heatmap": seen[-1]})["#heatmap"])
    assert not np.array_equal(pixels, desktop.picture("#heatmap"))
    desktop.page.keyboard.press("End")
    seen.append(desktop.wait_for_pictures({"#heatmap": seen[-1]})["#heatmap"])
    assert desktop.page.get_by_label("Method", exact=True).input_value() == "Degradation map"
    for label, choice in (("Target", "Bad quality"), ("Method", "Local quality")):
        desktop.page.get_by_label(label, exact=True).click()
        desktop.page.get_by_role("option", name=choice, exact=True).click()
        seen.append(desktop.wait_for_pictures({"#heatmap": seen[-1]})["#heatmap"])
        if label == "Target":  # the degradation map knows none
            assert desktop.page.get_by_label("Method", exact=True).input_value() == "Local quality, 3 × 3"
    assert len(set(seen)) == 5
    assert desktop.wait_for_pictures()["#before-after"] == before["#before-after"]
    assert desktop.scores() == scores


def test_downloads_arrive_and_the_page_says_what_scored_and_what_happens_to_uploads(desktop):
    for button, name, start in (
        ("Download picture", "degraded.png", b"\x89PNG"),
        ("Download figure", "figure.png", b"\x89PNG"),
        ("Download CSV", "scores.csv", b"picture,degradations,model"),
    ):
        with desktop.page.expect_download(timeout=WAIT) as download:
            desktop.page.get_by_role("button", name=button).click()
        assert download.value.suggested_filename == name
        assert Path(download.value.path()).read_bytes().startswith(start)
    text = desktop.page.locator("body").inner_text()
    sha256 = qualiclip.load("compact").checkpoint.sha256
    assert re.search(rf"Scored by compact, weights {sha256[:12]}", text)
    assert "0 is worst, 1 is best" in text
    assert "Privacy." in text
    assert "The score can't tell whether a picture is beautiful" in text
    assert "a hint, not a proof" in text
    assert "without human opinions" in text
