"""`python -m tests.bench_ui`: from letting go of a slider to the new score and picture, in a real browser.

Photos of 1024 × 768, `compact`, one degradation from level 2 to level 3, each of the 24 types in turn: none of it is
in a cache. Beside it, in the same run: what the bare score of such a picture takes.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from torch import Tensor

import qualiclip
from qualiclip.degradations import DEGRADATIONS
from qualiclip.scoring.scorer import Scorer
from tests.browser.conftest import BROWSER_FLAGS, Server, find_browser

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "examples"
EXAMPLES = ("lake", "coffee")
APART = "jpeg2000"  # its codec alone takes longer than all the rest
# Everything is measured inside the page: the clock starts when the slider is let go, and stops in the frame in which
# both numbers have changed and the new pictures are decoded.
RELEASE = """async (level) => {
  const dial = document.querySelector(".level input[type=range]");
  const score = () => [...document.querySelectorAll("[data-score]")].map(card => card.dataset.score).join();
  const pictures = part => [...document.querySelectorAll(part + " img")];
  const sources = part => pictures(part).map(picture => picture.src).join();
  const old = [score(), sources("#before-after"), sources("#heatmap")];
  dial.value = level;
  dial.dispatchEvent(new Event("input", {bubbles: true}));
  await new Promise(requestAnimationFrame);
  const start = performance.now();
  dial.dispatchEvent(new PointerEvent("pointerup", {bubbles: true}));
  // Told by the page itself: asking in each frame would have the browser draw sixty frames a second meanwhile.
  const until = changed => new Promise(done => {
    if (changed()) return done();
    const watch = new MutationObserver(() => { if (changed()) { watch.disconnect(); done(); } });
    watch.observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
  });
  const shown = async (changed, part) => {
    await until(changed);
    if (part) await Promise.all(pictures(part).map(picture => picture.decode()));
    await new Promise(requestAnimationFrame);
    return performance.now() - start;
  };
  return Promise.all([
    shown(() => score() != old[0]),
    shown(() => sources("#before-after") != old[1], "#before-after"),
    shown(() => sources("#heatmap") != old[2], "#heatmap"),
  ]);
}"""


def wait_for(page: Page, text: str) -> None:
    """Wait until the pictures have changed, and all is quiet."""
    page.wait_for_function("old => document.querySelector('#heatmap img')?.src != old", arg=text)
    page.wait_for_timeout(300)


def source(page: Page) -> str:
    """The address of the heatmap that is shown."""
    return page.locator("#heatmap img").last.get_attribute("src") or ""


def choose(page: Page, name: str) -> None:
    """Choose the first degradation in its list, with its slider away from the level that is measured."""
    old, box = source(page), page.get_by_label("Degradation 1")
    box.click()
    box.fill(DEGRADATIONS[name].label)
    page.get_by_role("option", name=DEGRADATIONS[name].label, exact=True).click()
    wait_for(page, old)
    page.evaluate(RELEASE, 2)
    page.wait_for_timeout(300)


def upload(page: Page, photo: Path) -> None:
    """Put another photo in the place of the one that is there."""
    old = source(page)
    page.get_by_label("Remove Image").or_(page.get_by_label("Clear")).first.click()
    page.locator("#photo input[type=file]").set_input_files(photo)
    page.get_by_text("1024 × 768").wait_for()
    wait_for(page, old)


@dataclass(frozen=True)
class Times:
    """Milliseconds after the slider was let go, and those of the bare score just after."""

    score: float
    picture: float
    heatmap: float
    bare: float

    @property
    def main(self) -> float:
        """Until number and picture are there."""
        return max(self.score, self.picture)

    @property
    def all(self) -> float:
        """Until the heatmap is there, too."""
        return max(self.main, self.heatmap)


def bare_score(scorer: Scorer, image: Tensor) -> float:
    """Milliseconds that the score of a decoded picture takes, the better of two."""
    times = []
    for _ in range(2):
        start = time.perf_counter()
        scorer.report(image, scorer.encode(image))
        times.append(1000 * (time.perf_counter() - start))
    return min(times)


def measure(url: str, photos: Sequence[Path], scorer: Scorer) -> dict[str, list[Times]]:
    """The times of each type, a row per photo."""
    times: dict[str, list[Times]] = {name: [] for name in DEGRADATIONS}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_browser(), args=list(BROWSER_FLAGS))
        page = browser.new_page(viewport={"width": 1366, "height": 1000})
        page.set_default_timeout(60_000)
        page.goto(url)
        page.wait_for_selector("#scores [data-score]")
        for photo in photos:
            upload(page, photo)
            image = scorer.read(photo)
            bare_score(scorer, image)
            first, *others = DEGRADATIONS  # the first is chosen at first, and choosing it again would change nothing
            for name in [*others, first]:
                choose(page, name)
                score, picture, heatmap = page.evaluate(RELEASE, 3)
                times[name].append(Times(score, picture, heatmap, bare_score(scorer, image)))
                page.evaluate(RELEASE, 1)
        browser.close()
    return times


def row(label: str, times: Sequence[Times]) -> str:
    """A line of the table: medians, 95th percentiles and ratios, without and with the heatmap."""
    cells = []
    for kind in ("main", "all"):
        ordered = sorted(getattr(one, kind) for one in times)
        high = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
        ratio = statistics.median(getattr(one, kind) / one.bare for one in times)
        cells += [f"{statistics.median(ordered):.0f}", f"{high:.0f}", f"{ratio:.1f}"]
    return f"| {label} | {' | '.join(cells)} |"


def main(arguments: Any = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--each", action="store_true", help="a line for each type, too")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        photos = [Path(folder) / f"{name}.png" for name in EXAMPLES]
        for photo in photos:
            with Image.open(FOLDER / photo.name) as picture:
                picture.convert("RGB").resize((1024, 768), Image.Resampling.LANCZOS).save(photo)
        scorer = qualiclip.load("compact", engine=options.engine)
        server = Server("--models", "compact", "--engine", options.engine)
        try:
            times = measure(server.url, photos, scorer)
        finally:
            server.stop()
    bare = statistics.median(one.bare for rows in times.values() for one in rows)
    print(
        f"times in ms, each type on {len(EXAMPLES)} photos; ratio to the bare score, in turn with it: {bare:.0f} ms\n"
    )
    print("| | score and picture: median | 95 % | ratio | with heatmap: median | 95 % | ratio |")
    print("|---|---|---|---|---|---|---|")
    print(row("23 types", [one for name in times if name != APART for one in times[name]]))
    for name in times if options.each else [APART]:
        print(row(name, times[name]))


if __name__ == "__main__":
    main()
