"""Where a model is unsure: the score of a picture at other sizes, and of windows cut out of it.

Nothing is resized before scoring, so size counts. A picture whose windows score alike, and which scores the same when
it is a little smaller, has a score that one can lean on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from qualiclip.checks import check_several, is_number, is_whole
from qualiclip.errors import UsageError, shown
from qualiclip.scoring.reports import QualityReport
from qualiclip.scoring.scorer import Scorer

Box = tuple[int, int, int, int]  # left, top, right, bottom in px
RESOLUTION_COLUMNS = ("picture", "part", "share", "left", "top", "right", "bottom")


@dataclass(frozen=True)
class ResolutionSettings:
    """What is scored besides the picture itself.

    Attributes:
        shares: Sizes, as shares of the picture's sides; above 0, below 1.
        grid: Windows in a row and in a column; 0 for none.
        overlap: Share of a window that its neighbour covers too. Half of it makes windows of 3 × 3 half as wide.
        min_side: Shortest side in px of what is scored; smaller parts are left out.
    """

    shares: tuple[float, ...] = (0.25, 0.3, 0.35, 0.42, 0.5, 0.6, 0.71, 0.84)  # even steps on a scale of ratios
    grid: int = 3
    overlap: float = 0.5
    min_side: int = 64

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            UsageError: if one of them makes no sense.
        """
        check_several("shares", self.shares)
        for share in self.shares:
            if not is_number(share) or not 0 < share < 1:
                raise UsageError(f"shares {shown(share)}: expected numbers between 0 and 1")
        if not is_whole(self.grid) or self.grid < 0:
            raise UsageError(f"grid {shown(self.grid)}: expected a count of windows, or 0 for none")
        if not is_number(self.overlap) or not 0 <= self.overlap < 1:
            raise UsageError(f"overlap {shown(self.overlap)}: expected at least 0 and below 1")
        if not is_whole(self.min_side) or self.min_side < 1:
            raise UsageError(f"min_side {shown(self.min_side)}: expected at least 1 px")


@dataclass(frozen=True)
class Reduced:
    """The whole picture at a share of its size."""

    share: float
    report: QualityReport

    @property
    def short_side(self) -> int:
        """Length of the shorter side in px."""
        return min(self.report.width, self.report.height)


@dataclass(frozen=True)
class Window:
    """A part of the picture, pixel by pixel."""

    box: Box
    report: QualityReport


@dataclass(frozen=True)
class Resolution:
    """Scores of a picture at rising sizes, the last being its own, and of its windows, row by row."""

    sizes: tuple[Reduced, ...]
    windows: tuple[Window, ...]

    @property
    def own(self) -> QualityReport:
        """Report of the picture as it is."""
        return self.sizes[-1].report

    @property
    def spread(self) -> tuple[float, float] | None:
        """Lowest and highest score of a window; None without windows."""
        scores = [window.report.score for window in self.windows]
        return (min(scores), max(scores)) if scores else None

    @property
    def note(self) -> str:
        """What the sizes and the windows say, in words."""
        smallest = self.sizes[0]
        sentences = []
        if len(self.sizes) > 1:
            change = smallest.report.score - self.own.score
            sentences.append(
                f"At {smallest.share:g} of its size the picture scores {smallest.report.score:.3f} ({change:+.3f})."
            )
        if self.spread:
            lowest, highest = self.spread
            sentences.append(f"Its {len(self.windows)} windows score {lowest:.3f} to {highest:.3f}.")
        return " ".join(sentences) or "The picture is too small to be reduced or cut."


def reduced_image(image: Tensor, share: float) -> Tensor:
    """An image (3, H, W) at a share of its size, by bicubic interpolation without aliasing."""
    size = [max(1, round(side * share)) for side in image.shape[-2:]]
    smaller = functional.interpolate(image[None], size=size, mode="bicubic", antialias=True)[0]  # (3, h, w)
    return smaller.clamp(0, 1)  # bicubic interpolation overshoots


def _starts(side: int, grid: int, overlap: float) -> tuple[list[int], int]:
    """Where the windows along a side of that length begin, and how long they are, in px."""
    length = round(side / (1 + (grid - 1) * (1 - overlap)))
    room = side - length
    return [round(room * index / max(1, grid - 1)) for index in range(grid)], length


def window_boxes(height: int, width: int, settings: ResolutionSettings) -> list[Box]:
    """Windows that cover a picture, row by row; none where they would be too small."""
    if not settings.grid:
        return []
    tops, rows = _starts(height, settings.grid, settings.overlap)
    lefts, columns = _starts(width, settings.grid, settings.overlap)
    if min(rows, columns) < settings.min_side:
        return []
    return [(left, top, left + columns, top + rows) for top in tops for left in lefts]


def _shares(height: int, width: int, settings: ResolutionSettings) -> list[float]:
    side = min(height, width)
    return sorted(share for share in set(settings.shares) if round(side * share) >= settings.min_side)


def measure_resolution(
    image: Tensor,
    scorer: Scorer,
    *,
    settings: ResolutionSettings,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Resolution:
    """The scores of an image (3, H, W) at smaller sizes and of its windows.

    `progress` gets how many of how many are scored, before each and at the end; what it raises ends the measurement.
    """
    height, width = image.shape[-2:]
    shares, boxes = _shares(height, width, settings), window_boxes(height, width, settings)
    total = len(shares) + 1 + len(boxes)
    done = 0

    def scored(part: Tensor) -> QualityReport:
        nonlocal done
        progress(done, total)
        done += 1
        return scorer.report(part, scorer.encode(part))

    own = scored(image)
    sizes = [Reduced(share, scored(reduced_image(image, share))) for share in shares]
    windows = [Window(box, scored(image[:, box[1] : box[3], box[0] : box[2]])) for box in boxes]
    progress(done, total)
    return Resolution((*sizes, Reduced(1.0, own)), tuple(windows))


def resolution_cells(resolution: Resolution) -> Iterator[tuple[dict[str, object], QualityReport]]:
    """Cells of a table for each size and window, with the report that belongs to them."""
    for reduced in resolution.sizes:
        yield {"part": "whole", "share": reduced.share}, reduced.report
    for window in resolution.windows:
        yield (
            {"part": "window", **dict(zip(("left", "top", "right", "bottom"), window.box, strict=True))},
            window.report,
        )
