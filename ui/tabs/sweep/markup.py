"""A sweep as accessible HTML: the wall, the curves, the table.

Each is a head and then a piece per degradation, so that the page is sent only what is new; a browser closes the tags.
"""

import base64
from collections.abc import Sequence
from html import escape
from io import BytesIO
from itertools import pairwise

from PIL import Image

from qualiclip.crops import middle
from qualiclip.scoring.sweep import LEVELS, SweepRow
from ui.texts import language, say, say_core

THUMBNAIL = 120  # px of the picture, shown about one to one
JPEG_QUALITY = 82  # hides little of the damage, and is a fraction of a PNG
DROPS = (0.02, 0.1, 0.2, 0.4)  # of the score: from each on, the next darker colour
RISES = -0.02
RISE = "▲"
WIDTH, HEIGHT, EDGE = 132, 84, 8  # px of a curve; it needs room for its marks


def _inline(picture: Image.Image) -> str:
    file = BytesIO()
    picture.save(file, format="JPEG", quality=JPEG_QUALITY, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def _thumbnail(detail: Image.Image) -> str:
    return _inline(detail.crop(middle(detail.height, detail.width, side=THUMBNAIL)))


def drop_class(drop: float) -> str:
    """Name of the colour of a cell, by how far its score is below that of the original."""
    return "up" if drop <= RISES else f"drop-{sum(drop >= edge for edge in DROPS)}"


def _signed(change: float) -> str:
    return f"{change:+.3f}".replace("-", "−")


def _cell(row: SweepRow, level: int) -> str:
    score, drop = row.scores[level], row.scores[0] - row.scores[level]
    known = {"type": say_core(row.label), "level": level, "score": f"{score:.3f}", "change": _signed(-drop)}
    words, mark = say("sweep/cell", **known), ""
    if level in row.rises:
        step = _signed(score - row.scores[level - 1])
        words += " " + say("sweep/cell-rise", step=step)
        mark = f'<span class="rise">{RISE} {step}</span>'
    return (
        f'<td><button type="button" class="{drop_class(drop)}" data-degradation="{row.name}" data-level="{level}" '
        f'data-swept="{score!r}" aria-label="{escape(words)}" title="{escape(words)}">'
        f'<img src="{_thumbnail(row.details[level])}" alt=""><span class="swept">{score:.3f}</span>{mark}</button></td>'
    )


def wall_head() -> str:
    """The beginning of the wall: what it shows, and the levels."""
    levels = "".join(
        f'<th scope="col">{say("sweep/level", level=level) if level else say("original")}</th>' for level in LEVELS
    )
    return (
        f'<table class="wall" lang="{language()}"><caption>{_key()}</caption><thead><tr>'
        f'<td><span class="unseen">{say("sweep/type")}</span></td>{levels}</tr></thead><tbody>'
    )


def _key() -> str:
    edges = [f"{edge:g}" for edge in DROPS]
    steps = [f"&lt; {edges[0]}", *(f"{low}–{high}" for low, high in pairwise(edges))]
    chips = "".join(f'<span class="chip drop-{index}">{text}</span>' for index, text in enumerate(steps))
    chips += f'<span class="chip drop-{len(DROPS)}">≥ {edges[-1]}</span>'
    chips += f'<span class="chip up">{say("sweep/key-up")}</span>'
    return f'{say("sweep/wall")} <span class="key">{say("sweep/key")} {chips}</span> {RISE} {say("sweep/key-rise")}'


def wall_row(row: SweepRow) -> str:
    """One degradation on the wall: the middle of the picture at each level, a button with its score."""
    cells = "".join(_cell(row, level) for level in LEVELS)
    return f'<tr><th scope="row">{escape(say_core(row.label))}</th>{cells}</tr>'


def curves_head() -> str:
    """The beginning of the curves."""
    return f'<h3>{say("sweep/curves")}</h3><p class="quiet">{say("sweep/curves-info")}</p><div class="curves">'


def curve(row: SweepRow) -> str:
    """The score over the level as a small drawing; the table says the same in numbers."""

    def point(level: int) -> tuple[float, float]:
        across = EDGE + level * (WIDTH - 2 * EDGE) / LEVELS[-1]
        return across, EDGE + (1 - row.scores[level]) * (HEIGHT - 2 * EDGE)

    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(point, LEVELS))
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in map(point, LEVELS))
    marks = "".join(f'<path class="rise" d="M{x - 5:.1f} {y + 4:.1f}h10l-5 -9z"/>' for x, y in map(point, row.rises))
    grid = "".join(
        f'<path class="grid" d="M{EDGE} {EDGE + share * (HEIGHT - 2 * EDGE):.1f}H{WIDTH - EDGE}"/>'
        for share in (0, 0.5, 1)
    )
    return (
        f"<figure><figcaption>{escape(say_core(row.label))}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">{grid}<polyline points="{line}"/>{dots}{marks}</svg>'
        f'<span class="quiet">SRCC {number(row.srcc)}</span></figure>'
    )


def number(value: float) -> str:
    """Two digits, with a true minus sign."""
    return f"{value:.2f}".replace("-", "−")


def table_head() -> str:
    """The beginning of the table."""
    names = (say("sweep/type"), say("sweep/scores"), say("sweep/srcc"), say("sweep/not-falling"))
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return (
        f'<table class="order"><caption>{say("sweep/order")} <span class="quiet">{say("sweep/order-info")}</span>'
        f"</caption><thead><tr>{head}</tr></thead><tbody>"
    )


def table_row(row: SweepRow) -> str:
    """One degradation in the table: its scores, their order, and the levels that break it."""
    scores = " · ".join(f"{score:.3f}" for score in row.scores)
    broken = f"{RISE} {', '.join(map(str, row.rises))}" if row.rises else say("sweep/none-rise")
    return (
        f'<tr><th scope="row">{escape(say_core(row.label))}</th><td>{scores}</td>'
        f"<td>{number(row.srcc)}</td><td>{broken}</td></tr>"
    )


def summary(rows: Sequence[SweepRow]) -> str:
    """How well the scores of several degradations follow their levels, in words."""
    steps = len(rows) * LEVELS[-1]
    mean = sum(row.srcc for row in rows) / len(rows)
    best, worst = (choose(rows, key=lambda row: row.srcc) for choose in (min, max))
    words = say("sweep/summary", srcc=number(mean), rises=sum(len(row.rises) for row in rows), steps=steps)
    if best.srcc < worst.srcc:
        names = {"best": say_core(best.label), "worst": say_core(worst.label)}
        words += " " + say("sweep/extremes", **names, best_srcc=number(best.srcc), worst_srcc=number(worst.srcc))
    return words


def original(picture: Image.Image, row: SweepRow) -> str:
    """The picture with a frame round its middle, which the wall shows."""
    small = picture.copy()
    small.thumbnail((2 * THUMBNAIL, THUMBNAIL))
    left, top, right, bottom = middle(picture.height, picture.width, side=min(THUMBNAIL, max(picture.size)))
    box = [100 * left / picture.width, 100 * top / picture.height]
    box += [100 * (right - left) / picture.width, 100 * (bottom - top) / picture.height]
    style = ";".join(
        f"{side}:{share:.2f}%" for side, share in zip(("left", "top", "width", "height"), box, strict=True)
    )
    scored = say(
        "sweep/subject",
        model=escape(row.reports[0].model),
        size=f"{picture.width} × {picture.height}",
        seed=row.seed,
        score=f"{row.scores[0]:.3f}",
    )
    return (
        f'<figure class="swept-photo"><span><img src="{_inline(small)}" alt="{escape(say("panel/photo-alt"))}">'
        f'<i style="{style}"></i></span><figcaption>{scored}</figcaption></figure>'
    )
