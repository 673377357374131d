"""Figure of the score at other sizes and of windows: where a model is unsure."""

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from explain.numbers.resolution import Resolution
from qualiclip.drawing.canvas import EDGE, Canvas, caption_lines, fitted, heading_height, line_height
from qualiclip.drawing.lettering import DARK, FAINT, INK, LIGHT, MIDDLE, PLAIN, QUIET, SMALL

WIDTH, PLOT_WIDTH, PLOT_HEIGHT = 13.2, 6.6, 4.0  # in
KEY_WIDTH = 1.5  # in, at least
SHADES = "cividis"  # dark is a low score, light a high one: also in grey, also for the colour-blind
SHRUNK = 0.62  # part of the way to the next window that a mark fills
LUMA = (0.299, 0.587, 0.114)


def _ticks(lengths: list[int]) -> list[int]:
    """Every size, or every other one from the largest down: 9 numbers would touch in a small range."""
    return lengths[::-2][::-1] if len(lengths) > 6 else lengths


def _limits(resolution: Resolution) -> tuple[float, float]:
    """Range of the scores with some air, at least 0.3 long, so that a flat curve looks flat."""
    reports = [size.report for size in resolution.sizes] + [window.report for window in resolution.windows]
    scores = [report.score for report in reports]
    middle, reach = (min(scores) + max(scores)) / 2, max(0.15, (max(scores) - min(scores)) * 0.65)
    low = min(max(middle - reach, -0.02), 1.02 - 2 * reach)
    return low, max(low + 2 * reach, max(scores) + 0.02)


def _draw_windows(axes: Axes, resolution: Resolution) -> None:
    if not resolution.spread:
        return
    low, high = resolution.spread
    axes.axhspan(low, high, color=LIGHT, alpha=0.35, linewidth=0)
    report = resolution.windows[0].report
    side = min(report.width, report.height)
    scores = [window.report.score for window in resolution.windows]
    label = f"{len(scores)} windows, {report.width} × {report.height} px: {low:.3f} to {high:.3f}"
    axes.plot([side] * len(scores), scores, "D", color="white", markeredgecolor=INK, markersize=6, label=label)


def _draw_curve(axes: Axes, resolution: Resolution) -> None:
    sides = [size.short_side for size in resolution.sizes]
    scores = [size.report.score for size in resolution.sizes]
    own = resolution.own
    _draw_windows(axes, resolution)
    axes.axvline(sides[-1], color=QUIET, linewidth=1, linestyle=":")
    axes.plot(sides, scores, color=DARK, linewidth=2, marker="o", markersize=5, label="whole picture, reduced")
    own_label = f"own size, {own.width} × {own.height} px: {own.score:.3f}"
    axes.plot(sides[-1:], scores[-1:], "s", color=MIDDLE, markeredgecolor=INK, markersize=10, label=own_label)
    axes.set_xscale("log")
    ticks = _ticks(sides)
    axes.set_xticks(ticks, [str(tick) for tick in ticks], fontsize=SMALL)
    axes.set_xticks([], minor=True)
    lengths = [*sides, *(min(window.report.width, window.report.height) for window in resolution.windows)]
    axes.set_xlim(min(lengths) / 1.06, max(lengths) * 1.06)
    axes.set_ylim(*_limits(resolution))
    axes.tick_params(labelsize=SMALL, colors=INK)
    axes.grid(visible=True, axis="y", linewidth=0.5, color=FAINT)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("short side of what is scored, px", fontsize=PLAIN, color=INK)
    axes.set_ylabel("quality score", fontsize=PLAIN, color=INK)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), fontsize=SMALL, frameon=False, borderaxespad=0.2)


def _mark(box: tuple[int, int, int, int], share: float) -> tuple[float, float, float, float]:
    """Left, top, width and height in px of the mark in the middle of a window."""
    left, top, right, bottom = box
    width, height = (right - left) * share, (bottom - top) * share
    return (left + right - width) / 2, (top + bottom - height) / 2, width, height


def _frame(axes: Axes, box: tuple[float, float, float, float], style: str) -> None:
    """A white line with a dark one below it, to be seen on any picture."""
    left, top, width, height = box
    for color, weight in ((INK, 2.5), ("white", 1.2)):
        axes.add_patch(
            Rectangle(
                (left, top),
                width,
                height,
                fill=False,
                edgecolor=color,
                linewidth=weight,
                linestyle=style,
                clip_on=False,
            )
        )


def _draw_marks(axes: Axes, resolution: Resolution, inches_per_px: float) -> None:
    """The middle of each window in the colour of its score, with the score where there is room; one whole window."""
    boxes = [window.box for window in resolution.windows]
    columns = sorted({box[0] for box in boxes})
    length = boxes[0][2] - boxes[0][0]
    share = SHRUNK * min(1.0, columns[1] / length if len(columns) > 1 else 1.0)  # windows overlap, marks do not
    _frame(axes, _mark(boxes[0], 1.0), "--")
    for window in resolution.windows:
        left, top, width, height = _mark(window.box, share)
        color = colormaps[SHADES](window.report.score)
        axes.add_patch(Rectangle((left, top), width, height, color=color, linewidth=0))
        _frame(axes, (left, top, width, height), "-")
        if width * inches_per_px > 0.42 and height * inches_per_px > 0.16:
            ink = "white" if np.dot(color[:3], LUMA) < 0.5 else "black"
            middle = (left + width / 2, top + height / 2)
            words = f"{window.report.score:.2f}"
            axes.text(*middle, words, color=ink, fontsize=PLAIN, ha="center", va="center_baseline")


def _draw_key(canvas: Canvas, x: float, y: float, width: float) -> None:
    axes = canvas.axes(x, y, width, 0.16)
    axes.imshow(np.linspace(0, 1, 256)[None], cmap=SHADES, aspect="auto")
    axes.axis("off")
    canvas.text(x, y + 0.3, "0 worst", width / 2, size=SMALL, color=QUIET)
    canvas.text(x + width, y + 0.3, "1 best", width / 2, size=SMALL, color=QUIET, align="right")


def resolution_figure(picture: Image.Image, resolution: Resolution, *, title: str, facts: list[str]) -> Figure:
    """The score over the short side, the picture's own size marked; beside it the picture with its windows' scores."""
    caption = caption_lines(
        f"{resolution.note} Nothing is resized before scoring, so size counts: compare pictures of similar size. "
        "The band is where the windows' scores lie; the narrower it is and the flatter the curve, the surer the score.",
        WIDTH,
    )
    top = heading_height(facts) + 0.75
    bottom = top + PLOT_HEIGHT + 0.75
    canvas = Canvas(WIDTH, bottom + len(caption) * line_height(SMALL) + EDGE)
    canvas.heading(title, facts)
    _draw_curve(canvas.axes(EDGE + 0.65, top, PLOT_WIDTH, PLOT_HEIGHT), resolution)
    left = EDGE + PLOT_WIDTH + 1.1
    size = fitted(picture, WIDTH - EDGE - left, PLOT_HEIGHT - 0.45)
    words = (
        "scores of the windows, each in its middle; dashes frame one" if resolution.windows else "too small for windows"
    )
    canvas.text(left, top - 0.15, words, WIDTH - EDGE - left, size=PLAIN)
    axes = canvas.picture(left, top, size, picture)
    if resolution.windows:
        _draw_marks(axes, resolution, size[0] / picture.width)
        _draw_key(canvas, left, top + size[1] + 0.12, max(size[0], KEY_WIDTH))
    for index, line in enumerate(caption):
        canvas.text(EDGE, bottom + (index + 0.5) * line_height(SMALL), line, WIDTH, size=SMALL, color=QUIET)
    return canvas.figure
