"""Does the score really hang on the places a map names? Deletion and insertion, and a check with random weights.

Deletion blurs a picture's places in the order of a map, insertion starts with the blurred picture and brings them back.
If the map is right, the score falls early in the first and rises early in the second.

Source: RISE (Petsiuk et al. 2018, arXiv 1806.07421); random weights: Adebayo et al. 2018, arXiv 1810.03292.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .localisation import Values

Score = Callable[[Tensor], float]


@dataclass(frozen=True)
class Curves:
    """Scores of a picture while its places are blurred (deletion) and while they are brought back (insertion)."""

    deletion: tuple[float, ...]
    insertion: tuple[float, ...]

    @property
    def gain(self) -> float:
        """Area under insertion minus area under deletion, in score; 0 for an order that says nothing."""
        return area(self.insertion) - area(self.deletion)


def area(curve: Sequence[float]) -> float:
    """Area under equally spaced values over the unit interval, by trapezoids."""
    return float(np.mean([(left + right) / 2 for left, right in itertools.pairwise(curve)]))


def replaced(start: Tensor, end: Tensor, order: NDArray[np.int64], count: int) -> Tensor:
    """A copy of an image (3, H, W) with the first `count` pixels of an order (H·W,) taken from another image."""
    pixels = start.flatten(1).clone()  # (3, H·W)
    chosen = torch.from_numpy(order[:count])
    pixels[:, chosen] = end.flatten(1)[:, chosen]
    return pixels.view_as(start)


def draw_curves(score: Score, image: Tensor, blurred: Tensor, values: Values, *, steps: int) -> Curves:
    """Deletion and insertion in the order of a map (H, W): the places that raise the score most come first."""
    order = np.argsort(-values.ravel(), kind="stable")
    ends = score(image), score(blurred)  # shared by both curves, so computed once

    def between(start: Tensor, end: Tensor) -> tuple[float, ...]:
        counts = [len(order) * step // steps for step in range(1, steps)]
        return tuple(score(replaced(start, end, order, count)) for count in counts)

    deletion = (ends[0], *between(image, blurred), ends[1])
    return Curves(deletion, (ends[1], *between(blurred, image), ends[0]))


def rank_correlation(first: Values, second: Values) -> float:
    """Spearman's correlation of two maps of one shape; 0 if one of them is constant."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    from scipy import stats

    return float(stats.spearmanr(first.ravel(), second.ravel()).statistic)
