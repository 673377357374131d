"""How a score comes about, step by step: cosines → times the scale → softmax → mean. All from a report alone."""

import csv
import io
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType

from qualiclip.errors import InputError
from qualiclip.models.family import PairReport
from qualiclip.prose import markdown_table
from qualiclip.scoring.reports import QualityReport

# Scores are computed in single precision: a cosine near 1 is known to 6e-8, a logit to that times the scale.
PRECISION = 6e-8


@dataclass(frozen=True)
class ArithmeticRow:
    """One prompt pair on its way into the score: cosines, logits, probability, and its part of the mean."""

    positive: str
    negative: str
    similarity_positive: float
    similarity_negative: float
    logit_positive: float
    logit_negative: float
    probability: float
    part: float

    @property
    def difference(self) -> float:
        """Logit of the positive prompt less that of the negative: all that the softmax of two depends on."""
        return self.logit_positive - self.logit_negative


@dataclass(frozen=True)
class Arithmetic:
    """The rows of all pairs; the score is the sum of their parts."""

    scale: float
    score: float
    rows: tuple[ArithmeticRow, ...]


def _row(pair: PairReport, scale: float, count: int) -> ArithmeticRow:
    positive, negative = scale * pair.similarity_positive, scale * pair.similarity_negative
    cosines = (pair.similarity_positive, pair.similarity_negative)
    return ArithmeticRow(
        pair.positive, pair.negative, *cosines, positive, negative, pair.probability, pair.probability / count
    )


def softmax_of_two(difference: float) -> float:
    """Probability of the first of two, from the difference of their logits."""
    return (1 + math.tanh(difference / 2)) / 2  # as 1 / (1 + exp(-difference)), which overflows


def arithmetic(report: QualityReport) -> Arithmetic:
    """The steps from a report's cosines to its score, checked: they lead to its probabilities and its score.

    Raises:
        InputError: if they don't, or the report has no pairs.
    """
    if not report.pairs or report.scale is None:
        raise InputError("report: no prompt pairs, so nothing to show; score by a model that compares prompts")
    scale = report.scale
    rows = tuple(_row(pair, scale, len(report.pairs)) for pair in report.pairs)
    tolerance = PRECISION * (10 + scale)
    for row in rows:
        expected = softmax_of_two(row.difference)
        if not abs(row.probability - expected) <= tolerance:
            raise InputError(
                f"report: {row.positive} has {row.probability}, its cosines give {expected}; score it again"
            )
    total = math.fsum(row.part for row in rows)
    if not abs(total - report.score) <= 10 * PRECISION:
        raise InputError(f"report: score {report.score}, the mean of its pairs is {total}; score it again")
    return Arithmetic(scale, report.score, rows)


# As tables

HEAD = ("pair", "cosine +", "cosine −", "logit +", "logit −", "difference", "probability")


def _cells(row: ArithmeticRow) -> tuple[str, ...]:
    """A row for people: rounded, the probabilities so finely that their mean is right in three decimals."""
    cosines = (f"{row.similarity_positive:.4f}", f"{row.similarity_negative:.4f}")
    logits = (f"{row.logit_positive:.2f}", f"{row.logit_negative:.2f}", f"{row.difference:+.2f}")
    return f"{row.positive} / {row.negative}", *cosines, *logits, f"{row.probability:.4f}"


def steps_in_words(steps: Arithmetic) -> str:
    """How the columns follow from each other, in two lines."""
    total = math.fsum(row.probability for row in steps.rows)
    return (
        f"logit = {steps.scale:g} × cosine; probability = softmax of the two logits = 1 / (1 + exp(−difference))\n"
        f"score = mean of the probabilities = {total:.4f} / {len(steps.rows)} = {steps.score:.4f}"
    )


def as_text(steps: Arithmetic) -> str:
    """An aligned table for a terminal, and the steps in words."""
    table = [HEAD, *(_cells(row) for row in steps.rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(cell.rjust(width) if index else cell.ljust(width) for index, (cell, width) in enumerate(pairs))
        for pairs in (zip(line, widths, strict=True) for line in table)
    ]
    return "\n".join([*lines, "", steps_in_words(steps)]) + "\n"


def as_markdown(steps: Arithmetic) -> str:
    """A table in Markdown, and the steps in words."""
    lines = markdown_table(HEAD, map(_cells, steps.rows), numbers=True)
    return "\n".join([*lines, "", steps_in_words(steps).replace("\n", "  \n")]) + "\n"


def as_csv(steps: Arithmetic) -> str:
    """All digits; the last row holds the score, the sum of the parts."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(ArithmeticRow)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in steps.rows)
    writer.writerow({"positive": "score", "part": steps.score})
    return text.getvalue()


TABLES: Mapping[str, Callable[[Arithmetic], str]] = MappingProxyType(
    {".txt": as_text, ".md": as_markdown, ".csv": as_csv}
)
