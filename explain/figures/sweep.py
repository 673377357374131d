"""Figures of a sweep: the contact sheet (types × levels) and the curves of the score over the level."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from qualiclip.crops import middle
from qualiclip.drawing.lettering import (
    DARK,
    FAINT,
    HEADING,
    INK,
    MIDDLE,
    PLAIN,
    QUIET,
    SMALL,
    TITLE,
    shortened,
    wrapped,
)
from qualiclip.prose import decimal
from qualiclip.scoring.sweep import LEVELS, SweepRow

ALARM = "#b45309"  # dark enough for letters; the mark beside them says it without colour
RISE = "▲"  # marks a score that did not fall, for those who don't see its colour
DEGRADED = LEVELS[1:]
PLOT_WIDTH = 2.15  # in


@dataclass(frozen=True)
class _Sheet:
    """Where things are on a contact sheet, in inches from the top left corner."""

    tile_width: float
    tile_height: float
    rows: int
    longest: int = 8  # rows of a block; a longer sheet goes on beside it, to fill a screen
    label: float = 1.5
    gap: float = 0.07
    edge: float = 0.15
    head: float = 1.5  # of the original with the words beside it, at least

    @property
    def blocks(self) -> int:
        return math.ceil(self.rows / self.longest)

    @property
    def lines(self) -> int:
        return math.ceil(self.rows / self.blocks)

    @property
    def line_height(self) -> float:
        return self.tile_height + 0.32

    @property
    def block_width(self) -> float:
        return self.label + len(DEGRADED) * (self.tile_width + self.gap)

    @property
    def size(self) -> tuple[float, float]:
        return self.blocks * self.block_width + self.edge, self.top(self.lines) + self.edge

    def top(self, line: int) -> float:
        return max(self.tile_height + self.edge, self.head) + 0.45 + line * self.line_height

    def left(self, block: int, level: int) -> float:
        return block * self.block_width + self.label + (level - 1) * (self.tile_width + self.gap)


def _show(axes: Axes, sheet: _Sheet, left: float, top: float, picture: Image.Image) -> None:
    extent = (left, left + sheet.tile_width, top + sheet.tile_height, top)
    axes.imshow(np.asarray(picture), extent=extent, interpolation="antialiased", aspect="auto")


def _draw_row(axes: Axes, sheet: _Sheet, row: SweepRow, block: int, line: int) -> None:
    top = sheet.top(line)
    middle = top + sheet.tile_height / 2
    words = row.label.replace(" in ", "\nin ").replace(" noise", "\nnoise")
    axes.text(sheet.left(block, 1) - 0.08, middle, words, ha="right", va="center", fontsize=PLAIN, color=INK)
    for level in DEGRADED:
        left = sheet.left(block, level)
        _show(axes, sheet, left, top, row.details[level])
        rises = level in row.rises
        text = f"{row.scores[level]:.3f}" + (f" {RISE}" if rises else "")
        place = (left + sheet.tile_width / 2, top + sheet.tile_height + 0.02)
        axes.text(*place, text, ha="center", va="top", fontsize=HEADING, color=ALARM if rises else INK)


def _draw_original(axes: Axes, sheet: _Sheet, picture: Image.Image, row: SweepRow) -> None:
    left, top = sheet.left(0, 1), sheet.edge
    _show(axes, sheet, left, top, picture)
    scale = sheet.tile_width / picture.width
    box = middle(picture.height, picture.width, side=max(row.details[0].size))
    x, y, right, bottom = (scale * edge for edge in box)
    frame = Rectangle((left + x, top + y), right - x, bottom - y, fill=False, edgecolor="white", linewidth=1)
    axes.add_patch(frame)
    original = f"Original\n{row.scores[0]:.3f}"
    axes.text(left - 0.08, top + sheet.tile_height / 2, original, ha="right", va="center", fontsize=HEADING, color=INK)


def _few_lines(text: str, width: float) -> list[str]:
    """At most two lines; a longer text, such as a very long file name, loses its middle."""
    return wrapped(shortened(text, 1.6 * width, size=SMALL), width, size=SMALL)[:2]


def _draw_head(axes: Axes, sheet: _Sheet, title: str, facts: str) -> None:
    beside = sheet.left(0, 2) + 0.08
    room = sheet.size[0] - beside - sheet.edge
    place = (beside, sheet.edge)
    title = shortened(title, room, size=TITLE, weight="bold")
    axes.text(*place, title, va="top", fontsize=TITLE, weight="bold", color=INK, parse_math=False)
    key = f"The number is the score of the whole picture; {RISE} marks one that did not fall."
    lines = [line for fact in (*facts.splitlines(), key) for line in _few_lines(fact, room)]
    words = "\n".join(lines)
    place = (beside, sheet.edge + 0.35)
    axes.text(*place, words, va="top", fontsize=SMALL, color=QUIET, linespacing=1.4, parse_math=False)
    for block in range(sheet.blocks):
        for level in DEGRADED:
            place = (sheet.left(block, level) + sheet.tile_width / 2, sheet.top(0) - 0.06)
            axes.text(*place, f"level {level}", ha="center", va="bottom", fontsize=PLAIN, color=QUIET)


def contact_sheet(picture: Image.Image, rows: Sequence[SweepRow], *, title: str, facts: str) -> Figure:
    """The middle of one picture at levels 1 to 5 of each degradation, with the scores of the whole.

    The frame on the picture shows what the middle is; a triangle marks a score that did not fall.
    """
    tile_width = 1.0 if picture.width >= picture.height else 0.8
    sheet = _Sheet(tile_width, tile_width * picture.height / picture.width, len(rows))
    figure = Figure(figsize=sheet.size)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    _draw_original(axes, sheet, picture, rows[0])
    _draw_head(axes, sheet, title, facts)
    for index, row in enumerate(rows):
        block, line = divmod(index, sheet.lines)
        _draw_row(axes, sheet, row, block, line)
    axes.set_xlim(0, sheet.size[0])
    axes.set_ylim(sheet.size[1], 0)
    return figure


def _draw_curve(axes: Axes, row: SweepRow) -> None:
    axes.plot(LEVELS, row.scores, color=DARK, linewidth=1.5, marker="o", markersize=3.5)
    rises = [row.scores[level] for level in row.rises]
    axes.plot(row.rises, rises, "^", color=MIDDLE, markeredgecolor=INK, markersize=8)
    axes.set_title(shortened(row.label, PLOT_WIDTH, size=SMALL), fontsize=SMALL, color=INK, loc="left", pad=3)
    behind = {"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1}  # curves seldom go there
    words = f"SRCC {decimal(row.srcc, 2)}"
    axes.text(0.05, 0.06, words, transform=axes.transAxes, fontsize=SMALL, color=QUIET, bbox=behind)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=SMALL, colors=QUIET)
    axes.grid(visible=True, axis="y", linewidth=0.4, color=FAINT)


def order_in_words(rows: Sequence[SweepRow]) -> str:
    """How well the scores follow the levels, over all rows."""
    rises, steps = sum(len(row.rises) for row in rows), len(rows) * len(DEGRADED)
    mean = sum(row.srcc for row in rows) / len(rows)
    return f"Mean SRCC of level and score {decimal(mean)}; {rises} of {steps} steps do not fall, marked by triangles."


def monotonicity_plot(rows: Sequence[SweepRow], *, title: str, facts: str) -> Figure:
    """The score over the level, a small plot for each degradation, all on one scale; rises are marked.

    SRCC is the rank correlation of level and score: -1 where every level scores lower than the one before.
    """
    columns = min(6, len(rows))
    lines = math.ceil(len(rows) / columns)
    width = max(6.5, PLOT_WIDTH * columns + 0.4)
    words = [
        line for fact in (order_in_words(rows), *facts.splitlines()) for line in wrapped(fact, width - 0.4, size=SMALL)
    ]
    figure = Figure(figsize=(width, 1.55 * lines + 1.0 + 0.19 * len(words)), layout="constrained")
    plots = np.asarray(figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)).ravel()
    for axes, row in zip(plots, rows, strict=False):
        _draw_curve(axes, row)
    for axes in plots[len(rows) :]:
        axes.set_visible(False)
    plots[0].set_xticks(LEVELS)
    plots[0].set_ylim(0, 1)
    heading = shortened(title, width - 0.4, size=HEADING, weight="bold")
    figure.suptitle(heading, fontsize=HEADING, weight="bold", color=INK, parse_math=False)
    figure.supylabel("quality score", fontsize=PLAIN, color=INK)
    figure.supxlabel("\n".join(["level", *words]), fontsize=SMALL, color=QUIET, parse_math=False)
    return figure
