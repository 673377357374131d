"""The work of the Batch tab: many pictures scored, and what their scores say together."""

import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from torch import Tensor

from qualiclip.errors import InputError
from qualiclip.pictures import load_picture, picture_to_image
from qualiclip.scoring.reports import Failure, QualityReport
from qualiclip.scoring.scorer import Scorer
from qualiclip.scoring.tables import csv_rows
from ui.files.intake import Entry, base_name, contents
from ui.markup.parts import data_uri

THUMBNAIL = 112  # px, the longest side; shown at half that size
BINS = 20  # of the histogram, from 0 to 1
REACH = 1.5  # Tukey's rule: an outlier is further than this many quartile distances from the quartiles
FEWEST_FOR_OUTLIERS = 8  # with fewer, quartiles say little


@dataclass(frozen=True)
class BatchRow:
    """A picture of a batch with its report, or the reason why it has none; `thumbnail` is a data address or empty."""

    name: str
    result: QualityReport | Failure
    thumbnail: str = ""


@dataclass(frozen=True)
class Batch:
    """The rows so far, of `total`; by which model; and how many files were skipped as no pictures, or left out."""

    model: str
    total: int
    skipped: int = 0
    left_out: int = 0
    rows: tuple[BatchRow, ...] = ()

    @property
    def scored(self) -> list[tuple[BatchRow, QualityReport]]:
        """The rows that have a score, best first, each with its report."""
        found = [(row, row.result) for row in self.rows if isinstance(row.result, QualityReport)]
        return sorted(found, key=lambda pair: -pair[1].score)

    @property
    def failed(self) -> list[tuple[BatchRow, Failure]]:
        """The rows that have no score, each with the failure."""
        return [(row, row.result) for row in self.rows if isinstance(row.result, Failure)]


def score_batch(scorer: Scorer, entries: Sequence[Entry]) -> Generator[BatchRow, None, None]:
    """Rows in the order of the entries, as they are ready. All the heavy work of a batch is in here.

    Of the pictures only the thumbnails are kept.
    """
    thumbnails: dict[int, str] = {}

    def read(source: tuple[int, bytes | InputError]) -> Tensor:
        place, data = source
        if isinstance(data, InputError):
            raise data
        picture = load_picture(data, limits=scorer.limits)
        thumbnails[place] = thumbnail(picture)
        return picture_to_image(picture)

    results = scorer.score_read(enumerate(contents(entries)), read)
    for place, (entry, result) in enumerate(zip(entries, results, strict=True)):
        yield BatchRow(entry.name, _named(result, entry.name), thumbnails.pop(place, ""))


def _named(result: QualityReport | Failure, name: str) -> QualityReport | Failure:
    """A failure in the words of a file: for bytes, the loader knows no name but "picture"."""
    if isinstance(result, QualityReport):
        return result
    return Failure(name, f"{base_name(name)}: {result.error.removeprefix('picture: ')}")


def thumbnail(picture: Image.Image) -> str:
    """A small copy as a `data:` address, so that no file is left behind."""
    small = picture.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL), reducing_gap=2.0)
    return data_uri(small, "JPEG", quality=80)


def standings(scores: Sequence[float]) -> list[float | None]:
    """For each score the share of the other ones that are lower, in [0, 1], equal ones counted half; None if alone."""
    if len(scores) < 2:
        return [None] * len(scores)
    order = sorted(scores)
    others = len(scores) - 1
    return [(bisect_left(order, one) + bisect_right(order, one) - 1) / (2 * others) for one in scores]


def fences(scores: Sequence[float]) -> tuple[float, float] | None:
    """Below the first and above the second number a score is an outlier; None for too few scores."""
    if len(scores) < FEWEST_FOR_OUTLIERS:
        return None
    first, _, third = statistics.quantiles(scores, n=4, method="inclusive")
    reach = REACH * (third - first)
    return first - reach, third + reach


def histogram(scores: Sequence[float]) -> list[int]:
    """How many scores lie in each of `BINS` equal parts of [0, 1]; a limit belongs to the part above it."""
    counts = [0] * BINS
    for score in scores:
        counts[min(int(score * BINS), BINS - 1)] += 1
    return counts


def write_table(path: Path, rows: Sequence[BatchRow], scorer: Scorer) -> None:
    """Write the CSV file that `qualiclip score --csv` writes for the same files, in the order in which they came."""
    parts = scorer.model.part_names
    with csv_rows(path, ["path"], parts) as write_row:
        for row in rows:
            write_row({"path": row.name}, row.result)
