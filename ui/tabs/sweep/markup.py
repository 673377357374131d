"""A sweep as accessible HTML: the wall, the curves, the table.

Each is a head and then a piece per degradation, so that the page is sent only what is new; a browser closes the tags.
"""

from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup
from PIL import Image

from qualiclip.crops import middle
from qualiclip.prose import decimal
from qualiclip.scoring.sweep import LEVELS, SweepRow
from ui.markup.charts import Plot
from ui.markup.parts import data_uri
from ui.markup.templates import render
from ui.texts import say, say_core

THUMBNAIL = 120  # px of the picture, shown about one to one
JPEG_QUALITY = 82  # hides little of the degradation, and is a fraction of a PNG
DROPS = (0.02, 0.1, 0.2, 0.4)  # of the score: from each on, the next darker colour
RISES = -0.02
RISE = "▲"
EDGE = 8  # px around a curve; it needs room for its marks
PLOT = Plot(132, 84, left=EDGE, top=EDGE, right=132 - EDGE, bottom=84 - EDGE, across=(0, LEVELS[-1]))


def _inline(picture: Image.Image) -> str:
    return data_uri(picture, "JPEG", quality=JPEG_QUALITY, subsampling=0)


def _thumbnail(detail: Image.Image) -> str:
    return _inline(detail.crop(middle(detail.height, detail.width, side=THUMBNAIL)))


def drop_class(drop: float) -> str:
    """Name of the colour of a cell, by how far its score is below that of the original."""
    return "up" if drop <= RISES else f"drop-{sum(drop >= edge for edge in DROPS)}"


def _cell(row: SweepRow, level: int) -> dict[str, object]:
    score, drop = row.scores[level], row.scores[0] - row.scores[level]
    change, step = decimal(-drop, plus=True), ""
    words = say("sweep/cell", type=say_core(row.label), level=level, score=f"{score:.3f}", change=change)
    if level in row.rises:
        step = decimal(score - row.scores[level - 1], plus=True)
        words += " " + say("sweep/cell-rise", step=step)
    known = {"level": level, "score": score, "step": step, "words": words}
    return {**known, "kind": drop_class(drop), "picture": _thumbnail(row.details[level])}


def wall_head() -> Markup:
    """The beginning of the wall: what it shows, and the levels."""
    edges = [f"{edge:g}" for edge in DROPS]
    steps = [f"< {edges[0]}", *(f"{low}–{high}" for low, high in pairwise(edges)), f"≥ {edges[-1]}"]
    chips = [(f"drop-{index}", text) for index, text in enumerate(steps)]
    return render("sweep/wall_head", levels=LEVELS, chips=chips, rise=RISE)


def wall_row(row: SweepRow) -> Markup:
    """One degradation on the wall: the middle of the picture at each level, a button with its score."""
    return render("sweep/wall_row", row=row, cells=[_cell(row, level) for level in LEVELS], rise=RISE)


def curves_head() -> Markup:
    """The beginning of the curves."""
    return render("sweep/curves_head")


def curve(row: SweepRow) -> Markup:
    """The score over the level as a small drawing; the table says the same in numbers."""
    return render("sweep/curve", row=row, plot=PLOT)


def table_head() -> Markup:
    """The beginning of the table."""
    return render("sweep/table_head")


def table_row(row: SweepRow) -> Markup:
    """One degradation in the table: its scores, their order, and the levels that break it."""
    return render("sweep/table_row", row=row, rise=RISE)


def status(text: str) -> Markup:
    """What is said of the sweep as a whole."""
    return render("sweep/status", text=text)


def summary(rows: Sequence[SweepRow]) -> str:
    """How well the scores of several degradations follow their levels, in words."""
    steps = len(rows) * LEVELS[-1]
    mean = sum(row.srcc for row in rows) / len(rows)
    best, worst = (choose(rows, key=lambda row: row.srcc) for choose in (min, max))
    words = say("sweep/summary", srcc=decimal(mean, 2), rises=sum(len(row.rises) for row in rows), steps=steps)
    if best.srcc < worst.srcc:
        names = {"best": say_core(best.label), "worst": say_core(worst.label)}
        numbers = {"best_srcc": decimal(best.srcc, 2), "worst_srcc": decimal(worst.srcc, 2)}
        words += " " + say("sweep/extremes", **names, **numbers)
    return words


def original(picture: Image.Image, row: SweepRow) -> Markup:
    """The picture with a frame round its middle, which the wall shows."""
    small = picture.copy()
    small.thumbnail((2 * THUMBNAIL, THUMBNAIL))
    left, top, right, bottom = middle(picture.height, picture.width, side=min(THUMBNAIL, max(picture.size)))
    box = [100 * left / picture.width, 100 * top / picture.height]
    box += [100 * (right - left) / picture.width, 100 * (bottom - top) / picture.height]
    style = ";".join(
        f"{side}:{share:.2f}%" for side, share in zip(("left", "top", "width", "height"), box, strict=True)
    )
    size = f"{picture.width} × {picture.height}"
    return render("sweep/original", source=_inline(small), style=style, report=row.reports[0], size=size, seed=row.seed)
