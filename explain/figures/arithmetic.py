"""Figure of a score's arithmetic: from the cosines of each prompt pair to the score."""

import math

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from explain.numbers.arithmetic import Arithmetic, ArithmeticRow
from qualiclip.drawing.canvas import EDGE, Canvas, caption_lines, heading_height, line_height
from qualiclip.drawing.lettering import DARK, HEADING, INK, LIGHT, MAT, PLAIN, QUIET, SMALL
from qualiclip.prose import decimal

WIDTH = 13.2  # in
ROW, BAR, HEAD = 0.56, 0.5, 0.45  # heights in in
NUMBER, PROMPT, COSINE, LOGIT, DIFFERENCE, BARS = EDGE, EDGE + 0.4, 5.0, 6.2, 7.5, 8.1  # columns in in
BARS_WIDTH = WIDTH - EDGE - 0.75 - BARS


def _draw_head(canvas: Canvas, y: float, scale: float) -> None:
    columns = (
        (PROMPT, "prompts, the better one first", 3.3, "left"),
        (COSINE, "cosine", 1.2, "right"),
        (LOGIT, f"× {scale:g}", 1.1, "right"),
        (DIFFERENCE, "difference", 1.2, "right"),
        (BARS, "softmax: probability of the better one", BARS_WIDTH + 0.75, "left"),
    )
    for x, words, width, align in columns:
        canvas.text(x, y, words, width, size=PLAIN, color=QUIET, align=align)


def _draw_row(canvas: Canvas, y: float, number: int, row: ArithmeticRow) -> None:
    middle, apart = y + ROW / 2, 0.105
    canvas.text(NUMBER, middle, str(number), 0.35, size=HEADING, weight="bold")
    lines = (
        (middle - apart, row.positive, row.similarity_positive, row.logit_positive, INK),
        (middle + apart, row.negative, row.similarity_negative, row.logit_negative, QUIET),
    )
    for height, words, cosine, logit, color in lines:
        canvas.text(PROMPT, height, words, COSINE - PROMPT - 0.75, size=PLAIN, color=color)
        canvas.text(COSINE, height, decimal(cosine, 4), 0.7, size=PLAIN, color=color, align="right")
        canvas.text(LOGIT, height, decimal(logit, 2), 1.1, size=PLAIN, color=color, align="right")
    canvas.text(DIFFERENCE, middle, decimal(row.difference, 2, plus=True), 1.2, size=PLAIN, align="right")
    axes = canvas.axes(BARS, middle - 0.14, BARS_WIDTH, 0.28)
    axes.axis("off")
    axes.set_xlim(0, 1)
    axes.add_patch(Rectangle((0, 0), 1, 1, color=MAT, linewidth=0))
    axes.add_patch(Rectangle((0, 0), row.probability, 1, color=DARK, linewidth=0))
    canvas.text(WIDTH - EDGE, middle, f"{row.probability:.4f}", 0.7, size=HEADING, weight="bold", align="right")


def _draw_sum(canvas: Canvas, y: float, steps: Arithmetic) -> None:
    """The parts of all pairs, laid end to end on a line from 0 to 1."""
    whole = WIDTH - 2 * EDGE
    axes = canvas.axes(EDGE, y, whole, BAR)
    axes.axis("off")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.add_patch(Rectangle((0, 0), 1, 1, color=MAT, linewidth=0))
    start = 0.0
    for index, row in enumerate(steps.rows):
        color, ink = ((DARK, "white"), (LIGHT, "black"))[index % 2]
        axes.add_patch(Rectangle((start, 0), row.part, 1, color=color, linewidth=0))
        room = row.part * whole
        words = f"{index + 1}: {row.part:.4f}" if room > 0.8 else str(index + 1) if room > 0.25 else ""
        x = EDGE + (start + row.part / 2) * whole
        if words:
            canvas.text(x, y + BAR / 2, words, room, size=SMALL, color=ink, align="center")
        start += row.part
    middle = y + BAR + 0.17
    canvas.text(EDGE, middle, "0", 0.3, size=SMALL, color=QUIET)
    canvas.text(EDGE + whole, middle, "1", 0.3, size=SMALL, color=QUIET, align="right")
    place = EDGE + min(max(start, 0.08), 0.92) * whole
    canvas.text(place, middle + 0.06, f"score {steps.score:.4f}", 1.5, size=HEADING, weight="bold", align="center")


def arithmetic_figure(steps: Arithmetic, *, facts: list[str]) -> Figure:
    """How a score is made: each pair's cosines, logits and probability, and below them the mean."""
    count, total = len(steps.rows), math.fsum(row.probability for row in steps.rows)
    caption = caption_lines(
        "Cosine: how near the picture's embedding is to the prompt's. Softmax of two: 1 / (1 + exp(−difference)). "
        "Numbers are rounded for this figure; the score is computed with all their digits.",
        WIDTH,
    )
    top = heading_height(facts) + 0.15
    rows = top + HEAD
    mean = rows + count * ROW + 0.35
    bottom = mean + HEAD + BAR + 0.5
    canvas = Canvas(WIDTH, bottom + len(caption) * line_height(SMALL) + EDGE)
    canvas.heading(f"How {steps.score:.4f} is made", facts)
    _draw_head(canvas, top + HEAD / 2, steps.scale)
    for index, row in enumerate(steps.rows):
        _draw_row(canvas, rows + index * ROW, index + 1, row)
    words = f"mean of the {count} probabilities: {total:.4f} / {count} = {total / count:.4f}; each adds its part"
    canvas.text(EDGE, mean + HEAD / 2 - 0.05, words, WIDTH - 2 * EDGE, size=PLAIN)
    _draw_sum(canvas, mean + HEAD, steps)
    for index, line in enumerate(caption):
        canvas.text(EDGE, bottom + (index + 0.5) * line_height(SMALL), line, WIDTH, size=SMALL, color=QUIET)
    return canvas.figure
