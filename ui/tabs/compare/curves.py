"""Scores over the levels, of one or two sides, as small plots (SVG), in a sentence and as a table."""

from collections.abc import Sequence
from typing import Protocol

from qualiclip.prose import decimal
from qualiclip.scoring.sweep import LEVELS, SweepRow
from ui.markup.charts import Plot
from ui.markup.templates import render
from ui.texts import say

PLOT = Plot(260, 170, left=34, top=10, right=248, bottom=136, across=(0, LEVELS[-1]))
KINDS = ("before", "after")
TICKS = [(level, str(level)) for level in LEVELS]


class SideCurves(Protocol):
    """The curves of one side: a row for each degradation."""

    @property
    def title(self) -> str:
        """What they are of."""
        ...

    @property
    def rows(self) -> tuple[SweepRow, ...]:
        """One degradation each, at levels 0 to 5."""
        ...


def render_progress(done: int, total: int) -> str:
    """How many curves are done, for the eye and the ear."""
    return render("curves/progress", done=done, total=total)


def _sentence(side: SideCurves) -> str:
    steps = len(side.rows) * (len(LEVELS) - 1)
    falls = steps - sum(len(row.rises) for row in side.rows)
    srcc = sum(row.srcc for row in side.rows) / len(side.rows)
    return say("compare/order", title=side.title, falls=falls, steps=steps, srcc=decimal(srcc, 2))


def render_curves(sides: Sequence[SideCurves]) -> str:
    """The curves that both sides have: a small plot for each degradation, a sentence for each side, a table."""
    types = [
        [{"kind": kind, "title": side.title, "row": row} for kind, side, row in zip(KINDS, sides, rows, strict=False)]
        for rows in zip(*(side.rows for side in sides), strict=True)
    ]
    first = sides[0].rows[0]
    report = first.reports[0]
    size = say("compare/curves-size", size=f"{report.width} × {report.height}", seed=first.seed)
    sentences = [_sentence(side) for side in sides]
    return render("curves/curves", types=types, plot=PLOT, ticks=TICKS, sentences=sentences, size=size)
