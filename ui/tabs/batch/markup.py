"""A batch as accessible HTML: progress, summary, histogram with its numbers, sortable table."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from markupsafe import Markup

from qualiclip.scoring.reports import Failure, QualityReport
from ui.files.intake import base_name, display_name
from ui.files.limits import MOST_PICTURES
from ui.markup.charts import Plot
from ui.markup.templates import render
from ui.texts import say

from .batch import FEWEST_FOR_OUTLIERS, Batch, BatchRow, fences, histogram, standings

TICKS = [(tick / 5, f"{tick / 5:.1f}") for tick in range(6)]


def render_progress(done: int, total: int) -> str:
    """How far the work is."""
    return render("batch/progress", done=done, total=total)


def render_waiting() -> str:
    """What is shown until the work begins."""
    return render("batch/waiting")


def render_summary(batch: Batch) -> str:
    """What became of the files, in a few sentences."""
    sentences = [say("batch/done", scored=len(batch.scored), total=batch.total, model=batch.model)]
    if len(batch.rows) < batch.total:
        sentences.insert(0, say("batch/stopped", done=len(batch.rows), total=batch.total))
    others = {"batch/failed": len(batch.failed), "batch/skipped": batch.skipped, "batch/left-out": batch.left_out}
    sentences += [say(key, count=count, most=MOST_PICTURES) for key, count in others.items() if count]
    return render("batch/summary", sentences=sentences)


def render_batch(batch: Batch) -> str:
    """Everything about the rows so far."""
    if not batch.rows:
        return ""
    reports = batch.scored
    parts = [_spread(reports), _histogram([report.score for _, report in reports])] if reports else []
    return "".join([*parts, _table(batch)])


def _spread(reports: Sequence[tuple[BatchRow, QualityReport]]) -> Markup:
    """Best, worst and middle, and which scores stand out, by a stated rule."""
    scores = [report.score for _, report in reports]
    (best, top), (worst, low) = reports[0], reports[-1]
    middle = say(
        "batch/spread",
        median=f"{median(scores):.3f}",
        best=f"{top.score:.3f}",
        best_name=display_name(best.name),
        worst=f"{low.score:.3f}",
        worst_name=display_name(worst.name),
    )
    limits, outliers = fences(scores), None
    if limits is not None:
        limits = max(limits[0], 0), min(limits[1], 1)  # as far as scores go
        outliers = [
            (display_name(row.name), report.score)
            for row, report in reports
            if not limits[0] <= report.score <= limits[1]
        ]
    return render("batch/spread", middle=middle, outliers=outliers, limits=limits, fewest=FEWEST_FOR_OUTLIERS)


def _histogram(scores: Sequence[float]) -> Markup:
    counts = histogram(scores)
    plot = Plot(640, 190, left=34, top=16, right=622, bottom=164, across=(0, 1), up=(0, max(counts)))
    return render("batch/histogram", counts=counts, plot=plot, ticks=TICKS)


def _table(batch: Batch) -> Markup:
    scores = [report.score for _, report in batch.scored]
    limits = fences(scores) or (0.0, 1.0)
    ranks = standings(scores)
    lines = [_line(row, report, rank, limits) for (row, report), rank in zip(batch.scored, ranks, strict=True)]
    return render("batch/table", lines=lines, failures=[_failure(row, failure) for row, failure in batch.failed])


def _line(row: BatchRow, report: QualityReport, rank: float | None, limits: tuple[float, float]) -> dict[str, Any]:
    return {
        "name": display_name(row.name),
        "thumbnail": row.thumbnail,
        "report": report,
        "outlier": not limits[0] <= report.score <= limits[1],
        "standing": "–" if rank is None else f"{100 * rank:.0f} %",
    }


def _failure(row: BatchRow, failure: Failure) -> tuple[str, str]:
    return display_name(row.name), failure.error.removeprefix(f"{base_name(row.name)}: ")
