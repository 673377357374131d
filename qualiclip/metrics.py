"""Agreement of predicted scores with human opinions: SRCC, KRCC and PLCC, by scipy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from .errors import InputError


@dataclass(frozen=True)
class Agreement:
    """Rank correlations (SRCC, KRCC) and linear correlation (PLCC, raw), each in [-1, 1]; `count` pictures."""

    srcc: float
    krcc: float
    plcc: float
    count: int


def agreement(scores: ArrayLike, opinions: ArrayLike) -> Agreement:
    """Agreement of scores (n,) with opinions (n,), both higher for better pictures.

    Raises:
        InputError: if there are fewer than three pictures, the lengths differ, a number is not finite, or one side
            is constant.
    """
    predicted, human = np.asarray(scores, dtype=float), np.asarray(opinions, dtype=float)
    if predicted.shape != human.shape or predicted.ndim != 1 or len(predicted) < 3:
        raise InputError(f"need two equal lists of at least 3 numbers, got {predicted.shape} and {human.shape}")
    if not (np.isfinite(predicted).all() and np.isfinite(human).all()):
        raise InputError("scores and opinions must be finite numbers; found NaN or infinity")
    if np.ptp(predicted) == 0 or np.ptp(human) == 0:
        raise InputError("a correlation needs numbers that differ; all scores or all opinions are the same")
    return Agreement(
        srcc=float(stats.spearmanr(predicted, human).statistic),
        krcc=float(stats.kendalltau(predicted, human).statistic),
        plcc=float(stats.pearsonr(predicted, human).statistic),
        count=len(predicted),
    )
