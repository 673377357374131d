"""An explanation: a heatmap with what it shows, in numbers and in words."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qualiclip.errors import UsageError

from .quality_map import STRIDE
from .scale import FIRST, enlarge


class Heatmap(Protocol):
    """What can be drawn over a picture."""

    @property
    def signed(self) -> bool:
        """Whether it tells what raises from what lowers."""
        ...

    def at(self, height: int, width: int) -> NDArray[np.float32]:
        """The map of the picture at that size, in [0, 1], or in [-1, 1] if signed."""
        ...


@dataclass(frozen=True)
class Explanation:
    """A heatmap of a picture of the given size (H, W) [px].

    `grid` (h, w) holds the method's own values at positions `stride` px apart, unscaled; the middle of the first is
    `first` px from the border. How they lie on the picture is told by `values`, `at` and `spread` alone. `full_scale`
    is the magnitude that is drawn as 1, shared by maps whose colours are to mean the same; None for the map's own
    `peak`. `meaning` says what the map shows.
    """

    method: str
    target: str
    grid: NDArray[np.float32]
    size: tuple[int, int]
    signed: bool = False
    meaning: str = ""
    stride: int = STRIDE
    full_scale: float | None = None
    first: float = FIRST

    @cached_property
    def values(self) -> NDArray[np.float32]:
        """The map (H, W) of the picture at its own size."""
        return self.at(*self.size)

    @cached_property
    def peak(self) -> float:
        """The largest magnitude on the picture, in the unit of the grid; 0 where nothing speaks for the target."""
        return float(self._unscaled(self.size).abs().max())

    @property
    def end(self) -> float:
        """The magnitude that is drawn as 1; 0 where all are 0."""
        return self.peak if self.full_scale is None else self.full_scale

    @property
    def nbytes(self) -> int:
        """Bytes held in memory once it was drawn."""
        return self.grid.nbytes + self.size[0] * self.size[1] * self.grid.itemsize

    def at(self, height: int, width: int) -> NDArray[np.float32]:
        """The map of the picture shown at that size [px], in [0, 1], or in [-1, 1] if `signed`.

        At the picture's own size the largest magnitude is 1, unless other maps share the scale; all are 0 where nothing
        speaks for the target.

        Raises:
            UsageError: if the picture can't have that size: it would be stretched.
        """
        if not _in_proportion((height, width), self.size):
            own = f"{self.size[1]} × {self.size[0]} px"
            raise UsageError(f"a map of a picture of {own} does not fit one of {width} × {height} px; explain that one")
        shown, end = self._unscaled((height, width)), self.end
        values: NDArray[np.float32] = (shown / end if end > 0 else torch.zeros_like(shown)).numpy()
        return values

    def spread(self, grid: Tensor, shown: tuple[int, int] | None = None) -> Tensor:
        """Values (h, w) of the positions of this map, as a map of the picture, at its own size or that `shown`."""
        return enlarge(grid, self.size, stride=self.stride, first=self.first, shown=shown)

    def _unscaled(self, shown: tuple[int, int]) -> Tensor:
        grid = torch.from_numpy(self.grid)
        return self.spread(grid if self.signed else grid.clamp(min=0), shown)

    @property
    def has_evidence(self) -> bool:
        """Whether any place speaks for the target (for a signed map: for or against)."""
        return self.peak > 0

    @property
    def note(self) -> str:
        """The map in words: what it shows and where it is strongest, or that it shows nothing."""
        if not self.has_evidence:
            return "No place in this picture speaks for this target: the map is empty."
        return f"{self.meaning} {describe_places(self.values)}".strip()


@dataclass(frozen=True)
class DegradationLevels(Explanation):
    """A map of levels of degradation, 0 to 5, that explains no score; up to a peak of `quiet` nothing stands out."""

    quiet: float = 0.0

    @property
    def has_evidence(self) -> bool:
        """Whether any place stands out."""
        return self.peak > self.quiet

    @property
    def note(self) -> str:
        """The map in words: what it shows, where it is strongest and how strong, or that nothing stands out."""
        if self.has_evidence:
            return f"{self.meaning} Most, level {self.peak:.1f}: {_strongest_place(self.values)}."
        return (
            f"{self.meaning} Nothing stands out here: no place is above level {self.quiet:.1f}, "
            "as in 95 of 100 photos that were not degraded."
        )


def _in_proportion(shown: tuple[int, int], size: tuple[int, int]) -> bool:
    """Whether both sides are changed by one factor, but for rounding to whole pixels."""
    sides = list(zip(shown, size, strict=True))
    return max((one - 1) / own for one, own in sides) <= min((one + 1) / own for one, own in sides)


def describe_places(values: NDArray[np.float32]) -> str:
    """Where in the picture a heatmap (H, W) is strongest, for those who can't see it."""
    places = []
    if values.max() > 0:
        places.append(f"Most for it: {_strongest_place(np.maximum(values, 0))}.")
    if values.min() < 0:
        places.append(f"Most against it: {_strongest_place(np.maximum(-values, 0))}.")
    return " ".join(places)


def _strongest_place(values: NDArray[np.float32]) -> str:
    rows = [np.array_split(band, 3, axis=1) for band in np.array_split(values, 3, axis=0)]
    means = np.array([[part.mean() for part in row] for row in rows])
    row, column = np.unravel_index(int(means.argmax()), means.shape)
    if row == column == 1:
        return "the centre"
    return " ".join(word for word in (("top", "", "bottom")[row], ("left", "", "right")[column]) if word)
