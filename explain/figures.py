"""Figures for lectures and papers, by matplotlib's Figure (never pyplot, whose figures are global)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from qualiclip.scoring import QualityReport

DPI = 200
WIDTH, TALLEST, BARS_HEIGHT = 11.0, 4.5, 4.0  # inches
BEFORE, AFTER = "#1d4ed8", "#c2410c"  # blue and orange: told apart by the colour-blind and in grey


@dataclass(frozen=True)
class Panel:
    """A picture with its title."""

    title: str
    picture: Image.Image


def _show(axes: Axes, panel: Panel) -> None:
    axes.imshow(np.asarray(panel.picture))
    axes.set_title(panel.title, fontsize=12)
    axes.axis("off")


def _draw_bars(axes: Axes, before: QualityReport, after: QualityReport) -> None:
    rows = np.arange(len(before.pairs))
    for offset, report, color, label in ((-0.2, before, BEFORE, "original"), (0.2, after, AFTER, "degraded")):
        values = [pair.probability for pair in report.pairs]
        axes.barh(rows + offset, values, height=0.36, color=color, label=f"{label}, mean {report.score:.3f}")
        for row, value in zip(rows, values, strict=True):
            axes.text(min(value + 0.01, 1.0), row + offset, f"{value:.2f}", va="center", fontsize=8)
    axes.set_yticks(rows, [f"{pair.positive} / {pair.negative}" for pair in before.pairs], fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.08)
    axes.set_xlabel("probability of the positive prompt")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.14), ncols=2, frameon=False, fontsize=9)


def inspect_figure(panels: list[Panel], before: QualityReport, after: QualityReport, *, caption: str) -> Figure:
    """Pictures side by side, the bars of the prompt pairs below them, and a caption; as high as the pictures need."""
    shape = panels[0].picture
    picture_height = min(WIDTH / len(panels) * shape.height / shape.width, TALLEST) + 0.5  # with its title
    figure = Figure(figsize=(WIDTH, picture_height + BARS_HEIGHT), layout="constrained")
    parts = figure.subfigures(2, 1, squeeze=False, height_ratios=(picture_height, BARS_HEIGHT))
    top, bottom = np.asarray(parts)[:, 0]
    for axes, panel in zip(top.subplots(1, len(panels)), panels, strict=True):
        _show(axes, panel)
    _draw_bars(bottom.subplots(), before, after)
    bottom.supxlabel(caption, fontsize=8.5, color="#333333")
    return figure


def save_figure(figure: Figure, path: Path, *, description: str, version: str) -> None:
    """Write a figure as PNG, with what it shows and the version of this program in the file's metadata."""
    figure.savefig(path, dpi=DPI, metadata={"Description": description, "Software": f"QualiCLIP Studio {version}"})
