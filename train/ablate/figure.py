"""The figure of an ablation: a dot with its interval for each variant, against the full recipe."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from .variants import FULL, VariantSummary

INK, QUIET, BLUE, BAND = "#1f2937", "#5b6472", "#1d4ed8", "#dbe4f5"


def _draw_panel(axes: Axes, title: str, summaries: Mapping[str, VariantSummary]) -> None:
    full = summaries[FULL].value
    if full.deviation is not None:
        axes.axvspan(full.mean - full.deviation, full.mean + full.deviation, color=BAND, linewidth=0)
    axes.axvline(full.mean, color=BLUE, linewidth=1)
    for place, (variant, summary) in enumerate(summaries.items()):
        axes.errorbar(
            summary.value.mean,
            place,
            xerr=summary.value.deviation,
            fmt="o",
            markersize=5,
            capsize=3,
            elinewidth=1.2,
            color=BLUE if variant == FULL else INK,
        )
    axes.set_title(title, fontsize=10, color=INK, loc="left")
    axes.grid(axis="x", color="#e5e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(axis="both", length=0, labelsize=9, labelcolor=INK)
    axes.locator_params(axis="x", nbins=5)
    axes.margins(x=0.12)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def ablation_figure(panels: Mapping[str, Mapping[str, VariantSummary]], *, title: str, note: str) -> Figure:
    """A panel for each measure by its title, a line for each variant, the full recipe on top."""
    variants = list(next(iter(panels.values())))
    width, height = 2.4 + 3.2 * len(panels), 1.6 + 0.3 * len(variants)
    figure = Figure(figsize=(width, height), dpi=150, layout=ConstrainedLayoutEngine(rect=(0.02, 0.02, 0.96, 0.96)))
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, (name, summaries) in zip(axes, panels.items(), strict=True):
        _draw_panel(axis, name, summaries)
    axes[0].set_yticks(range(len(variants)), variants)
    axes[0].set_ylim(len(variants) - 0.4, -0.6)
    figure.suptitle(title, fontsize=13, fontweight="bold", color=INK, x=0.02, ha="left", parse_math=False)
    figure.supxlabel(f"{note} Blue: the full recipe. Higher is better.", fontsize=9, color=QUIET, x=0.02, ha="left")
    return figure
