"""The Compare tab in a real browser."""

from pathlib import Path

import pytest

import qualiclip
from qualiclip.degradations import Step, apply_steps
from qualiclip.pictures import image_to_picture
from tests.browser.visit import EXAMPLES, SIZES, WAIT, Visit, served_here

pytestmark = pytest.mark.browser
SCORES = "[...document.querySelectorAll('#compare-scores [data-score]')].map(x => +x.dataset.score)"


class Compare(Visit):
    """The tab as a visitor uses it."""

    def __init__(self, page, url, query="?tab=compare"):
        super().__init__(page, f"{url}/{query}")

    def scores(self):
        return self.page.evaluate(SCORES)

    def wait_for_scores(self, wanted):
        self.page.wait_for_function(
            f"wanted => {{ const now = {SCORES}; return now.length == 2 &&"
            " now.every((score, place) => Math.abs(score - wanted[place]) < 1e-5) }",
            arg=wanted,
        )

    def wait_for_rest(self):
        """All four pictures are there, and nothing moves under the mouse any more."""
        self.page.wait_for_function(
            "() => { const loaded = [...document.querySelectorAll('.compare-frame img')].filter(x => x.complete);"
            " const height = loaded.length == 4 ? document.documentElement.scrollHeight : Math.random();"
            " if (height !== window.lastHeight) { window.lastHeight = height; window.lastChange = performance.now(); }"
            " return performance.now() - window.lastChange > 1500 }"
        )

    def choose(self, selector, words):
        self.page.locator(f"{selector} input").click()
        self.page.get_by_role("option", name=words, exact=True).click()

    def wait_for_labels(self, *words):
        self.page.wait_for_function(
            "words => { const labels = [...document.querySelectorAll('.compare-frame label')];"
            " return words.every((word, place) => labels[place]?.innerText.trim() == word) }",
            arg=list(words),
        )


@pytest.fixture
def visit(open_page, server):
    """Opens the tab by a link, at a size."""

    def open_tab(query="?tab=compare", size="desktop", **settings):
        return Compare(open_page(size, **settings), server.url, query)

    return open_tab


def expected(name, model="compact", *steps):
    scorer = qualiclip.load(model)
    return scorer.score(image_to_picture(apply_steps(scorer.read(EXAMPLES / name), steps))).score


BLUR = Step("gaussian_blur", 3)


def test_opening_the_tab_is_enough(visit):
    tab = visit("")
    tab.page.wait_for_selector("#scores [data-score]")
    tab.page.locator("button[role=tab][data-tab-id=compare]").click()
    tab.wait_for_scores([expected("cat.png", "compact", BLUR), expected("cat.png", "compact-untrained", BLUR)])
    assert not tab.complaints


@pytest.mark.parametrize("size", SIZES)
def test_first_view_shows_compact_beside_its_untrained_twin(visit, size):
    tab = visit("?tab=compare", size)
    tab.wait_for_scores([expected("cat.png", "compact", BLUR), expected("cat.png", "compact-untrained", BLUR)])
    tab.wait_for_labels("Heatmap: compact", "Heatmap: compact-untrained", "Degraded", "Difference: left minus right")
    tab.page.wait_for_function("document.querySelectorAll('.compare-frame img').length == 4")
    assert tab.page.locator("#compare-pairs tbody tr").count() == 7
    text = tab.page.locator("#compare-scores").inner_text()
    assert "Don't compare the numbers of two models" in text
    assert "what it says is chance" in text
    assert tab.overflow() <= 0
    assert not tab.complaints


def test_the_tab_comes_to_rest_and_closed_tabs_cost_no_request(visit):
    tab = visit()
    tab.wait_for_scores([expected("cat.png", "compact", BLUR), expected("cat.png", "compact-untrained", BLUR)])
    tab.wait_for_rest()
    asked = tab.requests()
    tab.page.get_by_text("Landscape", exact=True).click()
    tab.wait_for_scores([expected("lake.png", "compact", BLUR), expected("lake.png", "compact-untrained", BLUR)])
    tab.page.wait_for_timeout(3000)  # nothing is waited for: that nothing more comes is what is tested
    joined = [address for address in asked if "queue/join" in address]
    assert 1 <= len(joined) <= 3  # the example, the comparison, and the code of the view


def test_panel_model_and_the_one_on_the_right_change_places(visit):
    tab = visit()
    both = [expected("cat.png", "compact", BLUR), expected("cat.png", "compact-untrained", BLUR)]
    tab.wait_for_scores(both)
    tab.choose("#model", "compact-untrained (random weights)")
    tab.wait_for_scores(both[::-1])
    tab.page.wait_for_function("document.querySelector('#compare-other input').value == 'compact'")


def test_two_pictures_the_untouched_photo_an_example_an_upload_a_bad_one(visit, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    tab = visit()
    blurred = expected("cat.png", "compact", BLUR)
    tab.page.get_by_label("another picture").check()
    tab.wait_for_scores([blurred, expected("cat.png")])
    tab.wait_for_labels("Degraded", "Original", "Heatmap: Degraded", "Heatmap: Original")
    tab.choose("#compare-picture", "Coffee")
    tab.wait_for_scores([blurred, expected("coffee.png", "compact", BLUR)])
    tab.page.get_by_label("Degrade it in the same way").uncheck()
    tab.wait_for_scores([blurred, expected("coffee.png")])
    tab.choose("#compare-picture", "Own photo")
    tab.page.get_by_text("Choose or upload the second photo").wait_for()
    tab.page.locator("#compare-upload input[type=file]").set_input_files(bad)
    tab.page.wait_for_selector("#compare-scores [role=alert]")
    assert "not a picture in a known format" in tab.page.locator("#compare-scores").inner_text()
    tab.page.locator("#compare-upload").get_by_label("Remove Image").or_(
        tab.page.locator("#compare-upload").get_by_label("Clear")
    ).first.click()
    tab.page.get_by_text("Choose or upload the second photo").wait_for()
    tab.page.locator("#compare-upload input[type=file]").set_input_files(EXAMPLES / "rocket.jpg")
    tab.wait_for_scores([blurred, expected("rocket.jpg")])
    assert not tab.complaints


def test_curves_are_drawn_with_a_table_and_stay_while_the_level_moves(visit):
    tab = visit()
    tab.wait_for_rest()
    tab.page.locator("#compare-draw").click()
    tab.page.get_by_text("All 6 curves are drawn.").wait_for()
    assert tab.page.locator("#compare-curves figure").count() == 3
    assert tab.page.locator("#compare-curves figure .before circle").count() == 18
    assert tab.page.locator("#compare-curves figure .after rect").count() == 18
    tab.page.get_by_text("The numbers as a table").click()
    assert tab.page.locator("#compare-curves tbody tr").count() == 6
    before = tab.scores()
    dial = tab.page.locator(".level input[type=range]").first
    dial.focus()
    tab.page.keyboard.press("End")
    tab.page.wait_for_function(
        f"old => {{ const now = {SCORES}; return now.length == 2 && now[0] != old }}", arg=before[0]
    )
    assert tab.page.locator("#compare-curves figure").count() == 3
    tab.page.get_by_text("Landscape", exact=True).click()
    tab.page.wait_for_selector("#compare-curves figure", state="detached")
    assert not tab.complaints


@served_here
def test_stop_ends_the_curves_on_the_server_and_one_model_alone_compares_pictures(wide_page, held_url, held):
    page, tab = wide_page, Compare(wide_page, held_url)
    tab.wait_for_labels("Degraded", "Original")
    tab.wait_for_rest()
    page.locator("#compare-draw").click()
    held.go_on.release()
    page.wait_for_selector("#compare-curves figure")
    assert "1 of 3 curves" in page.locator("#compare-progress").inner_text()
    page.locator("#compare-stop").click()
    page.get_by_text("Stopped.").wait_for()
    for _ in range(30):  # what is being computed may end; nothing may follow
        held.go_on.release()
    page.wait_for_timeout(4000)
    assert held.sets <= 2
    assert page.locator("#compare-curves figure").count() == 1
    assert not tab.complaints


def test_a_link_restores_the_comparison_in_german_and_downloads_arrive(visit):
    tab = visit("?tab=compare&with=picture&beside=lake&img=coffee&deg=none", locale="de-DE")
    tab.wait_for_scores([expected("coffee.png"), expected("lake.png")])
    assert tab.page.get_by_label("anderem Bild").is_checked()
    tab.wait_for_labels("Kaffee", "Landschaft")
    assert "__i18n__" not in tab.page.locator("body").inner_text()
    for button, name, start in (
        ("figure", "comparison.png", b"\x89PNG"),
        ("csv", "comparison.csv", b"side,picture,degradations,model"),
    ):
        with tab.page.expect_download(timeout=WAIT) as download:
            tab.page.locator(f"#get-compare-{button}").click()
        assert download.value.suggested_filename == name
        assert Path(download.value.path()).read_bytes().startswith(start)
