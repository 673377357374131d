"""A prompt pair of one's own in a real browser; random weights in the authors' format have a text encoder."""

import pytest
import torch

import qualiclip
from qualiclip.models.prompts import PromptPair
from tests.browser.conftest import launch_here
from tests.browser.test_page import Studio as Visit
from tests.browser.visit import EXAMPLES, served_here
from tests.clip_files import TINY, TINY_TEXT, official_state
from ui.page import build_page
from ui.studio.studio import Studio

pytestmark = [
    pytest.mark.browser,
    served_here,
]
PAIR = PromptPair("Calm <sea>.", "Rough sea.")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "official.pth"
    torch.save(official_state(TINY, TINY_TEXT, seed=0), path)
    return path


@pytest.fixture(scope="module")
def readers(weights):
    """The address of a studio whose models read text, but for the embedded one."""
    page = build_page(Studio(qualiclip.load(str(weights)), qualiclip.load("compact")))
    yield launch_here(page)
    page.close()


@pytest.fixture
def studio(any_page, readers):
    return Visit(any_page, f"{readers}?img=lake&deg=none")


def ask(studio, pair):
    page = studio.page
    page.locator("#own-positive textarea, #own-positive input").fill(pair.positive)
    page.locator("#own-negative textarea, #own-negative input").fill(pair.negative)
    page.locator("#own-start").click()


def test_the_answer_is_the_librarys_and_has_a_heatmap(studio, weights):
    studio.page.get_by_text("A prompt pair of your own").click()
    ask(studio, PAIR)
    (expected,) = qualiclip.load(str(weights), pairs=(PAIR,)).score(EXAMPLES / "lake.png").pairs
    said = studio.page.locator("#own-said")
    said.get_by_text(f"{expected.probability:.3f}").first.wait_for()
    assert "Calm <sea>." in said.inner_text()  # as typed, not as markup
    assert studio.picture("#own-map").shape == (576, 1024, 3)
    assert studio.overflow() <= 0
    ask(studio, PromptPair(" ", "Rough sea."))
    said.get_by_text("expected 1 to 200 characters").wait_for()
    studio.page.locator("#model input").click()
    studio.page.get_by_role("option", name="compact", exact=True).click()
    ask(studio, PAIR)
    studio.page.get_by_text("compact has no text encoder").wait_for()
    assert not studio.complaints
