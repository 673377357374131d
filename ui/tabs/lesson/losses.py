"""The lesson's step on losses as HTML: a training log to be played, without the server; and the three losses.

All frames are in the page; `assets/lesson/losses.js` moves the marks.
"""

import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

from markupsafe import Markup

from qualiclip.prose import decimal
from ui.markup.charts import Plot, round_ticks
from ui.markup.templates import render
from ui.texts import say

from .training_log import TERMS, LogRow, TrainingLog, training_log

TWIN_ROWS = 8  # of the table
TERM_NAMES = ("lesson/consistency", "lesson/positive", "lesson/negative")


def _plot(values: Sequence[float], across: tuple[float, float], inset: tuple[int, int]) -> tuple[Plot, Any]:
    """A plot that values of the axis up fit into, and its numbers there."""
    ticks = round_ticks(min(values), max(values))
    plot = Plot(420, 250, left=46, top=10, right=410, bottom=214, across=across, up=(ticks[0], ticks[-1]), inset=inset)
    return plot, [(tick, decimal(tick, 2)) for tick in ticks]


def _fan(log: TrainingLog) -> tuple[Markup, Plot]:
    """Similarity of the levels at one step; and the plot."""
    first = log.rows[0]
    levels = len(first.good)
    plot, up = _plot([*chain.from_iterable((*row.good, *row.bad) for row in log.rows)], (0, levels - 1), (12, 12))
    across = [(level, str(level)) for level in range(levels)]
    return render("losses/fan", plot=plot, up=up, across=across, good=first.good, bad=first.bad), plot


def _terms(log: TrainingLog) -> tuple[Markup, Plot]:
    """The three losses over all steps, with a line at the present one; and the plot."""
    steps = [row.step for row in log.rows]
    last = steps[-1]
    plot, up = _plot([0, *chain.from_iterable(row.terms for row in log.rows)], (0, last), (0, 8))
    across = [(step, str(round(step))) for step in (0, last / 3, 2 * last / 3, last)]
    curves = [(name, plot.points((row.terms[index] for row in log.rows), steps)) for index, name in enumerate(TERMS)]
    return render("losses/terms", plot=plot, up=up, across=across, now=steps[0], curves=curves), plot


def _in_order(right: int, count: int) -> str:
    return say("lesson/all-levels") if right == count else say("lesson/some-levels", right=right, all=count)


def _words(row: LogRow, steps: int) -> str:
    count = len(row.good) - 1
    good, bad = _in_order(row.falling, count), _in_order(row.rising, count)
    spread = decimal(row.good[0] - row.good[-1])
    return say("lesson/frame", step=row.step, steps=steps, spread=spread, good=good, bad=bad)


def _twin(log: TrainingLog) -> Markup:
    last = len(log.rows) - 1
    rows = [log.rows[round(last * number / (TWIN_ROWS - 1))] for number in range(TWIN_ROWS)]
    return render("losses/log_table", rows=rows, terms=tuple(map(say, TERM_NAMES)))


def _player(log: TrainingLog) -> Markup:
    fan, heights = _fan(log)
    curves, steps = _terms(log)
    words = [_words(row, log.rows[-1].step) for row in log.rows]
    frames = [
        [*map(heights.y, row.good), *map(heights.y, row.bad), steps.x(row.step), said]
        for row, said in zip(log.rows, words, strict=True)
    ]
    return render(
        "losses/player",
        frames=json.dumps(frames),
        words=words[0],
        last=len(frames) - 1,
        terms=list(zip(TERMS, TERM_NAMES, strict=True)),
        fan=fan,
        curves=curves,
    )


# The three losses

START = 66  # of a number line: where the first mark is


def _line(name: str, text: str, marks: tuple[str, str], *, place: int, margin: int) -> dict[str, Any]:
    """A loss in words; its two marks, where the second one is, and where the margin from the first one ends."""
    first, second = marks
    line = {"first": first, "second": second, "start": START, "place": place, "margin": margin}
    return {"name": say(name), "text": text, "marks": line}


def _three_losses(consistency: float, ranking: float) -> list[dict[str, Any]]:
    milder, stronger = say("lesson/milder"), say("lesson/stronger")
    crops = say("lesson/crop-1"), say("lesson/crop-2")
    same = say("lesson/consistency-text", margin=f"{consistency:g}")
    good, bad = (say(key, margin=f"{ranking:g}") for key in ("lesson/positive-text", "lesson/negative-text"))
    # Too far apart for consistency; not far enough apart for the other two.
    return [
        _line("lesson/consistency", same, crops, place=170, margin=105),
        _line("lesson/positive", good, (stronger, milder), place=124, margin=184),
        _line("lesson/negative", bad, (milder, stronger), place=124, margin=184),
    ]


def _about(log: TrainingLog) -> str:
    facts = log.facts
    changes = ", ".join(f"{name}={json.dumps(value)}" for name, value in facts["changes"].items())
    start = say("lesson/random-weights" if facts["started_from"] == "random weights" else "lesson/other-weights")
    return say(
        "lesson/losses-run",
        recipe=facts["recipe"],
        changes=changes or say("lesson/unchanged"),
        steps=facts["steps"],
        batch=facts["batch"],
        photos=facts["photos"],
        start=start,
        date=facts["date"],
        rows=facts["logged_rows_per_row"],
    )


def render_losses() -> str:
    """The log with its player, its table, and the three losses on number lines."""
    log = training_log()
    lines = _three_losses(log.facts["consistency_margin"], log.facts["ranking_margin"])
    return render("losses/losses", player=_player(log), lines=lines, log_table=_twin(log), about=_about(log))
