"""The Duel tab in a real browser: the votes of a class are counted there and nowhere else."""

import pytest

from tests.browser.visit import EXAMPLES, Visit

pytestmark = pytest.mark.browser


class Duel(Visit):
    """The tab as a lecturer uses it."""

    def __init__(self, page, url, query=""):
        super().__init__(page, f"{url}/?tab=duel{query}")
        page.wait_for_selector("#duel-kind:visible")

    def deal(self):
        self.page.click("#game-deal")
        self.page.wait_for_selector(".game .round:visible")

    def votes(self):
        return self.page.locator(".game .vote").all_inner_texts()

    def text(self, part):
        return self.page.locator(f".game .{part}").inner_text()

    def better(self):
        return self.page.locator(".game .round:visible").get_attribute("data-better")


@pytest.fixture
def duel(any_page, server):
    return Duel(any_page, server.url)


@pytest.fixture
def desktop(wide_page, server):
    return Duel(wide_page, server.url)


def test_a_class_votes_and_nothing_is_sent_to_the_server(duel):
    duel.deal()
    requests = duel.requests()
    better = duel.better()
    other = "AB".replace(better, "")
    for _ in range(3):
        duel.page.click(f".game .vote[data-vote={better}]")
    duel.page.click(f".game .vote[data-vote={other}]")
    assert sorted(duel.votes()) == sorted([f"{better}: 3", f"{other}: 1"])
    assert not duel.page.locator(".game .truth:visible").count()
    duel.page.click(".game .reveal")
    assert duel.page.locator(".game .truth:visible").count() == 2
    assert duel.text("answer") == f"compact prefers {better}, as the majority does."
    assert duel.text("tally") == (
        "Pairs decided: 1. compact agreed with the majority in 1 of them, and with 3 of 4 votes."
    )
    assert duel.page.locator(f".game .vote[data-vote={better}]").is_disabled()
    duel.page.click(".game .next")
    assert duel.text("which") == "Pair 2 of 6: which picture is better?"
    assert duel.votes() == ["A: 0", "B: 0"]
    duel.page.click(".game .reset")
    assert duel.text("tally") == "No pair is decided yet."
    assert not requests
    assert duel.overflow() <= 0
    assert not duel.complaints


def test_votes_by_keys_and_a_vote_taken_back(desktop):
    desktop.deal()
    for key in ("1", "1", "ArrowLeft", "2", "ArrowRight"):
        desktop.page.keyboard.press(key)
    assert desktop.votes() == ["A: 3", "B: 2"]
    desktop.page.get_by_role("button", name="Undo a vote").click()
    assert desktop.votes() == ["A: 3", "B: 1"]
    desktop.page.locator("#game-model input").focus()
    desktop.page.keyboard.press("1")  # typed into a field: no vote
    assert desktop.votes() == ["A: 3", "B: 1"]


def test_pairs_without_a_majority_are_not_counted_and_the_tally_goes_on_over_deals(desktop):
    desktop.deal()
    desktop.page.click(".game .reveal")
    assert "Nobody voted" in desktop.text("answer")
    desktop.page.click(".game .next")
    for key in "12":
        desktop.page.keyboard.press(key)
    desktop.page.click(".game .reveal")
    assert "The votes are even" in desktop.text("answer")
    assert desktop.text("tally") == "No pair is decided yet."
    desktop.page.click(".game .next")
    desktop.page.keyboard.press("1")
    desktop.page.click(".game .reveal")
    desktop.page.evaluate("document.querySelector('.game').classList.add('old')")
    desktop.page.click("#game-deal")
    desktop.page.wait_for_selector(".game:not(.old) .round:visible")
    assert desktop.text("tally").startswith("Pairs decided: 1.")
    assert desktop.votes() == ["A: 0", "B: 0"]


def test_presenter_mode_shows_large_buttons_and_both_pictures_on_one_screen(desktop):
    desktop.page.click("#present")
    desktop.deal()
    desktop.page.wait_for_function(
        "[...document.querySelectorAll('.game .round:not([hidden]) img, .game .vote')].every(part => {"
        " const {top, bottom, height} = part.getBoundingClientRect(); return height && top >= 0 && bottom <= 900 })"
    )
    assert desktop.page.locator(".game .vote").first.bounding_box()["height"] >= 60


def test_pairs_are_found_from_a_link(any_page, server):
    page, duel = any_page, Duel(any_page, server.url, "&duel=gmad")
    page.wait_for_selector("#duel-start:visible")
    assert not page.locator("#game-deal").is_visible()
    page.click("#duel-start")
    page.wait_for_selector(".contest section")
    text = page.locator(".contest").inner_text()
    assert "compact attacks compact-untrained on 170 pictures" in text
    assert "standard deviations" in text
    assert page.locator(".contest img").count() == 2 * page.locator(".contest section").count()
    assert duel.overflow() <= 0
    assert not duel.complaints


def test_own_pictures_compete_and_too_few_are_said_in_place_in_german(open_page, server):
    page = open_page(locale="de-DE")
    duel = Duel(page, server.url, "&duel=gmad")
    page.get_by_label("meine eigenen").check()
    page.click("#duel-start")
    page.wait_for_selector("#duel-status [role=alert]:has-text('mindestens 6 Bilder')")
    page.locator("#duel-files input[type=file]").set_input_files(sorted(EXAMPLES.iterdir())[:8])
    page.wait_for_function("document.querySelectorAll('#duel-files tr.file').length >= 8")
    page.click("#duel-swap")
    page.click("#duel-start")
    page.wait_for_selector(".contest:has-text('compact-untrained greift compact mit')")
    assert not duel.complaints
