"""The scatter plot of an evaluation, by matplotlib's Figure (never pyplot, whose figures are global)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from qualiclip.outputs import whole_file

from .about import AboutEvaluation
from .protocol import Evaluation, Prediction

DPI = 200
POINTS, CURVE = "#1d4ed8", "#c2410c"  # blue and orange: told apart by the colour-blind and in grey


def scatter_figure(predictions: Sequence[Prediction], result: Evaluation, about: AboutEvaluation) -> Figure:
    """Opinion over score, a point for each picture, with the curve that maps one to the other."""
    pairs = [(row.score, row.rated.opinion) for row in predictions if row.score is not None]
    scores, opinions = np.array(pairs, dtype=float).T
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axes = figure.subplots()
    size, opacity = (18, 0.55) if len(scores) <= 1000 else (5, 0.3)
    axes.scatter(scores, opinions, s=size, alpha=opacity, color=POINTS, linewidths=0, rasterized=True)
    mapped = result.statistics.mapped
    along = np.linspace(scores.min(), scores.max(), 200)
    label = f"{mapped.mapping.kind}: PLCC {mapped.plcc:.3f}, RMSE {mapped.rmse:#.3g}"
    axes.plot(along, mapped.mapping(along), color=CURVE, linewidth=2.5, label=label)
    low, high = result.statistics.intervals.srcc
    axes.set_title(
        f"{about.data}: n = {len(scores)}, SRCC {result.agreement.srcc:.3f} [{low:.3f}, {high:.3f}]", fontsize=12
    )
    axes.set_xlabel(f"score of {_short(about.model)}", fontsize=11)
    axes.set_ylabel(f"opinion ({about.unit})", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(loc="best", frameon=True, framealpha=0.85, fontsize=10)
    return figure


def _short(model: str) -> str:
    return Path(model).name or model


def save_scatter(figure: Figure, out: Path, about: AboutEvaluation) -> None:
    """Write the figure as `scatter.png` and `scatter.pdf`, with what it shows in their metadata."""
    shown = f"Scores of {_short(about.model)} and opinions on {about.data}"
    program = f"QualiCLIP Studio {about.version}"
    png = {"Description": shown, "Software": program}
    pdf = {"Title": shown, "Creator": program, "CreationDate": None}  # without it the same results make the same file
    for name, metadata in (("png", png), ("pdf", pdf)):
        with whole_file(out / f"scatter.{name}") as draft:
            figure.savefig(draft, format=name, dpi=DPI, metadata=metadata)
