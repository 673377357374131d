"""A sweep: one picture at every level of a degradation, each scored."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from qualiclip.crops import middle
from qualiclip.degradations import DEGRADATIONS, MAX_LEVEL, degrade
from qualiclip.errors import InputError
from qualiclip.pictures import image_to_picture

from .reports import Failure, QualityReport
from .scorer import Scorer
from .tables import csv_rows

LEVELS = tuple(range(MAX_LEVEL + 1))

DETAIL_SIDE = 200  # px of a picture on a contact sheet, shown about one to one


SWEEP_COLUMNS = ("picture", "degradation", "level", "strength", "unit", "seed")


@dataclass(frozen=True)
class SweepRow:
    """One degradation at levels 0 to 5: the middle of each picture, and the report of all of it."""

    name: str
    seed: int
    details: tuple[Image.Image, ...]
    reports: tuple[QualityReport, ...]

    @property
    def label(self) -> str:
        """Name of the degradation for people."""
        return DEGRADATIONS[self.name].label

    @property
    def scores(self) -> tuple[float, ...]:
        """Score at each level."""
        return tuple(report.score for report in self.reports)

    @property
    def rises(self) -> tuple[int, ...]:
        """Levels whose score is not below that of the level before."""
        return tuple(level for level in LEVELS[1:] if self.scores[level] >= self.scores[level - 1])

    @property
    def srcc(self) -> float:
        """Rank correlation of level and score: -1 where each level scores lower; 0 where all score the same."""
        if len(set(self.scores)) == 1:
            return 0.0
        from scipy import stats

        return float(stats.spearmanr(LEVELS, self.scores).statistic)


def sweep(
    image: Tensor, pristine: QualityReport, scorer: Scorer, name: str, *, seed: int, side: int = DETAIL_SIDE
) -> SweepRow:
    """An image (3, H, W), whose report is known, at every level of one degradation; the same draw at all of them.

    Each level is scored in eight bits, as the file that `qualiclip degrade` writes. Details are the `middle` of the
    picture, at most `side` px long, so that a fine degradation is not reduced away.

    Raises:
        UsageError: if there is no such degradation.
        InputError: if the image is beyond the scorer's limits.
    """
    pictures = [
        image_to_picture(degrade(image, name, level=level, generator=torch.Generator().manual_seed(seed)))
        for level in LEVELS[1:]
    ]
    reports = _all_scored(scorer.score_many(pictures))
    box = middle(*image.shape[-2:], side=side)
    details = tuple(picture.crop(box) for picture in (image_to_picture(image), *pictures))
    return SweepRow(name, seed, details, (pristine, *reports))


def _all_scored(results: Iterable[QualityReport | Failure]) -> Iterator[QualityReport]:
    for result in results:
        if isinstance(result, Failure):
            raise InputError(result.error)
        yield result


def csv_cells(row: SweepRow) -> Iterator[tuple[dict[str, object], QualityReport]]:
    """Cells of a table for each level, with the report that belongs to them; level 0 has no strength."""
    degradation = DEGRADATIONS[row.name]
    for level, report in zip(LEVELS, row.reports, strict=True):
        strength = degradation.strength_at(level) if level else ""
        cells = {"degradation": row.name, "level": level, "strength": strength, "unit": degradation.unit}
        yield cells | {"seed": row.seed}, report


@contextmanager
def sweep_table(path: Path, picture: str, positives: Iterable[str]) -> Iterator[Callable[[SweepRow], None]]:
    """A function that writes the levels of one degradation into a CSV file; `picture` is a name, for its column.

    `positives` are the prompts that get a column each.
    """
    with csv_rows(path, SWEEP_COLUMNS, positives) as write_row:

        def write(row: SweepRow) -> None:
            for cells, report in csv_cells(row):
                write_row({"picture": picture, **cells}, report)

        yield write
