"""What a visitor takes along from the Compare tab: the figure and the table of scores."""

import csv
from collections.abc import Sequence
from pathlib import Path

from explain.figures.comparison import Comparison, Explained, comparison_figure, shown_picture
from explain.maps.explanation import Explanation
from qualiclip.drawing.files import model_line, report_facts, save_figure
from qualiclip.models.untrained import UNTRAINED
from qualiclip.scoring.reports import QualityReport
from ui.studio.score_rows import CSV_COLUMNS, report_rows, steps_as_json

from .sides import MODEL, Sides


def write_comparison(path: Path, sides: Sides, reports: Sequence[QualityReport]) -> None:
    """Write a CSV file with a row per side and prompt pair."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("side", *CSV_COLUMNS))
        for side, title, subject, report in zip(("left", "right"), sides.titles, sides.subjects, reports, strict=True):
            name = "degraded" if subject.active_steps else "original"
            shown = name if sides.mode == MODEL else title
            writer.writerows([side, *row] for row in report_rows(shown, steps_as_json(subject), report))


def write_comparison_figure(path: Path, sides: Sides, maps: tuple[Explanation, Explanation], *, shared: bool) -> None:
    """Write scores, bars and heatmaps of both sides as PNG, SVG or PDF, by the end of the name.

    Raises:
        UsageError: if the name has another end.
    """
    explained = [Explained(look.analysis.report, one) for look, one in zip(sides.looks, maps, strict=True)]
    if sides.mode == MODEL:
        name = "Degraded" if sides.left.view.steps else "Original"
        comparisons = [Comparison(name, shown_picture(sides.left.picture), tuple(explained))]
    else:
        parts = zip(sides.titles, sides.looks, explained, strict=True)
        comparisons = [Comparison(title, shown_picture(look.picture), (one,)) for title, look, one in parts]
    reports = [one.report for one in explained]
    done = [subject.describe_steps() for subject in sides.subjects]
    lines = list(dict.fromkeys(map(model_line, reports)))
    lines.append(f"Both: {done[0]}" if done[0] == done[1] else f"First: {done[0]}. Second: {done[1]}")
    if any(report.model == UNTRAINED for report in reports):
        lines.append(f"{UNTRAINED} has random weights: what it says is chance")
    title = " and ".join(dict.fromkeys(report.model for report in reports) if sides.mode == MODEL else sides.titles)
    scale = "figure" if shared else "map"
    figure = comparison_figure(comparisons, title=title, facts=lines, scale=scale)
    facts = {"Heatmap": f"{maps[0].method}, {maps[0].target}"}
    for number, (report, subject) in enumerate(zip(reports, sides.subjects, strict=True), 1):
        facts |= {f"{key} {number}": value for key, value in report_facts(report).items()}
        facts[f"Steps {number}"] = " ".join(map(str, subject.active_steps)) or "none"
    description = f"{title}, side by side: scores, heatmaps, prompt pairs.\n" + "\n".join(lines)
    save_figure(figure, path, description=description, version=reports[0].version, facts=facts)
