"""What a visitor takes along from the Inspect tab: the figure and the table of scores."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from explain.figures.inspect import Panel, inspect_figure
from explain.maps.heatmaps import METHODS
from qualiclip.drawing.files import report_facts, save_figure
from qualiclip.models.prompts import PromptPair
from qualiclip.models.targets import find_target, target_table
from ui.studio.look import Analysis
from ui.studio.subject import Subject

if TYPE_CHECKING:
    from .map_settings import MapSettings


from ui.studio.score_rows import CSV_COLUMNS, report_rows, steps_as_json


def write_figure(
    path: Path,
    subject: Subject,
    settings: "MapSettings",
    before: Analysis,
    after: Analysis,
    heatmap: Image.Image,
) -> None:
    """Write pictures, heatmap and bars as a PNG figure, with the settings in its caption and metadata."""
    report = after.report
    pairs = [PromptPair(pair.positive, pair.negative) for pair in report.pairs]
    target = find_target(settings.target, target_table(pairs)).label
    caption = (
        f"{subject.describe_steps()}. Heatmap of the {settings.subject} picture: "
        f"{METHODS[settings.method].label}, {target[0].lower()}{target[1:]}.\n"
        f"Model {report.model}, weights {report.weights_sha256[:12]}, QualiCLIP Studio {report.version}. "
        "A heatmap is a hint, not a proof."
    )
    panels = [
        Panel(f"Original: {before.report.score:.3f}", before.picture),
        Panel(f"Degraded: {report.score:.3f}", after.picture),
        Panel(f"Heatmap ({settings.subject})", heatmap),
    ]
    figure = inspect_figure(panels, before.report, report, caption=caption)
    steps = subject.active_steps
    facts = {**report_facts(report), "Seeds": ", ".join(str(step.seed) for step in steps) or "none"}
    facts |= {"Steps": " ".join(map(str, steps)) or "none", "Region": str(subject.region or "whole picture")}
    save_figure(figure, path, description=caption, version=report.version, facts=facts)


def write_scores(path: Path, subject: Subject, before: Analysis, after: Analysis) -> None:
    """Write a CSV file with a row per picture and prompt pair."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(CSV_COLUMNS)
        writer.writerows(report_rows("original", "[]", before.report))
        writer.writerows(report_rows("degraded", steps_as_json(subject), after.report))
