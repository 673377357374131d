"""How well a map finds a region: three measures of one map, and how sure their means are. Pure functions on arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qualiclip.agreement.bootstrap import percentile_interval

Values = NDArray[np.float32] | NDArray[np.float64]
Mask = NDArray[np.bool_]

SEED = 0


@dataclass(frozen=True)
class Localisation:
    """How well a map of evidence finds a mask.

    Attributes:
        auroc: Probability that a pixel inside has more evidence than one outside; 0.5 by chance, 1 is perfect.
        energy: Share of the positive evidence that lies inside, divided by the mask's share of the picture; 1 by
            chance, at most 1 / share.
        pointing: Whether the peak lies inside; if several places share it, the share of them that do.
    """

    auroc: float
    energy: float
    pointing: float


def auroc(values: Values, mask: Mask) -> float:
    """Area under the ROC curve of values for the pixels of a mask, exact: a tie counts one half.

    The mask must have pixels inside and outside. Equal to the Mann-Whitney statistic divided by the number of pairs.
    """
    inside, outside = np.sort(values[mask]), np.sort(values[~mask])
    below = np.searchsorted(outside, inside, side="left").sum(dtype=np.int64)
    not_above = np.searchsorted(outside, inside, side="right").sum(dtype=np.int64)
    return float((below + not_above) / (2 * len(inside) * len(outside)))


def energy_ratio(values: Values, mask: Mask) -> float:
    """Share of the positive values inside the mask over the mask's share of the pixels; 1 for a map without any."""
    positive = np.maximum(values, 0).astype(np.float64)
    total = positive.sum()
    return float(positive[mask].sum() / total / mask.mean()) if total > 0 else 1.0


def pointing(values: Values, mask: Mask) -> float:
    """Whether the largest value lies inside: 1 or 0, or the share of the equal peaks that do."""
    return float(mask[values == values.max()].mean())


def measure(values: Values, mask: Mask) -> Localisation:
    """All three measures of a map of evidence (H, W), higher is more, for a mask (H, W)."""
    return Localisation(auroc(values, mask), energy_ratio(values, mask), pointing(values, mask))


@dataclass(frozen=True)
class Estimate:
    """A mean over pictures with its 95 % interval; `count` pictures."""

    mean: float
    low: float
    high: float
    count: int


def estimate(values: Sequence[float] | NDArray[np.float64]) -> Estimate:
    """The mean of one value per picture, with a percentile bootstrap interval over pictures; the same every time."""
    given = np.asarray(values, dtype=np.float64)
    low, high = percentile_interval(lambda picked: given[picked].mean(axis=1), len(given), seed=SEED)
    return Estimate(float(given.mean()), float(low), float(high), len(given))
