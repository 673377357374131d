"""A visit of the page, as all tests in the browser make it, and a model that waits for the test."""

import threading
from pathlib import Path

from qualiclip.scoring.scorer import Scorer

EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples"
SIZES = {"desktop": {"width": 1366, "height": 900}, "phone": {"width": 390, "height": 844}}
WAIT = 180_000  # ms; a shared machine may be slow


class Visit:
    """A page that has been opened, and what the browser complained of since."""

    def __init__(self, page, url):
        self.page = page
        self.complaints = []
        page.set_default_timeout(WAIT)
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(url)

    def overflow(self):
        """By how many pixels the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def requests(self):
        """A list that fills with the addresses that the page asks for from now on."""
        asked = []
        self.page.on("request", lambda request: asked.append(request.url))
        return asked


class HeldScorer(Scorer):
    """A model that counts the sets of pictures that it is given, and scores one each time the test lets it go on."""

    def __init__(self, checkpoint, **settings):
        super().__init__(checkpoint, **settings)
        self.sets = 0
        self.go_on = threading.Semaphore(0)

    def score_many(self, sources):
        self.go_on.acquire(timeout=60)
        self.sets += 1
        return super().score_many(sources)
