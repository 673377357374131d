"""What a visitor takes along from the Inspect tab: the figure and the table of scores."""

import csv
import json
from pathlib import Path

from PIL import Image

from explain.figures import Panel, inspect_figure
from explain.files import report_facts, save_figure
from explain.heatmaps import METHODS
from explain.targets import find_target
from qualiclip.prompts import PromptPair

from .inspect_settings import DEGRADED, ORIGINAL, Settings
from .studio import Analysis

CSV_COLUMNS = (
    *("picture", "degradations", "model", "weights_sha256", "version", "score"),
    *("positive", "negative", "probability", "similarity_positive", "similarity_negative"),
)


def write_figure(path: Path, settings: Settings, before: Analysis, after: Analysis, heatmap: Image.Image) -> None:
    """Write pictures, heatmap and bars as a PNG figure, with the settings in its caption and metadata."""
    report = after.report
    pairs = [PromptPair(pair.positive, pair.negative) for pair in report.pairs]
    target = find_target(settings.target, pairs).label
    caption = (
        f"{settings.describe_steps()}. Heatmap of the {settings.subject} picture: "
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
    facts = {**report_facts(report), "Seeds": ", ".join(str(seed) for _, seed in settings.active_steps) or "none"}
    save_figure(figure, path, description=caption, version=report.version, facts=facts)


def write_scores(path: Path, settings: Settings, before: Analysis, after: Analysis) -> None:
    """Write a CSV file with a row per picture and prompt pair."""
    steps = json.dumps([{"type": step.name, "level": step.level, "seed": seed} for step, seed in settings.active_steps])
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(CSV_COLUMNS)
        for name, done, analysis in ((ORIGINAL, "[]", before), (DEGRADED, steps, after)):
            report = analysis.report
            shared = (name, done, report.model, report.weights_sha256, report.version, report.score)
            for pair in report.pairs:
                values = (pair.probability, pair.similarity_positive, pair.similarity_negative)
                writer.writerow([*shared, pair.positive, pair.negative, *values])
