"""Links, regions, presenter mode and languages, in a real browser."""

import re

import pytest

import qualiclip
from qualiclip.degradations import Region, Step, apply_steps
from tests.browser.test_page import Studio
from tests.browser.visit import EXAMPLES, WAIT

pytestmark = pytest.mark.browser

# Texts and attributes for readers in which a key stands instead of its text.
RAW = """() => [...document.querySelectorAll('body *')].flatMap(node => [
    ...[...node.attributes].filter(one => ['alt', 'title', 'aria-label', 'placeholder', 'value'].includes(one.name)),
    ...[...node.childNodes].filter(one => one.nodeType == 3 && node.tagName != 'SCRIPT')
  ].map(one => one.value ?? one.textContent).filter(text => text.includes('__i18n__')))"""


@pytest.fixture
def visit(open_page, server):
    """Opens the studio with a query, with settings of the browser."""

    def open_studio(query="", **settings):
        return Studio(open_page(**settings), f"{server.url}/{query}")

    return open_studio


def expected(name, steps, region=None):
    scorer = qualiclip.load("compact")
    image = scorer.read(EXAMPLES / name)
    degraded = qualiclip.pictures.image_to_picture(apply_steps(image, steps, region=region))
    return [scorer.score(image).score, scorer.score(degraded).score]


def wait_for_scores(studio, scores):
    studio.page.wait_for_function(
        "wanted => { const now = [...document.querySelectorAll('[data-score]')].map(x => +x.dataset.score);"
        " return now.length == 2 && now.every((score, place) => Math.abs(score - wanted[place]) < 1e-5) }",
        arg=scores,
    )


def test_a_link_opens_the_view_it_names(visit):
    studio = visit("?img=lake&deg=jpeg:4,none,white_noise:2&region=left&seed=3&target=bad")
    wait_for_scores(studio, expected("lake.png", [Step("jpeg", 4), Step("white_noise", 2, 5)], Region(0, 0, 0.5, 1)))
    studio.page.get_by_text("Places that raise the similarity to the negative prompts.").first.wait_for()
    studio.page.get_by_role("button", name="Share this view").click()
    link = studio.page.locator("#link textarea, #link input")
    studio.page.wait_for_function("() => document.querySelector('#link textarea, #link input')?.value.includes('?')")
    assert "img=lake&tab=inspect&deg=jpeg:4,none,white_noise:2&region=left&model=compact&seed=3" in link.input_value()
    assert "target=bad" in link.input_value()
    studio.page.wait_for_function("link => location.href == link", arg=link.input_value())
    again = visit(re.search(r"\?.*", link.input_value())[0])
    wait_for_scores(again, studio.scores())
    assert not studio.complaints + again.complaints


def test_a_link_with_mistakes_says_them_and_opens_the_rest(visit):
    studio = visit("?img=unicorn&deg=jpeg:9&seed=2&target=beauty")
    warning = studio.page.get_by_text("unknown example 'unicorn'")
    warning.wait_for(timeout=WAIT)
    assert studio.page.get_by_text("level of jpeg must lie in [0, 5], got 9").count()
    assert studio.page.get_by_text("unknown choice 'beauty'").count()
    wait_for_scores(studio, expected("cat.png", [Step("gaussian_blur", 3)]))


def test_an_upload_is_not_in_the_link(visit, tmp_path):
    own = tmp_path / "secret.jpg"
    own.write_bytes((EXAMPLES / "osprey.jpg").read_bytes() + b"\0")  # another file than the example
    studio = visit()
    first = studio.scores()
    studio.upload(own)
    studio.wait_for_change(first)
    studio.page.get_by_role("button", name="Share this view").click()
    studio.page.get_by_text("Your photo is not part of the link").wait_for(timeout=WAIT)
    studio.page.wait_for_function("() => document.querySelector('#link textarea, #link input')?.value.includes('?')")
    assert "img=" not in studio.page.locator("#link textarea, #link input").input_value()


def test_a_click_on_the_photo_chooses_the_region(visit):
    studio = visit("?img=lake&deg=white_noise:5")
    first = expected("lake.png", [Step("white_noise", 5)])
    wait_for_scores(studio, first)
    studio.page.get_by_text("More degradations").click()
    studio.page.locator("#photo img").first.click(position={"x": 5, "y": 5})
    wait_for_scores(studio, expected("lake.png", [Step("white_noise", 5)], Region(0, 0, 0.33, 0.33)))
    assert studio.page.get_by_label("Right edge, %").first.input_value() == "33"
    assert not studio.complaints


@pytest.mark.parametrize(("locale", "words"), [("de-AT", "Verschlechtert"), ("en-GB", "Degraded")])
def test_the_page_speaks_the_language_of_the_browser(visit, locale, words):
    studio = visit(locale=locale)
    assert words in studio.page.locator("#scores").inner_text()
    text = studio.page.locator("body").inner_text()
    assert ("Vortragsansicht" in text) == (locale == "de-AT")
    assert not studio.page.evaluate(RAW)
    assert not studio.complaints


def test_presenter_mode_enlarges_and_clears(visit):
    studio = visit()
    size = "parseFloat(getComputedStyle(document.querySelector('.card .number')).fontSize)"
    before = studio.page.evaluate(size)
    studio.page.get_by_role("button", name="Presenter mode").click()
    studio.page.wait_for_function(f"before => {size} > 1.5 * before", arg=before)
    studio.page.wait_for_selector("#examples", state="hidden")
    studio.page.get_by_role("button", name="Presenter mode").click()
    studio.page.wait_for_function(f"before => {size} == before", arg=before)
    studio.page.wait_for_selector("#examples", state="visible")


def test_the_code_of_the_view_and_what_the_model_saw(visit):
    studio = visit("?img=cat&deg=pixelate:2")
    studio.page.get_by_text("Code that repeats this view").click()
    studio.page.wait_for_function("() => document.querySelector('#commands')?.innerText.includes('--step pixelate:2')")
    studio.page.get_by_text("What the model saw").click()
    studio.page.get_by_role("button", name="Score it at other sizes").click()
    studio.page.wait_for_selector("#seen-table table")
    assert "451 × 300" in studio.page.locator("#seen-table").inner_text()
    assert "14 × 9 places" in studio.page.locator("#seen").inner_text()
    assert studio.picture("#seen-figure").ndim == 3
    assert not studio.complaints
