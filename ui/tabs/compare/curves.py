"""Scores over the levels, of one or two sides, as small plots (SVG), in a sentence and as a table."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Protocol

from qualiclip.scoring.sweep import LEVELS, SweepRow
from ui.texts import say, say_core

WIDTH, HEIGHT = 260, 170  # of a plot, in its own units
LEFT, RIGHT, TOP, BOTTOM = 34, 12, 10, 34
SCORES = (0.0, 0.5, 1.0)
KINDS = ("before", "after")
MARK = 4.0  # half the size of a mark


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
    if done == total:
        return f'<p class="quiet" role="status">{say("compare/done", total=total)}</p>'
    bar = f'<progress max="{total}" value="{done}" aria-hidden="true"></progress>'
    return f'<p class="quiet" role="status">{say("compare/progress", done=done, total=total)} {bar}</p>'


def _x(level: float) -> float:
    return LEFT + level / LEVELS[-1] * (WIDTH - LEFT - RIGHT)


def _y(score: float) -> float:
    return TOP + (1 - score) * (HEIGHT - TOP - BOTTOM)


def _circle(x: float, y: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{MARK}"/>'


def _square(x: float, y: float) -> str:
    return f'<rect x="{x - MARK:.1f}" y="{y - MARK:.1f}" width="{2 * MARK}" height="{2 * MARK}"/>'


MARKS = {"before": _circle, "after": _square}  # with the dashes of the second: not by colour alone


def _curve(scores: Sequence[float], kind: str) -> str:
    places = [(_x(level), _y(score)) for level, score in zip(LEVELS, scores, strict=True)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    marks = "".join(MARKS[kind](x, y) for x, y in places)
    return f'<g class="{kind}"><polyline points="{line}"/>{marks}</g>'


def _axes() -> str:
    lines = "".join(f'<path d="M{LEFT} {_y(score):.1f}H{WIDTH - RIGHT}"/>' for score in SCORES)
    scores = "".join(f'<text x="{LEFT - 6}" y="{_y(score) + 4:.1f}" class="end">{score:g}</text>' for score in SCORES)
    levels = "".join(f'<text x="{_x(level):.1f}" y="{HEIGHT - 18}">{level}</text>' for level in LEVELS)
    words = f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.1f}" y="{HEIGHT - 3}">{say("compare/level")}</text>'
    return f'<g class="grid">{lines}</g><g class="ticks">{scores}{levels}{words}</g>'


def _plot(label: str, rows: Iterable[SweepRow]) -> str:
    curves = "".join(_curve(row.scores, kind) for row, kind in zip(rows, KINDS, strict=False))
    words = say("compare/plot-alt", name=label)
    return (
        f'<figure><figcaption>{label}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{words}">{_axes()}{curves}</svg></figure>'
    )


def _legend(sides: Sequence[SideCurves]) -> str:
    items = "".join(
        f'<span class="curve-key"><svg viewBox="0 0 40 12" class="{kind}" aria-hidden="true"><g class="{kind}">'
        f'<polyline points="0,6 40,6"/>{MARKS[kind](20, 6)}</g></svg>{escape(side.title)}</span>'
        for side, kind in zip(sides, KINDS, strict=False)
    )
    return f'<p class="curve-keys">{items}</p>'


def _sentence(side: SideCurves) -> str:
    steps = len(side.rows) * (len(LEVELS) - 1)
    falls = steps - sum(len(row.rises) for row in side.rows)
    srcc = sum(row.srcc for row in side.rows) / len(side.rows)
    return say("compare/order", title=escape(side.title), falls=falls, steps=steps, srcc=_number(srcc))


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _table(sides: Sequence[SideCurves]) -> str:
    titles = (say("compare/degradation"), say("compare/side"), *(str(level) for level in LEVELS), "SRCC")
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    body = "".join(
        f'<tr><th scope="row">{escape(say_core(row.label))}</th><td>{escape(side.title)}</td>'
        + "".join(f"<td>{score:.3f}</td>" for score in row.scores)
        + f"<td>{_number(row.srcc)}</td></tr>"
        for rows in zip(*(side.rows for side in sides), strict=True)
        for side, row in zip(sides, rows, strict=True)
    )
    return (
        f"<details><summary>{say('compare/table')}</summary>"
        f'<div class="wide" tabindex="0" role="region" aria-label="{say("compare/table")}">'
        f'<table class="numbers"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></details>'
    )


def render_curves(sides: Sequence[SideCurves]) -> str:
    """The curves that both sides have: a small plot for each degradation, a sentence for each side, a table."""
    plots = "".join(
        _plot(escape(say_core(rows[0].label)), rows) for rows in zip(*(side.rows for side in sides), strict=True)
    )
    report = sides[0].rows[0].reports[0]
    size = say("compare/curves-size", size=f"{report.width} × {report.height}", seed=sides[0].rows[0].seed)
    sentences = "".join(f"<li>{_sentence(side)}</li>" for side in sides)
    return (
        f'{_legend(sides)}<div class="curves">{plots}</div><ul class="orders" role="status">{sentences}</ul>'
        f'<p class="quiet">{say("compare/srcc")} {size}</p>{_table(sides)}'
    )
