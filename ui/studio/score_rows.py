"""Rows of scores for CSV and JSON."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qualiclip.scoring.reports import QualityReport

from .subject import Subject

if TYPE_CHECKING:
    pass


CSV_COLUMNS = (
    *("picture", "degradations", "model", "weights_sha256", "version", "score"),
    *("positive", "negative", "probability", "similarity_positive", "similarity_negative"),
)


def steps_as_json(subject: Subject) -> str:
    """What is done to a picture, for programs."""
    region = {"region": str(subject.region)} if subject.region else {}
    return json.dumps(
        [{"type": step.name, "level": step.level, "seed": step.seed, **region} for step in subject.active_steps]
    )


def report_rows(name: str, steps: str, report: QualityReport) -> Iterator[list[object]]:
    """A row of `CSV_COLUMNS` for each prompt pair of a report; for each part where there are no pairs."""
    shared = (name, steps, report.model, report.weights_sha256, report.version, report.score)
    for pair in report.pairs:
        values = (pair.probability, pair.similarity_positive, pair.similarity_negative)
        yield [*shared, pair.positive, pair.negative, *values]
    if not report.pairs:
        yield from ([*shared, part.name, "", part.value, "", ""] for part in report.parts)
