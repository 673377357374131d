"""The lesson as a visitor takes it: six steps, an animation that needs no server, a keyboard, a phone."""

import re

import pytest

import qualiclip
from tests.browser.visit import EXAMPLES, Visit

STEPS = {
    "degrade": "#lesson-degrade .strip img",
    "rank": "#lesson-rank .option",
    "prompts": "#lesson-prompts table.cosines",
    "losses": "#lesson-losses .player",
    "arithmetic": "#lesson-arithmetic [data-lesson-score]",
    "heatmap": "#lesson-heatmap .maps img",
}
pytestmark = pytest.mark.browser


class Lesson(Visit):
    """The page with the lesson open."""

    def wait_for(self, step):
        self.page.wait_for_selector(STEPS[step])
        # Gradio fades what is being computed again; the step is there when nothing is.
        self.page.wait_for_function(f"!document.querySelector('#lesson-{step} .pending')")

    def shown(self):
        """The steps whose results can be seen."""
        return [step for step, result in STEPS.items() if self.page.locator(result).first.is_visible()]


@pytest.fixture
def lesson(any_page, server):
    return Lesson(any_page, f"{server.url}?tab=lesson")


@pytest.fixture
def open_at(open_page, server):
    def open_step(step, **settings):
        lesson = Lesson(open_page(**settings), f"{server.url}?tab=lesson&step={step}")
        lesson.wait_for(step)
        return lesson

    return open_step


def test_all_six_steps_by_next_and_back(lesson):
    names = list(STEPS)
    for step in names:
        lesson.wait_for(step)
        assert lesson.shown() == [step]
        assert lesson.overflow() <= 0
        assert lesson.page.locator("#lesson-next").is_visible() == (step != names[-1])
        if step != names[-1]:
            lesson.page.locator("#lesson-next").click()
    lesson.page.locator("#lesson-back").click()
    lesson.wait_for("arithmetic")
    assert lesson.shown() == ["arithmetic"]
    assert not lesson.complaints


def test_the_score_of_a_step_is_the_librarys(open_at):
    lesson = open_at("arithmetic")
    lesson.page.locator("#lesson-level input[type=range]").focus()
    lesson.page.keyboard.press("Home")  # level 0: the photo as it is
    expected = qualiclip.load("compact").score(EXAMPLES / "cat.png").score
    lesson.page.wait_for_function(
        "expected => Math.abs(document.querySelector('[data-lesson-score]').dataset.lessonScore - expected) < 1e-6",
        arg=expected,
    )
    assert f"{expected:.4f}" in lesson.page.locator("#lesson-arithmetic .mean").inner_text()
    assert not lesson.complaints


def test_the_animation_plays_pauses_and_asks_the_server_nothing(open_at):
    lesson = open_at("losses")
    page = lesson.page
    button, dial, words = (page.locator(f"#lesson-losses [data-part={name}]") for name in ("play", "dial", "words"))
    line = page.locator("#lesson-losses [data-line=good]")
    before = line.get_attribute("points")
    requests = lesson.requests()
    button.click()
    assert button.inner_text() == "Pause"
    page.wait_for_function("+document.querySelector('#lesson-losses [data-part=dial]').value >= 5")
    button.click()
    assert button.inner_text() == "Play"
    stopped = dial.input_value()
    assert line.get_attribute("points") != before
    dial.focus()
    page.keyboard.press("ArrowRight")
    assert int(dial.input_value()) == int(stopped) + 1
    assert dial.get_attribute("aria-valuetext") == words.inner_text()
    page.keyboard.press("End")
    assert re.match(r"Step (\d+) of \1\.", words.inner_text())
    button.click()  # at the end it begins again
    page.wait_for_function("+document.querySelector('#lesson-losses [data-part=dial]').value < 50")
    button.click()
    assert requests == []
    assert not lesson.complaints


def test_with_reduced_motion_ten_stills_are_shown(open_at):
    lesson = open_at("losses", reduced_motion="reduce")
    dial = lesson.page.locator("#lesson-losses [data-part=dial]")
    lesson.page.locator("#lesson-losses [data-part=play]").click()
    lesson.page.wait_for_function("+document.querySelector('#lesson-losses [data-part=dial]').value > 0")
    assert int(dial.input_value()) % -(-int(dial.get_attribute("max")) // 10) == 0
    lesson.page.locator("#lesson-losses [data-part=play]").click()


def test_a_guess_is_counted_and_then_answered(open_at):
    lesson = open_at("rank")
    page = lesson.page
    assert not page.locator("#lesson-rank .truth").first.is_visible()
    for level in (0, 1, 2, 3, 5, 4):
        page.locator(f"#lesson-rank .option[data-level='{level}']").press("Enter")
    page.locator("#lesson-rank summary").press("Enter")
    page.wait_for_function("document.querySelector('#lesson-rank .yours').textContent != ''")
    assert page.locator("#lesson-rank .yours").inner_text() == "You put 14 of 15 pairs in the order of the levels."
    assert page.locator("#lesson-rank .truth").count() == 6
    scores = [float(cell.get_attribute("data-rank-score")) for cell in page.locator("[data-rank-score]").all()]
    assert scores[0] == pytest.approx(qualiclip.load("compact").score(EXAMPLES / "cat.png").score, abs=1e-6)
    assert not lesson.complaints


def test_a_step_is_chosen_by_keyboard_in_german(open_at):
    lesson = open_at("degrade", locale="de-DE")
    lesson.page.locator("#lesson-steps input").first.focus()
    for step in ("rank", "prompts"):
        for key in ("Tab", "Space"):
            lesson.page.keyboard.press(key)
        lesson.wait_for(step)
        assert lesson.shown() == [step]
    text = lesson.page.locator("#lesson").inner_text()
    assert "Womit wird das Bild verglichen?" in text
    assert "Ehrlich gesagt" in text
    assert "lesson/" not in text


def test_random_weights_give_a_map_and_a_number(open_at):
    lesson = open_at("heatmap")
    lesson.page.locator("#lesson-weights").click()
    lesson.page.wait_for_selector("#lesson-untrained [data-correlation]")
    assert lesson.page.locator("#lesson-untrained img").get_attribute("alt")
    lesson.page.locator("#lesson-kind").get_by_text("White noise").click()
    lesson.page.wait_for_selector("#lesson-untrained [data-correlation]", state="detached")
    assert not lesson.complaints
