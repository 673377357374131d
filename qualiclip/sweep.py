"""A sweep: one picture at every level of a degradation, each scored."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from PIL import Image
from scipy import stats
from torch import Tensor

from .degradations import DEGRADATIONS, MAX_LEVEL, degrade
from .pictures import image_to_picture
from .scoring import QualityReport, Scorer

LEVELS = tuple(range(MAX_LEVEL + 1))
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
        return float(stats.spearmanr(LEVELS, self.scores).statistic)


def middle(height: int, width: int, *, side: int) -> tuple[int, int, int, int]:
    """Box (left, top, right, bottom) in px: the middle of a picture in its shape, `side` px long, or all of it."""
    share = min(1.0, side / max(height, width))
    rows, columns = round(height * share), round(width * share)
    left, top = (width - columns) // 2, (height - rows) // 2
    return left, top, left + columns, top + rows


def sweep(image: Tensor, pristine: QualityReport, scorer: Scorer, name: str, *, seed: int, side: int) -> SweepRow:
    """An image (3, H, W), whose report is known, at every level of one degradation; the same draw at all of them.

    Details are the `middle` of the picture, at most `side` px long, so that fine damage is not reduced away.

    Raises:
        UsageError: if there is no such degradation.
    """
    images, reports = [image], [pristine]
    box = middle(*image.shape[-2:], side=side)
    for level in LEVELS[1:]:
        images.append(degrade(image, name, level=level, generator=torch.Generator().manual_seed(seed)))
        reports.append(scorer.score(images[-1]))
    details = tuple(image_to_picture(degraded).crop(box) for degraded in images)
    return SweepRow(name, seed, details, tuple(reports))


def csv_cells(row: SweepRow) -> Iterator[tuple[dict[str, object], QualityReport]]:
    """Cells of a table for each level, with the report that belongs to them; level 0 has no strength."""
    degradation = DEGRADATIONS[row.name]
    for level, report in zip(LEVELS, row.reports, strict=True):
        strength = degradation.strength_at(level) if level else ""
        cells = {"degradation": row.name, "level": level, "strength": strength, "unit": degradation.unit}
        yield cells | {"seed": row.seed}, report
