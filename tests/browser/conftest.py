"""A real server and a real browser."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from pathlib import Path

import pytest

import qualiclip
from tests.browser.pages import Pages
from tests.browser.stranger import strange_server
from tests.browser.visit import SIZES, WAIT, GatedScorer, HeldScorer
from tests.surroundings import PATIENCE
from ui.page import build_page
from ui.server.serve import launch_page
from ui.studio.studio import Studio

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TAKEN = ("can't serve at port", "Cannot find empty port")
DEAD_PROXY = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}  # the studio must not need one
# A browser that stays off the network; --no-sandbox because root can't use the sandbox.
BROWSER_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def find_browser():
    """Path of a Chromium on this machine, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


class Server:
    """The studio as `python app.py` starts it, or another program that takes a port and says where it is ready."""

    def __init__(self, *arguments, program=("app.py",), cwd=ROOT, environment=None):
        self.output = deque(maxlen=200)
        while self._start([*program], arguments, cwd, environment or {}) is None:
            self.stop()
            if not any(reason in line for line in self.output for reason in TAKEN):  # a port that was free until now
                raise RuntimeError("the server did not start:\n" + "".join(self.output))

    def _start(self, program, arguments, cwd, environment):
        self.port = free_port()
        self._temporary = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [sys.executable, *program, "--port", str(self.port), *arguments],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **DEAD_PROXY, "TMPDIR": self._temporary.name, **environment},
        )
        self.output.clear()
        self.url = None
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._ready.wait(PATIENCE)
        return self.url

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line)
            found = re.search(r"ready at (http://\S+)", line)
            if found:
                self.url = found[1]
                self._ready.set()
        self._ready.set()

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self._reader.join()
        self.process.stdout.close()
        self._temporary.cleanup()

    @property
    def folder(self):
        """Where the studio keeps its temporary files."""
        return next(Path(self._temporary.name).glob("qualiclip-files-*"), Path(self._temporary.name, "none"))


@pytest.fixture(scope="package")
def server():
    running = Server("--megapixels", "2")
    yield running
    running.stop()


@pytest.fixture(scope="package")
def stranger():
    with strange_server() as running:
        yield running


@pytest.fixture
def lure(stranger):
    """A web server that nobody may visit."""
    stranger.visits.clear()
    return stranger


@pytest.fixture(scope="package")
def browser():
    executable = find_browser()
    if executable is None:
        pytest.skip(f"no browser on this machine (looked for {', '.join(BROWSERS)})")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=executable, args=list(BROWSER_FLAGS), timeout=WAIT)
        yield running
        running.close()


@pytest.fixture(scope="package")
def pages(browser):
    return Pages(browser)


@pytest.fixture
def open_page(pages):
    """Gives an empty page of a size, with the settings of a context of the browser, as often as it is asked."""
    taken = []

    def open_one(size="desktop", **settings):
        taken.append(pages.take(size, **settings))
        return taken[-1][0]

    yield open_one
    for one in taken:
        pages.give_back(*one)


@pytest.fixture(params=SIZES, ids=SIZES)
def any_page(request, open_page):
    """An empty page at the size of a desk, and of a phone."""
    return open_page(request.param)


@pytest.fixture
def wide_page(open_page):
    """An empty page at the size of a desk."""
    return open_page()


@pytest.fixture
def held():
    """The embedded model, in the test's hand."""
    loaded = qualiclip.load("compact", engine="fused")
    return HeldScorer(loaded.checkpoint, engine="fused", limits=loaded.limits)


@pytest.fixture
def gated(tiny_checkpoint):
    """A model, small enough to work through every tab at once, behind a gate that is shut."""
    loaded = qualiclip.load(str(tiny_checkpoint), engine="fused")
    return GatedScorer(loaded.checkpoint, engine="fused", limits=loaded.limits)


def launch_here(page):
    """The address of a page that is served in the process of the test."""
    while True:
        try:
            return launch_page(page, host="127.0.0.1", port=free_port()).rstrip("/")
        except OSError as error:
            if "empty port" not in str(error):  # a port that was free until now
                raise


@pytest.fixture
def held_url(held):
    """The address of a studio with the model in the test's hand."""
    page = build_page(Studio(held))
    yield launch_here(page)
    page.close()


@pytest.fixture
def gated_url(gated):
    """The address of a studio with the model behind a gate."""
    page = build_page(Studio(gated))
    yield launch_here(page)
    gated.gate.set()  # whoever waits may go
    page.close()
