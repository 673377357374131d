"""A batch as accessible HTML: progress, summary, histogram with its numbers, sortable table."""

from collections.abc import Iterable, Sequence
from html import escape
from statistics import median

from qualiclip.scoring.reports import Failure, QualityReport
from ui.files.intake import base_name, display_name
from ui.files.limits import MOST_PICTURES
from ui.texts import say, verdict

from .batch import BINS, FEWEST_FOR_OUTLIERS, Batch, Row, fences, histogram, standings

WIDTH, HEIGHT = 640, 190  # of the histogram, in its own units
LEFT, BOTTOM, TOP = 34, 26, 16
TICKS = 5


def render_progress(done: int, total: int) -> str:
    """How far the work is. The class `running` shows the button that stops it."""
    words, label = say("batch/progress", done=done, total=total), say("batch/progress-label")
    bar = f'<progress value="{done}" max="{total}" aria-label="{label}"></progress>'
    return f'<p class="progress running">{bar} <span>{words}</span></p>'


def render_waiting() -> str:
    """What is shown until the work begins."""
    return f'<p class="progress running" role="status">{say("batch/waiting")}</p>'


def render_summary(batch: Batch) -> str:
    """What became of the files, in a few sentences."""
    scored = batch.scored
    done = say("batch/done", scored=len(scored), total=batch.total, model=escape(batch.model))
    sentences = [done]
    if len(batch.rows) < batch.total:
        sentences.insert(0, say("batch/stopped", done=len(batch.rows), total=batch.total))
    others = {"batch/failed": len(batch.failed), "batch/skipped": batch.skipped, "batch/left-out": batch.left_out}
    sentences += [say(key, count=count, most=MOST_PICTURES) for key, count in others.items() if count]
    return f'<p class="change" role="status">{" ".join(sentences)}</p>'


def render_batch(batch: Batch) -> str:
    """Everything about the rows so far."""
    if not batch.rows:
        return ""
    reports = batch.scored
    parts = [_spread(reports), _histogram([report.score for _, report in reports])] if reports else []
    return "".join([*parts, _table(batch)])


def _spread(reports: Sequence[tuple[Row, QualityReport]]) -> str:
    """Best, worst and middle, and which scores stand out, by a stated rule."""
    scores = [report.score for _, report in reports]
    (best, top), (worst, low) = reports[0], reports[-1]
    middle = say(
        "batch/spread",
        median=f"{median(scores):.3f}",
        best=f"{top.score:.3f}",
        best_name=escape(display_name(best.name)),
        worst=f"{low.score:.3f}",
        worst_name=escape(display_name(worst.name)),
    )
    return f"<p>{middle} {_outliers(reports)}</p>"


def _outliers(reports: Sequence[tuple[Row, QualityReport]]) -> str:
    limits = fences([report.score for _, report in reports])
    if limits is None:
        return say("batch/few", count=FEWEST_FOR_OUTLIERS)
    low, high = max(limits[0], 0), min(limits[1], 1)  # as far as scores go
    out = [
        f"<b>{escape(display_name(row.name))}</b> ({report.score:.3f})"
        for row, report in reports
        if not low <= report.score <= high
    ]
    rule = say("batch/rule", low=f"{low:.3f}", high=f"{high:.3f}")
    return f"{say('batch/outliers', names=', '.join(out)) if out else say('batch/no-outliers')} {rule}"


def _histogram(scores: Sequence[float]) -> str:
    counts = histogram(scores)
    step = (WIDTH - LEFT) / BINS
    unit = (HEIGHT - TOP - BOTTOM) / max(counts)
    floor = HEIGHT - BOTTOM
    bars = "".join(
        f'<rect x="{LEFT + place * step + 1:.1f}" y="{floor - count * unit:.1f}" width="{step - 2:.1f}" '
        f'height="{count * unit:.1f}"/>'
        f'<text x="{LEFT + (place + 0.5) * step:.1f}" y="{floor - count * unit - 4:.1f}">{count}</text>'
        for place, count in enumerate(counts)
        if count
    )
    ticks = "".join(
        f'<text x="{LEFT + (WIDTH - LEFT) * tick / TICKS:.1f}" y="{HEIGHT - 6}" '
        f'text-anchor="{"end" if tick == TICKS else "middle"}">{tick / TICKS:.1f}</text>'
        for tick in range(TICKS + 1)
    )
    rows = "".join(
        f'<tr><th scope="row">{place / BINS:.2f}–{(place + 1) / BINS:.2f}</th><td>{count}</td></tr>'
        for place, count in enumerate(counts)
        if count
    )
    label = say("batch/histogram")
    return (
        f'<figure class="histogram"><figcaption>{label}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}. {say("batch/histogram-alt")}">'
        f'<path d="M{LEFT} {floor}H{WIDTH}"/>{bars}{ticks}</svg>'
        f"<details><summary>{say('batch/numbers')}</summary><table><thead><tr>"
        f'<th scope="col">{say("batch/score")}</th><th scope="col">{say("batch/pictures")}</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></details></figure>"
    )


def _table(batch: Batch) -> str:
    scores = [report.score for _, report in batch.scored]
    limits = fences(scores) or (0.0, 1.0)
    ranks = standings(scores)
    lines = (_line(row, report, rank, limits) for (row, report), rank in zip(batch.scored, ranks, strict=True))
    heads = (
        f'<th scope="col"><span class="unseen">{say("batch/thumbnail")}</span></th>'
        f'<th scope="col"><button type="button">{say("batch/name")}</button></th>'
        f'<th scope="col" aria-sort="descending"><button type="button">{say("batch/score")}</button></th>'
        f'<th scope="col">{say("batch/standing")}</th>'
    )
    return (
        f'<table class="batch sortable"><caption>{say("batch/caption")}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody>{_failures(batch.failed)}</table>"
    )


def _line(row: Row, report: QualityReport, rank: float | None, limits: tuple[float, float]) -> str:
    low, high = limits
    name, score = escape(display_name(row.name)), report.score
    mark = f' <span class="mark">{say("batch/outlier")}</span>' if not low <= score <= high else ""
    standing = "–" if rank is None else f"{100 * rank:.0f} %"
    return (
        f'<tr><td><img src="{row.thumbnail}" alt=""></td>'
        f'<th scope="row" data-value="{name}">{name}<span class="quiet">{report.width} × {report.height} px</span></th>'
        f'<td data-value="{score!r}"><span class="value">{score:.3f}</span> {verdict(score)}{mark}'
        f'<span class="bar before" aria-hidden="true"><span style="width:{100 * score:.1f}%"></span></span></td>'
        f"<td>{standing}</td></tr>"
    )


def _failures(rows: Iterable[tuple[Row, Failure]]) -> str:
    """The rows without a score, in a body of their own, so that sorting leaves them at the end."""
    lines = "".join(
        f'<tr class="failed"><td>–</td><th scope="row">{escape(display_name(row.name))}</th>'
        f'<td colspan="2">{escape(failure.error.removeprefix(f"{base_name(row.name)}: "))}</td></tr>'
        for row, failure in rows
    )
    return f"<tbody>{lines}</tbody>" if lines else ""
