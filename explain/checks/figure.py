"""The figure of a benchmark: how well each map finds each degradation, a small plot for each degradation."""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from qualiclip.degradations import DEGRADATIONS

from .records import MAIN_SHAPE
from .summary import GOALS, BenchmarkSummary, MapRow

INK, QUIET, GRID = "#1f2937", "#5b6472", "#e5e7eb"
DOT, WEAK = "#1d4ed8", "#c2410c"  # they differ in grey as well, and weak ones are hollow
LINES = {
    "random": ("#8a929c", ":"),
    "centre": ("#8a929c", "-."),
    "edges": ("#0f766e", (0, (5, 2))),
    "no edges": ("#7c3aed", "-"),
}
MOST_COLUMNS = 4
HEAD, FOOT = 0.85, 0.7  # inches: title and key above the plots, captions below
LETTERS = 16.5  # of a caption, to an inch


@dataclass(frozen=True)
class _Sheet:
    """Measures of the figure, in inches."""

    types: int
    maps: int

    @property
    def columns(self) -> int:
        return min(MOST_COLUMNS, self.types)

    @property
    def lines(self) -> int:
        return math.ceil(self.types / self.columns)

    @property
    def size(self) -> tuple[float, float]:
        return 2.0 + 2.4 * max(self.columns, 3), HEAD + FOOT + self.lines * (0.7 + 0.2 * self.maps)


def _draw_maps(axes: Axes, rows: Sequence[MapRow]) -> None:
    for place, row in enumerate(rows):
        sure = row.verdict == "better than random"
        color = DOT if sure else WEAK
        ends = (row.auroc.low, row.auroc.high)
        axes.plot(ends, (place, place), color=color, linewidth=1.6, solid_capstyle="butt")
        face = color if sure else "white"
        axes.plot(row.auroc.mean, place, "o", markersize=5, color=color, markerfacecolor=face, zorder=3, clip_on=False)


def _draw_baselines(axes: Axes, rows: Sequence[MapRow]) -> None:
    for row in rows:
        color, style = LINES[row.map]
        axes.axvline(row.auroc.mean, color=color, linestyle=style, linewidth=1.3, label=row.map, zorder=1)


def _draw_goal(axes: Axes, goal: float | None) -> None:
    if goal is not None:
        axes.plot(goal, 1.0, "v", color=INK, markersize=6, clip_on=False, transform=axes.get_xaxis_transform())


def _draw_type(axes: Axes, summary: BenchmarkSummary, degradation: str) -> None:
    maps = summary.select(kind="map", degradation=degradation, shape=MAIN_SHAPE)
    _draw_baselines(axes, summary.select(kind="baseline", degradation=degradation, shape=MAIN_SHAPE))
    _draw_maps(axes, maps)
    _draw_goal(axes, GOALS.get(degradation))
    axes.set_title(DEGRADATIONS[degradation].label, fontsize=10, color=INK, loc="left", pad=9)
    axes.set_yticks(range(len(maps)), [row.map for row in maps], fontsize=8, color=INK)
    axes.set_xlim(0, 1)
    axes.set_xticks((0, 0.25, 0.5, 0.75, 1), ("0", ".25", ".5", ".75", "1"))
    axes.tick_params(axis="x", labelsize=8, colors=QUIET)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=True, axis="y", linewidth=0.5, color=GRID)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _draw_key(figure: Figure, first: Axes, place: tuple[float, float]) -> None:
    handles, labels = first.get_legend_handles_labels()
    handles += first.plot([], [], "o-", color=DOT, markersize=5, linewidth=1.6)
    handles += first.plot([], [], "o-", color=WEAK, markerfacecolor="white", markersize=5, linewidth=1.6)
    handles += first.plot([], [], "v", color=INK, markersize=6, linestyle="none")
    labels = [f"baseline {name}" for name in labels]
    labels += ["method, 95 % interval", "no better than random", "goal"]
    options = {"ncols": len(labels), "frameon": False, "fontsize": 8.5, "labelcolor": INK}
    spacing = {"columnspacing": 1.3, "handletextpad": 0.5, "borderpad": 0, "borderaxespad": 0}
    figure.legend(handles, labels, loc="upper left", bbox_to_anchor=place, **options, **spacing)


def _draw_words(figure: Figure, title: str, facts: str) -> None:
    width, height = figure.get_size_inches()
    left = 0.12 / width
    figure.text(left, 1 - 0.12 / height, title, fontsize=13, weight="bold", color=INK, va="top")
    lines = ["Across: AUROC of a degraded quadrant, from the degraded picture alone; 0.5 is chance, 1 is perfect."]
    lines += textwrap.wrap(facts, round(width * LETTERS))
    figure.text(left, 0.1 / height, "\n".join(lines), fontsize=8, color=QUIET, va="bottom", linespacing=1.4)


def summary_figure(summary: BenchmarkSummary, *, title: str, facts: str) -> Figure:
    """AUROC of each map of a degraded quadrant: dots with intervals, baselines as lines, the goal as a triangle."""
    degradations = [best.degradation for best in summary.best]
    maps = summary.select(kind="map", degradation=degradations[0], shape=MAIN_SHAPE)
    sheet = _Sheet(len(degradations), len(maps))
    width, height = sheet.size
    middle = (0, FOOT / height, 1, 1 - (HEAD + FOOT) / height)
    figure = Figure(figsize=sheet.size, layout=ConstrainedLayoutEngine(rect=middle, w_pad=0.08, h_pad=0.08))
    plots = np.asarray(figure.subplots(sheet.lines, sheet.columns, sharex=True, sharey=True, squeeze=False)).ravel()
    for axes, degradation in zip(plots, degradations, strict=False):
        _draw_type(axes, summary, degradation)
    for axes in plots[len(degradations) :]:
        axes.set_visible(False)
    plots[0].invert_yaxis()
    _draw_key(figure, plots[0], (0.12 / width, 1 - 0.5 / height))
    _draw_words(figure, title, facts)
    return figure
