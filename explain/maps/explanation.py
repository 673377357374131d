"""An explanation: a heatmap with what it shows, in numbers and in words."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .quality_map import STRIDE


@dataclass(frozen=True)
class Explanation:
    """A heatmap for an image of height H and width W.

    `values` (H, W) lie in [0, 1], or in [-1, 1] if `signed`; the largest magnitude is 1, or all are 0 where nothing
    speaks for the target. `grid` (h, w) holds the method's own values at positions `stride` px apart, unscaled.
    `meaning` says what the map shows.
    """

    method: str
    target: str
    values: NDArray[np.float32]
    grid: NDArray[np.float32]
    signed: bool = False
    meaning: str = ""
    stride: int = STRIDE

    @property
    def has_evidence(self) -> bool:
        """Whether any place speaks for the target (for a signed map: for or against)."""
        return bool(np.any(self.values))

    @property
    def note(self) -> str:
        """The map in words: what it shows and where it is strongest, or that it shows nothing."""
        if not self.has_evidence:
            return "No place in this picture speaks for this target: the map is empty."
        return f"{self.meaning} {describe_places(self.values)}".strip()


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
