"""A visit of the page, as all tests in the browser make it, and a model that waits for the test."""

import threading
from pathlib import Path

import pytest

from qualiclip.scoring.scorer import Scorer
from tests.surroundings import PATIENCE

EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples"
SIZES = {"desktop": {"width": 1366, "height": 900}, "phone": {"width": 390, "height": 844}}
WAIT = 1000 * PATIENCE  # ms
# Where the studio runs in the process of the test: Gradio's queue, and the statistics that it makes now and then.
served_here = pytest.mark.filterwarnings("ignore::DeprecationWarning")
# What turns for as long as one waits has no end, and may go on.
MOVING = """document.getAnimations().some(
  one => one.playState === 'running' && one.effect.getComputedTiming().endTime !== Infinity)"""


class Visit:
    """A page that has been opened, and what the browser complained of since."""

    def __init__(self, page, url):
        self.page = page
        self.complaints = []
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(url)

    def rest(self):
        """Wait until nothing fades in or moves any more, and the browser has drawn it."""
        self.page.wait_for_function(f"!({MOVING})")
        self.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def overflow(self):
        """By how many pixels the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def requests(self):
        """A list that fills with the addresses that the page sends something to from now on."""
        asked = []
        self.page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
        return asked


def sweep_only(page, *labels):
    """Choose these degradations in the Sweep tab, and no others."""
    page.locator("#sweep-types button").first.click()
    page.locator("#sweep-none").click()
    page.wait_for_function("![...document.querySelectorAll('#sweep-types input')].some(box => box.checked)")
    for label in labels:
        page.locator("#sweep-types").get_by_label(label, exact=True).check()


class HeldScorer(Scorer):
    """A model that counts the sets of pictures that it is given, and scores one each time the test lets it go on."""

    def __init__(self, checkpoint, **settings):
        super().__init__(checkpoint, **settings)
        self.sets = 0
        self.go_on = threading.Semaphore(0)

    def score_many(self, sources):
        self.go_on.acquire(timeout=PATIENCE)
        self.sets += 1
        return super().score_many(sources)


class GatedScorer(Scorer):
    """A model that computes nothing while its gate is shut."""

    def __init__(self, checkpoint, **settings):
        super().__init__(checkpoint, **settings)
        self.gate = threading.Event()

    def encode(self, image):
        self.gate.wait(PATIENCE)
        return super().encode(image)

    def score_read(self, sources, read):
        self.gate.wait(PATIENCE)
        yield from super().score_read(sources, read)
