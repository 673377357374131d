"""Figure of models and pictures side by side: scores, bars, and heatmaps on one scale; tuned beside untuned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from explain.maps.defaults import DEFAULT_COLORMAP, DEFAULT_OPACITY
from explain.maps.drawing import draw_heatmap
from explain.maps.explanation import Explanation
from explain.maps.heatmaps import METHODS, explain_image
from explain.maps.scale import with_shared_peak
from qualiclip.drawing.canvas import EDGE, ON_PAPER, Canvas, caption_lines, fitted, heading_height, line_height
from qualiclip.drawing.lettering import DARK, HEADING, INK, LIGHT, MIDDLE, PLAIN, QUIET, SMALL, TITLE
from qualiclip.drawing.overlay import overlay
from qualiclip.errors import UsageError, look_up
from qualiclip.models.family import Part
from qualiclip.pictures import image_to_picture
from qualiclip.scoring.reports import QualityReport
from qualiclip.scoring.scorer import Scorer

COLORS = (DARK, MIDDLE, LIGHT)  # of the models, in their order
MOST_PICTURES = 6
BOX, TALLEST, GAP = 2.9, 2.9, 0.2  # in; a picture's box, and the space between two
LABELS, BARS_WIDTH, VALUES = 1.7, 2.2, 0.5  # in; names of the pairs, their bars, the numbers beside them
HEAD, BELOW = 0.75, 0.4  # in; a block's words above its pictures, and the space below
BAR, LABEL, BETWEEN = 0.17, 0.165, 0.08  # in; height of a bar, of a line beside it, and between two groups
CONTOUR = 0.5  # of the scale; drawn as a line, for those who can't tell the colours
SCALES: Mapping[str, str] = MappingProxyType(  # which maps share a scale: those of a picture, all, or none
    {
        "picture": "All maps of a picture are on one scale, in {unit}: the strongest place of any of them is its end.",
        "figure": "All maps are on one scale, in {unit}: the strongest place of any of them is its end.",
        "map": "Each map has its own scale, whose end is its strongest place: colours of two maps don't compare.",
    }
)


@dataclass(frozen=True)
class Explained:
    """What one model makes of a picture: its report, and where it looks."""

    report: QualityReport
    explanation: Explanation


@dataclass(frozen=True)
class Comparison:
    """A picture, as large as it is shown, and what each model makes of it at full size."""

    name: str
    picture: Image.Image
    explained: tuple[Explained, ...]


def compare_models(image: Tensor, scorers: Sequence[Scorer], *, path: Path, method: str, target: str) -> Comparison:
    """What several models make of an image (3, H, W), each from one pass through its network.

    Raises:
        UsageError: if the method or the target is unknown.
    """
    explained = []
    for scorer in scorers:
        feature_map = scorer.encode(image)
        explanation = explain_image(scorer.model, image, feature_map, method=method, target=target)
        explained.append(Explained(scorer.report(image, feature_map, path=str(path)), explanation))
    return Comparison(path.name, shown_picture(image_to_picture(image)), tuple(explained))


def shown_picture(picture: Image.Image) -> Image.Image:
    """A copy of a picture, as large as the figure shows it."""
    shown = picture.copy()
    shown.thumbnail((round(BOX * ON_PAPER), round(TALLEST * ON_PAPER)), Image.Resampling.LANCZOS)
    return shown


def maps_on_scale(comparisons: Sequence[Comparison], scale: str) -> list[tuple[Explanation, ...]]:
    """The heatmaps of each picture, on one of the `SCALES`.

    Raises:
        UsageError: if there is no such scale.
    """
    look_up(SCALES, scale, kind="scale")
    maps = [tuple(one.explanation for one in comparison.explained) for comparison in comparisons]
    if scale == "map":
        return maps
    if scale == "picture":
        return [with_shared_peak(those) for those in maps]
    shared = iter(with_shared_peak(one for those in maps for one in those))
    return [tuple(next(shared) for _ in those) for those in maps]


def _draw_lines(axes: Axes, values: NDArray[np.float32]) -> None:
    """Lines where a heatmap (H, W) reaches half of the scale: solid what raises, dashed what lowers."""
    y, x = (np.arange(side) + 0.5 for side in values.shape)  # the middle of a pixel, in axes that count px
    for level, style in ((CONTOUR, "solid"), (-CONTOUR, "dashed")):
        if values.min() < level < values.max():
            axes.contour(x, y, values, levels=[level], colors=["black"], linewidths=1.2, linestyles=style)


def _words(part: Part) -> tuple[str, str]:
    return part.name, part.meaning


def _parts_of(explained: Sequence[Explained]) -> list[tuple[str, str]]:
    """The parts of all models' scores, each once."""
    return list(dict.fromkeys(_words(part) for one in explained for part in one.report.parts))


def _group_height(explained: Sequence[Explained]) -> float:
    return max(len(explained) * BAR, 2 * LABEL) + BETWEEN


def _bars_height(explained: Sequence[Explained]) -> float:
    return len(_parts_of(explained)) * _group_height(explained)


def _draw_bars(canvas: Canvas, x: float, y: float, explained: Sequence[Explained]) -> None:
    """A group of bars for each part, a bar in it for each model."""
    height, step = _bars_height(explained), _group_height(explained)
    axes = canvas.axes(x + LABELS, y, BARS_WIDTH, height)
    axes.set(xlim=(0, 1), ylim=(height, 0), yticks=[])
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"], fontsize=SMALL, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    for row, both in enumerate(_parts_of(explained)):
        middle = (row + 0.5) * step
        for words, offset, color in zip(both, (-LABEL / 2, LABEL / 2), (INK, QUIET), strict=True):
            place = (x + LABELS - 0.1, y + middle + offset)
            canvas.text(*place, words, LABELS - 0.1, size=SMALL, color=color, align="right")
        for index, one in enumerate(explained):
            place_of_bar = middle + (index + 0.5 - len(explained) / 2) * BAR
            for value in (part.value for part in one.report.parts if _words(part) == both):
                axes.barh(place_of_bar, value, height=0.85 * BAR, color=COLORS[index], edgecolor=INK, linewidth=0.5)
                right = x + LABELS + BARS_WIDTH + 0.1
                canvas.text(right, y + place_of_bar, f"{value:.2f}", VALUES, size=SMALL)


def _draw_model(canvas: Canvas, x: float, y: float, report: QualityReport, color: str) -> None:
    """A model's name beside its colour, and its score below."""
    swatch = canvas.axes(x, y - 0.08, 0.16, 0.16)
    swatch.set(facecolor=color, xticks=[], yticks=[])
    canvas.text(x + 0.26, y, report.model, BOX - 0.26, size=HEADING)
    canvas.text(x, y + 0.32, f"{report.score:.3f}", BOX, size=TITLE, weight="bold")


def _block_height(comparison: Comparison) -> float:
    tallest = fitted(comparison.picture, BOX, TALLEST)[1]
    return HEAD + max(tallest, _bars_height(comparison.explained) + 0.3) + BELOW


def _draw_block(canvas: Canvas, y: float, comparison: Comparison, maps: Sequence[Explanation]) -> None:
    """One picture: itself, what each model says of it, the heatmaps, the bars."""
    report = comparison.explained[0].report
    picture, size = comparison.picture, fitted(comparison.picture, BOX, TALLEST)
    canvas.text(EDGE, y + 0.1, comparison.name, BOX, size=HEADING)
    canvas.text(EDGE, y + 0.42, f"{report.width} × {report.height} px", BOX, size=SMALL, color=QUIET)
    canvas.picture(EDGE, y + HEAD, size, picture)
    for index, (one, explanation) in enumerate(zip(comparison.explained, maps, strict=True)):
        x = EDGE + (index + 1) * (BOX + GAP)
        _draw_model(canvas, x, y + 0.1, one.report, COLORS[index])
        axes = canvas.picture(x, y + HEAD, size, draw_heatmap(picture, explanation))
        _draw_lines(axes, explanation.at(picture.height, picture.width))
    x = EDGE + (len(maps) + 1) * (BOX + GAP) + 0.1
    words = "probability of the better prompt"
    canvas.text(x + LABELS, y + 0.42, words, BARS_WIDTH + 0.1 + VALUES, size=PLAIN)
    _draw_bars(canvas, x, y + HEAD, comparison.explained)


def _key(signed: bool) -> tuple[Image.Image, str, str]:
    """The colours of a heatmap as they look on gray, and what their ends mean."""
    values = np.tile(np.linspace(-1 if signed else 0, 1, 256, dtype=np.float32), (8, 1))
    gray = Image.new("RGB", (256, 8), (128, 128, 128))
    strip = overlay(gray, values, colormap=DEFAULT_COLORMAP, signed=signed, opacity=DEFAULT_OPACITY)
    return (strip, "lowers", "raises") if signed else (strip, "nothing", "most")


def _draw_key(canvas: Canvas, y: float, signed: bool) -> None:
    strip, low, high = _key(signed)
    canvas.text(EDGE + 0.75, y, low, 0.75, size=SMALL, align="right")
    canvas.picture(EDGE + 0.85, y - 0.08, (BOX - 0.85 - 0.65, 0.16), strip)
    canvas.text(EDGE + BOX - 0.55, y, high, 0.75, size=SMALL)


def check_counts(pictures: int, models: int) -> None:
    """Check that a figure has room for that many pictures and models.

    Raises:
        UsageError: if it has not.
    """
    if not 1 <= pictures <= MOST_PICTURES:
        raise UsageError(f"a figure shows 1 to {MOST_PICTURES} pictures, got {pictures}")
    if not 1 <= models <= len(COLORS):
        raise UsageError(f"a figure shows 1 to {len(COLORS)} models, got {models}")


def _about_maps(explanation: Explanation, scale: str) -> str:
    """What the heatmaps show and how they are drawn, in words."""
    method = METHODS[explanation.method]
    said = SCALES[scale].format(unit=method.unit or "cosines")
    lines = "Lines run at half of the scale, dashed where the score is lowered. " if explanation.signed else ""
    return f"Heatmaps: {method.label}. {explanation.meaning} {said} {lines}A heatmap is a hint, not a proof."


def comparison_figure(
    comparisons: Sequence[Comparison], *, title: str, facts: list[str], scale: str = "picture"
) -> Figure:
    """A block for each picture: itself, scores and heatmaps of all models, and the bars of the prompt pairs.

    All heatmaps are by one method for one target. Those of one picture are on one scale: a colour means the same value
    in each of them. With the `scale` "figure" those of all pictures are, with "map" each has its own.

    Raises:
        UsageError: if there are more pictures or models than can be seen on one figure, or the scale is unknown.
    """
    models, first = len(comparisons[0].explained), comparisons[0].explained[0].explanation
    check_counts(len(comparisons), models)
    maps = maps_on_scale(comparisons, scale)
    width = 2 * EDGE + (models + 1) * (BOX + GAP) + 0.1 + LABELS + BARS_WIDTH + 0.1 + VALUES
    caption = caption_lines(_about_maps(first, scale), width - BOX - GAP)
    top = heading_height(facts) + 0.3
    bottom = top + sum(_block_height(comparison) for comparison in comparisons)
    canvas = Canvas(width, bottom + len(caption) * line_height(SMALL) + EDGE)
    canvas.heading(title, facts)
    y = top
    for comparison, those in zip(comparisons, maps, strict=True):
        _draw_block(canvas, y, comparison, those)
        y += _block_height(comparison)
    _draw_key(canvas, bottom + line_height(SMALL) / 2, first.signed)
    for index, line in enumerate(caption):
        height = bottom + (index + 0.5) * line_height(SMALL)
        canvas.text(EDGE + BOX + GAP, height, line, width, size=SMALL, color=QUIET)
    return canvas.figure
