"""Figures for lectures and papers, by matplotlib's Figure (never pyplot, whose figures are global)."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from qualiclip.drawing.lettering import DARK, HEADING, INK, MIDDLE, PLAIN, QUIET, SMALL, shortened, wrapped
from qualiclip.scoring.reports import QualityReport

WIDTH, TALLEST, BARS_HEIGHT, LABELS = 11.0, 4.5, 4.0, 4.0  # inches
BEFORE, AFTER = DARK, MIDDLE  # blue and orange, as in the studio


@dataclass(frozen=True)
class Panel:
    """A picture with its title."""

    title: str
    picture: Image.Image


def _show(axes: Axes, panel: Panel, width: float) -> None:
    axes.imshow(np.asarray(panel.picture))
    axes.set_title(shortened(panel.title, width, size=HEADING), fontsize=HEADING, color=INK, parse_math=False)
    axes.axis("off")


def _draw_bars(axes: Axes, before: QualityReport, after: QualityReport) -> None:
    rows = np.arange(len(before.bars))
    for offset, report, color, label in ((-0.2, before, BEFORE, "original"), (0.2, after, AFTER, "degraded")):
        values = [value for _, value in report.bars]
        axes.barh(rows + offset, values, height=0.36, color=color, label=f"{label}, mean {report.score:.3f}")
        for row, value in zip(rows, values, strict=True):
            axes.text(min(value + 0.01, 1.0), row + offset, f"{value:.2f}", va="center_baseline", fontsize=SMALL)
    labels = [shortened(label, LABELS, size=SMALL) for label, _ in before.bars]
    axes.set_yticks(rows, labels, fontsize=SMALL, parse_math=False)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.08)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.tick_params(labelsize=SMALL)
    axes.set_xlabel("probability of the positive prompt", fontsize=PLAIN)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.14), ncols=2, frameon=False, fontsize=PLAIN)


def inspect_figure(panels: list[Panel], before: QualityReport, after: QualityReport, *, caption: str) -> Figure:
    """Pictures side by side, the bars of the prompt pairs below them, and a caption; as high as the pictures need."""
    shape = panels[0].picture
    lines = wrapped(caption, WIDTH - 0.4, size=SMALL)
    bars_height = BARS_HEIGHT + 0.17 * len(lines)
    picture_height = min(WIDTH / len(panels) * shape.height / shape.width, TALLEST) + 0.5  # with its title
    figure = Figure(figsize=(WIDTH, picture_height + bars_height), layout="constrained")
    parts = figure.subfigures(2, 1, squeeze=False, height_ratios=(picture_height, bars_height))
    top, bottom = np.asarray(parts)[:, 0]
    for axes, panel in zip(top.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _show(axes, panel, WIDTH / len(panels) - 0.2)
    _draw_bars(bottom.subplots(), before, after)
    bottom.supxlabel("\n".join(lines), fontsize=SMALL, color=QUIET, parse_math=False)
    return figure
