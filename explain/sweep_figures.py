"""Figures of a sweep: the contact sheet (types × levels) and the curves of the score over the level."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from qualiclip.sweep import LEVELS, SweepRow, middle

INK, QUIET, CURVE, ALARM = "#1f2937", "#5b6472", "#1d4ed8", "#c2410c"  # the last two differ in grey as well
RISE = "▲"  # marks a score that did not fall, for those who don't see its colour
DEGRADED = LEVELS[1:]


@dataclass(frozen=True)
class _Sheet:
    """Where things are on a contact sheet, in inches from the top left corner."""

    tile_width: float
    tile_height: float
    rows: int
    longest: int = 12  # rows of a block; a longer sheet goes on in a second block beside the first
    label: float = 1.2
    gap: float = 0.06
    head: float = 0.65
    foot: float = 0.15

    @property
    def blocks(self) -> int:
        return math.ceil(self.rows / self.longest)

    @property
    def lines(self) -> int:
        return math.ceil(self.rows / self.blocks)

    @property
    def line_height(self) -> float:
        return self.tile_height + 0.24

    @property
    def block_width(self) -> float:
        return self.label + len(DEGRADED) * (self.tile_width + self.gap)

    @property
    def size(self) -> tuple[float, float]:
        return self.blocks * self.block_width + 0.15, self.top(self.lines) + self.foot

    def top(self, line: int) -> float:
        return self.tile_height + self.head + line * self.line_height

    def left(self, block: int, level: int) -> float:
        return block * self.block_width + self.label + (level - 1) * (self.tile_width + self.gap)


def _show(axes: Axes, sheet: _Sheet, left: float, top: float, picture: Image.Image) -> None:
    extent = (left, left + sheet.tile_width, top + sheet.tile_height, top)
    axes.imshow(np.asarray(picture), extent=extent, interpolation="antialiased", aspect="auto")


def _draw_row(axes: Axes, sheet: _Sheet, row: SweepRow, block: int, line: int) -> None:
    top = sheet.top(line)
    middle = top + sheet.tile_height / 2
    words = row.label.replace(" in ", "\nin ").replace(" noise", "\nnoise")
    axes.text(sheet.left(block, 1) - 0.08, middle, words, ha="right", va="center", fontsize=8, color=INK)
    for level in DEGRADED:
        left = sheet.left(block, level)
        _show(axes, sheet, left, top, row.details[level])
        rises = level in row.rises
        text = f"{row.scores[level]:.3f}" + (f" {RISE}" if rises else "")
        place = (left + sheet.tile_width / 2, top + sheet.tile_height + 0.02)
        axes.text(*place, text, ha="center", va="top", fontsize=7, color=ALARM if rises else INK)


def _draw_head(axes: Axes, sheet: _Sheet, picture: Image.Image, row: SweepRow, title: str, facts: str) -> None:
    left, top = sheet.left(0, 1), 0.15
    _show(axes, sheet, left, top, picture)
    scale = sheet.tile_width / picture.width
    x, y, right, bottom = (
        scale * edge for edge in middle(picture.height, picture.width, side=max(row.details[0].size))
    )
    frame = Rectangle((left + x, top + y), right - x, bottom - y, fill=False, edgecolor="white", linewidth=1)
    axes.add_patch(frame)
    original = f"Original\n{row.scores[0]:.3f}"
    axes.text(left - 0.08, top + sheet.tile_height / 2, original, ha="right", va="center", fontsize=8, color=INK)
    beside = sheet.left(0, 2) + 0.05
    axes.text(beside, top, title, va="top", fontsize=12, weight="bold", color=INK)
    key = f"The number is the quality score of the whole picture; {RISE} marks one that did not fall."
    axes.text(beside, top + 0.28, f"{facts}\n{key}", va="top", fontsize=7.5, color=QUIET, linespacing=1.5)
    for block in range(sheet.blocks):
        for level in DEGRADED:
            place = (sheet.left(block, level) + sheet.tile_width / 2, sheet.top(0) - 0.05)
            axes.text(*place, f"level {level}", ha="center", va="bottom", fontsize=8, color=QUIET)


def contact_sheet(picture: Image.Image, rows: Sequence[SweepRow], *, title: str, facts: str) -> Figure:
    """The middle of one picture at levels 1 to 5 of each degradation, with the scores of the whole.

    The frame on the picture shows what the middle is; a triangle marks a score that did not fall.
    """
    tile_width = 1.0 if picture.width >= picture.height else 0.7
    sheet = _Sheet(tile_width, tile_width * picture.height / picture.width, len(rows))
    figure = Figure(figsize=sheet.size)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    _draw_head(axes, sheet, picture, rows[0], title, facts)
    for index, row in enumerate(rows):
        block, line = divmod(index, sheet.lines)
        _draw_row(axes, sheet, row, block, line)
    axes.set_xlim(0, sheet.size[0])
    axes.set_ylim(sheet.size[1], 0)
    return figure


def _draw_curve(axes: Axes, row: SweepRow) -> None:
    axes.plot(LEVELS, row.scores, color=CURVE, linewidth=1.5, marker="o", markersize=3)
    axes.plot(row.rises, [row.scores[level] for level in row.rises], "^", color=ALARM, markersize=6)
    axes.set_title(row.label, fontsize=8.5, color=INK, loc="left", pad=3)
    axes.text(0.05, 0.06, f"SRCC {row.srcc:.2f}", transform=axes.transAxes, fontsize=7, color=QUIET)  # seldom met
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=7, colors=QUIET)
    axes.grid(visible=True, axis="y", linewidth=0.4, color="#d1d5db")


def monotonicity_plot(rows: Sequence[SweepRow], *, title: str, facts: str) -> Figure:
    """The score over the level, a small plot for each degradation, all on one scale; rises are marked.

    SRCC is the rank correlation of level and score: -1 where every level scores lower than the one before.
    """
    columns = min(6, len(rows))
    lines = math.ceil(len(rows) / columns)
    figure = Figure(figsize=(max(5.0, 1.9 * columns), 1.35 * lines + 1.1), layout="constrained")
    plots = np.asarray(figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)).ravel()
    for axes, row in zip(plots, rows, strict=False):
        _draw_curve(axes, row)
    for axes in plots[len(rows) :]:
        axes.set_visible(False)
    plots[0].set_xticks(LEVELS)
    plots[0].set_ylim(0, 1)
    figure.suptitle(title, fontsize=12, weight="bold", color=INK)
    figure.supylabel("quality score", fontsize=9, color=INK)
    figure.supxlabel(f"level\n{facts}", fontsize=8, color=QUIET)
    return figure
