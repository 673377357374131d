"""The lesson's step on losses as HTML: a training log to be played, without the server; and the three losses.

All frames are in the page; `assets/lesson/losses.js` moves the marks.
"""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from itertools import chain

from ui.markup.parts import signed, table
from ui.texts import say

from .training_log import TERMS, LogRow, TrainingLog, training_log

WIDTH, HEIGHT = 420, 250  # of both charts, in their own units
LEFT, RIGHT, TOP, BOTTOM = 46, 410, 10, 214  # of the plots in them
TWIN_ROWS = 8  # of the table
TERM_NAMES = ("lesson/consistency", "lesson/positive", "lesson/negative")

Scale = Callable[[float], float]


def _scale(low: float, high: float, start: float, end: float) -> Scale:
    return lambda value: round(start + (end - start) * (value - low) / (high - low), 1)


def _ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers that span a range; the first and the last lie outside or on its ends."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    size = next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough)
    first = math.floor(low / size)
    return [size * number for number in range(first, math.ceil(high / size) + 1)]


def _frame(ticks: Sequence[float], y: Scale, marks: Iterable[tuple[float, str]], words: str) -> str:
    """Axes with their numbers."""
    across = "".join(
        f'<line x1="{LEFT}" x2="{RIGHT}" y1="{y(tick)}" y2="{y(tick)}" class="grid"/>'
        f'<text x="{LEFT - 6}" y="{y(tick) + 4}" text-anchor="end">{signed(tick, 2)}</text>'
        for tick in ticks
    )
    along = "".join(f'<text x="{x}" y="{BOTTOM + 16}" text-anchor="middle">{mark}</text>' for x, mark in marks)
    return f'{across}{along}<text x="{(LEFT + RIGHT) / 2}" y="{HEIGHT - 4}" text-anchor="middle">{words}</text>'


def _points(xs: Iterable[float], ys: Iterable[float]) -> str:
    return " ".join(f"{x},{y}" for x, y in zip(xs, ys, strict=True))


def _fan(log: TrainingLog) -> tuple[str, Scale]:
    """Similarity of the levels at one step; and the scale of its values."""
    values = list(chain.from_iterable((*row.good, *row.bad) for row in log.rows))
    ticks = _ticks(min(values), max(values))
    y = _scale(ticks[0], ticks[-1], BOTTOM, TOP)
    first = log.rows[0]
    x = _scale(0, len(first.good) - 1, LEFT + 12, RIGHT - 12)
    xs = [x(level) for level in range(len(first.good))]
    bad, good = [y(value) for value in first.bad], [y(value) for value in first.good]
    marks = "".join(
        f'<rect data-mark="bad" x="{place - 5}" y="{height - 5}" width="10" height="10" class="after"/>'
        for place, height in zip(xs, bad, strict=True)
    ) + "".join(
        f'<circle data-mark="good" cx="{place}" cy="{height}" r="5.5" class="before"/>'
        for place, height in zip(xs, good, strict=True)
    )
    lines = (
        f'<polyline data-line="bad" points="{_points(xs, bad)}" class="after"/>'
        f'<polyline data-line="good" points="{_points(xs, good)}" class="before"/>'
    )
    axes = _frame(ticks, y, [(place, str(level)) for level, place in enumerate(xs)], say("lesson/levels-axis"))
    return _chart(say("lesson/fan-alt"), axes + lines + marks), y


def _terms(log: TrainingLog) -> tuple[str, Scale]:
    """The three losses over all steps, with a line at the present one; and the scale of the steps."""
    ticks = _ticks(0, max(chain.from_iterable(row.terms for row in log.rows)))
    y = _scale(ticks[0], ticks[-1], BOTTOM, TOP)
    last = log.rows[-1].step
    x = _scale(0, last, LEFT, RIGHT - 8)
    lines = "".join(
        f'<polyline points="{_points((x(row.step) for row in log.rows), (y(row.terms[index]) for row in log.rows))}" '
        f'class="{name}"/>'
        for index, name in enumerate(TERMS)
    )
    now = x(log.rows[0].step)
    cursor = f'<line data-cursor x1="{now}" x2="{now}" y1="{TOP}" y2="{BOTTOM}" class="cursor"/>'
    marks = [(x(step), str(round(step))) for step in (0, last / 3, 2 * last / 3, last)]
    return _chart(say("lesson/terms-alt"), _frame(ticks, y, marks, say("lesson/steps-axis")) + cursor + lines), x


def _chart(words: str, inside: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(words)}">{inside}</svg>'


def _in_order(right: int, count: int) -> str:
    return say("lesson/all-levels") if right == count else say("lesson/some-levels", right=right, all=count)


def _words(row: LogRow, steps: int) -> str:
    count = len(row.good) - 1
    good, bad = _in_order(row.falling, count), _in_order(row.rising, count)
    spread = signed(row.good[0] - row.good[-1])
    return say("lesson/frame", step=row.step, steps=steps, spread=spread, good=good, bad=bad)


def _twin(log: TrainingLog) -> str:
    last = len(log.rows) - 1
    rows = [log.rows[round(last * number / (TWIN_ROWS - 1))] for number in range(TWIN_ROWS)]
    head = [
        say("lesson/step"),
        *(say("lesson/good-at", level=level) for level in (0, 5)),
        *(say("lesson/bad-at", level=level) for level in (0, 5)),
        *map(say, TERM_NAMES),
    ]
    cells = [
        [
            str(row.step),
            *(signed(value) for value in (row.good[0], row.good[-1], row.bad[0], row.bad[-1])),
            *(f"{value:.4f}" for value in row.terms),
        ]
        for row in rows
    ]
    return f'<div class="scrolls" tabindex="0">{table(say("lesson/twin"), head, cells)}</div>'


def _player(log: TrainingLog) -> str:
    fan, y = _fan(log)
    terms, x = _terms(log)
    steps = log.rows[-1].step
    words = [_words(row, steps) for row in log.rows]
    frames = [
        [*map(y, row.good), *map(y, row.bad), x(row.step), said] for row, said in zip(log.rows, words, strict=True)
    ]
    legend = (
        f'<span class="value before">● {say("lesson/to-good")}</span> '
        f'<span class="value after">■ {say("lesson/to-bad")}</span>'
    )
    names = " ".join(
        f'<span class="term {name}">{say(key)}</span>' for name, key in zip(TERMS, TERM_NAMES, strict=True)
    )
    last = len(frames) - 1
    return (
        f'<div class="player" data-frames="{escape(json.dumps(frames))}">'
        f'<div class="controls"><button type="button" class="lesson-button" data-part="play" '
        f'data-play="{say("lesson/play")}" data-pause="{say("lesson/pause")}">{say("lesson/play")}</button>'
        f'<input type="range" data-part="dial" min="0" max="{last}" value="0" aria-label="{say("lesson/dial")}" '
        f'aria-valuetext="{escape(words[0])}"></div><p data-part="words" class="said">{words[0]}</p>'
        f'<div class="charts"><figure><figcaption><b>{say("lesson/fan-title")}</b> {legend}</figcaption>{fan}</figure>'
        f"<figure><figcaption><b>{say('lesson/terms-title')}</b> {names}</figcaption>{terms}</figure></div></div>"
    )


# The three losses

START = 66  # of a number line: where the first mark is


def _number_line(first: str, second: str, *, place: int, margin: int) -> str:
    """Two marks, the margin from the first one, and the penalty between its end and the second mark."""
    low, high = sorted((place, margin))
    words = say("lesson/line-alt", left=first, right=second)
    return (
        f'<svg viewBox="0 0 250 92" role="img" aria-label="{escape(words)}">'
        f'<line x1="10" x2="240" y1="40" y2="40" class="axis"/><path d="M234 35 l7 5 l-7 5" class="axis"/>'
        f'<rect x="{low}" y="35" width="{high - low}" height="10" class="penalty"/>'
        f'<circle cx="{START}" cy="40" r="6"/><circle cx="{place}" cy="40" r="6"/>'
        f'<text x="{START}" y="22" text-anchor="middle">{first}</text>'
        f'<text x="{place}" y="22" text-anchor="middle">{second}</text>'
        f'<path d="M{START} 54 v6 H{margin} v-6" class="margin"/>'
        f'<text x="{(START + margin) / 2}" y="76" text-anchor="middle">{say("lesson/margin")}</text>'
        f'<text x="{high + 6}" y="58" class="penalty-text">{say("lesson/penalty")}</text></svg>'
    )


def _three_losses(consistency: float, ranking: float) -> str:
    milder, stronger = say("lesson/milder"), say("lesson/stronger")
    # Too far apart for consistency; not far enough apart for the other two.
    parts = (
        (
            say("lesson/consistency"),
            say("lesson/consistency-text", margin=f"{consistency:g}"),
            _number_line(say("lesson/crop-1"), say("lesson/crop-2"), place=170, margin=105),
        ),
        (
            say("lesson/positive"),
            say("lesson/positive-text", margin=f"{ranking:g}"),
            _number_line(stronger, milder, place=124, margin=184),
        ),
        (
            say("lesson/negative"),
            say("lesson/negative-text", margin=f"{ranking:g}"),
            _number_line(milder, stronger, place=124, margin=184),
        ),
    )
    return "".join(
        f"<figure>{line}<figcaption><b>{name}</b>: {text}</figcaption></figure>" for name, text, line in parts
    )


def _about(log: TrainingLog) -> str:
    facts = log.facts
    changes = ", ".join(f"{name}={json.dumps(value)}" for name, value in facts["changes"].items())
    start = say("lesson/random-weights" if facts["started_from"] == "random weights" else "lesson/other-weights")
    said = say(
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
    return f'<p class="quiet">{escape(said)} {say("lesson/other-terms")}</p>'


def render_losses() -> str:
    """The log with its player, its table, and the three losses on number lines."""
    log = training_log()
    lines = _three_losses(log.facts["consistency_margin"], log.facts["ranking_margin"])
    return (
        f'{_player(log)}<div class="strip lines">{lines}</div>'
        f'<details><summary class="lesson-button">{say("lesson/twin")}</summary>{_twin(log)}</details>{_about(log)}'
    )
