"""Agreement of predicted scores with human opinions: SRCC, KRCC, PLCC, logistic mapping, RMSE and intervals."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from qualiclip.errors import InputError

from .bootstrap import RESAMPLES, percentile_interval

Array = NDArray[Any]

SEED = 20240317
LEAST_FOR_LOGISTIC = 8  # pictures: with four parameters and fewer, the curve explains the noise


@dataclass(frozen=True)
class Agreement:
    """Rank correlations (SRCC, KRCC) and linear correlation (PLCC, raw), each in [-1, 1]; `count` pictures."""

    srcc: float
    krcc: float
    plcc: float
    count: int


def _checked(scores: ArrayLike, opinions: ArrayLike) -> tuple[Array, Array]:
    predicted, human = np.asarray(scores, dtype=float), np.asarray(opinions, dtype=float)
    if predicted.shape != human.shape or predicted.ndim != 1 or len(predicted) < 3:
        raise InputError(f"need two equal lists of at least 3 numbers, got {predicted.shape} and {human.shape}")
    if not (np.isfinite(predicted).all() and np.isfinite(human).all()):
        raise InputError("scores and opinions must be finite numbers; found NaN or infinity")
    if np.ptp(predicted) == 0 or np.ptp(human) == 0:
        raise InputError("a correlation needs numbers that differ; all scores or all opinions are the same")
    return predicted, human


def agreement(scores: ArrayLike, opinions: ArrayLike) -> Agreement:
    """Agreement of scores (n,) with opinions (n,), both higher for better pictures.

    Raises:
        InputError: if there are fewer than three pictures, the lengths differ, a number is not finite, or one side
            is constant.
    """
    predicted, human = _checked(scores, opinions)
    return Agreement(
        srcc=float(stats.spearmanr(predicted, human).statistic),
        krcc=float(stats.kendalltau(predicted, human).statistic),
        plcc=float(stats.pearsonr(predicted, human).statistic),
        count=len(predicted),
    )


# From scores to the scale of the opinions


@dataclass(frozen=True)
class Mapping:
    """A monotonic curve from scores to opinions.

    Attributes:
        kind: "logistic", or "line" where no logistic could be fitted.
        parameters: Of the logistic: value for the best scores, value for the worst, score in the middle, width; of
            the line: slope, intercept.
        note: Why it is a line; empty for a logistic.
    """

    kind: str
    parameters: tuple[float, ...]
    note: str = ""

    def __call__(self, scores: ArrayLike) -> Array:
        """Opinions (n,) that the curve predicts for scores (n,)."""
        predicted = np.asarray(scores, dtype=float)
        if self.kind == "line":
            slope, intercept = self.parameters
            return slope * predicted + intercept
        return _logistic(np.asarray(self.parameters), predicted)


def _logistic(parameters: Array, scores: Array) -> Array:
    best, worst, middle, width = parameters
    curve: Array = special.expit((scores - middle) / max(abs(width), 1e-12))
    return np.asarray(worst + (best - worst) * curve)


def _slopes(parameters: Array, scores: Array) -> Array:
    """Derivatives (n, 4) of the logistic by its parameters."""
    best, worst, middle, width = parameters
    steepness = 1 / max(abs(width), 1e-12)
    curve = special.expit((scores - middle) * steepness)
    slope = (best - worst) * curve * (1 - curve) * steepness
    return np.stack([curve, 1 - curve, -slope, -slope * (scores - middle) / (width or 1e-12)], axis=1)


def _line(scores: Array, opinions: Array, note: str) -> Mapping:
    slope, intercept = np.polyfit(scores, opinions, 1)
    return Mapping("line", (float(slope), float(intercept)), note)


def _standardised(values: Array) -> tuple[Array, float, float]:
    mean, deviation = float(values.mean()), float(values.std())
    return (values - mean) / deviation, mean, deviation


def _best_fit(scores: Array, opinions: Array) -> Array | None:
    """Parameters of the logistic with the least squared error among several starts; None if none converges."""
    rising = stats.spearmanr(scores, opinions).statistic >= 0
    best, worst = (opinions.max(), opinions.min()) if rising else (opinions.min(), opinions.max())
    fits = [
        optimize.least_squares(
            lambda parameters: _logistic(parameters, scores) - opinions,
            np.array([best, worst, middle, width]),
            jac=lambda parameters: _slopes(parameters, scores),
            method="lm",
            max_nfev=4000,
        )
        for middle, width in ((0.0, 0.25), (0.0, 1.0), (-1.0, 0.5), (1.0, 0.5))
    ]
    usable = [fit for fit in fits if fit.success and np.isfinite(fit.x).all() and np.ptp(_logistic(fit.x, scores)) > 0]
    return min(usable, key=lambda fit: float(fit.cost)).x if usable else None


def fit_mapping(scores: ArrayLike, opinions: ArrayLike) -> Mapping:
    """The logistic of four parameters nearest to the opinions, by least squares; if there is none, a line and why.

    Scores and opinions are standardised for the fit, which starts at the extremes of the opinions and at several
    middles and widths (0.25 standard deviations is VQEG's).

    Raises:
        InputError: as in `agreement`.

    Source: VQEG's final report of 2003, f(s) = b2 + (b1 - b2) / (1 + exp(-(s - b3) / |b4|)).
    """
    predicted, human = _checked(scores, opinions)
    if len(predicted) < LEAST_FOR_LOGISTIC:
        note = f"a line: {len(predicted)} pictures are too few for a logistic, {LEAST_FOR_LOGISTIC} are needed"
        return _line(predicted, human, note)
    x, mean, deviation = _standardised(predicted)
    y, center, spread = _standardised(human)
    fitted = _best_fit(x, y)
    if fitted is None:
        return _line(predicted, human, "a line: the fit of the logistic did not converge")
    best, worst, middle, width = fitted
    scaled = (best * spread + center, worst * spread + center, middle * deviation + mean, abs(width) * deviation)
    return Mapping("logistic", tuple(float(value) for value in scaled))


@dataclass(frozen=True)
class MappedError:
    """What is left after the mapping.

    Attributes:
        mapping: The curve from scores to opinions.
        plcc: PLCC of mapped scores and opinions; negative if the curve falls, so that a wrong direction is seen.
        rmse: Root of the mean squared error, in the unit of the opinions.
    """

    mapping: Mapping
    plcc: float
    rmse: float


def mapped_error(scores: ArrayLike, opinions: ArrayLike) -> MappedError:
    """PLCC and RMSE of scores (n,) and opinions (n,) after the mapping of `fit_mapping`.

    Raises:
        InputError: as in `agreement`.
    """
    predicted, human = _checked(scores, opinions)
    mapping = fit_mapping(predicted, human)
    mapped = mapping(predicted)
    rising = mapped[predicted.argmax()] >= mapped[predicted.argmin()]
    plcc = float(stats.pearsonr(mapped, human).statistic) if np.ptp(mapped) > 0 else 0.0
    rmse = float(np.sqrt(np.mean((mapped - human) ** 2)))
    return MappedError(mapping, plcc if rising else -plcc, rmse)


# How sure: intervals by the bootstrap


def _tie_groups(values: Array) -> Array:
    return np.unique(values, return_inverse=True)[1]


def _resampled_ranks(counts: Array, groups: Array) -> Array:
    """Ranks (B, n) of values in resamples that hold each picture `counts` (B, n) times; ties share their mean."""
    order = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[order], np.arange(groups.max() + 1))
    in_group = np.add.reduceat(counts[:, order], starts, axis=1)  # (B, groups)
    return (np.cumsum(in_group, axis=1) - (in_group - 1) / 2)[:, groups]  # (B, n)


def _weighted_plcc(counts: Array, x: Array, y: Array) -> Array:
    """PLCC (B,) of resamples; x and y are (n,) or (B, n). NaN where a resample is constant."""
    total = counts.sum(axis=1, keepdims=True)
    dx = x - (counts * x).sum(axis=1, keepdims=True) / total
    dy = y - (counts * y).sum(axis=1, keepdims=True) / total
    products = [(counts * left * right).sum(axis=1) for left, right in ((dx, dy), (dx, dx), (dy, dy))]
    norm = np.sqrt(products[1] * products[2])
    result = np.full(len(norm), np.nan)
    np.divide(products[0], norm, out=result, where=norm > 1e-12 * total[:, 0])
    return result


def _krcc(x: Array, y: Array, picked: Array) -> float:
    if np.ptp(x[picked]) == 0 or np.ptp(y[picked]) == 0:
        return float("nan")
    return float(stats.kendalltau(x[picked], y[picked], method="asymptotic").statistic)


def _resampled(scores: Array, opinions: Array, picked: Array) -> Array:
    """SRCC, KRCC and PLCC (B, 3) of the pictures picked (B, n)."""
    counts = np.stack([np.bincount(row, minlength=len(scores)) for row in picked]).astype(float)  # (B, n)
    ranks = [_resampled_ranks(counts, _tie_groups(values)) for values in (scores, opinions)]
    standard = [_standardised(values)[0] for values in (scores, opinions)]
    krcc = np.array([_krcc(scores, opinions, row) for row in picked])
    return np.stack([_weighted_plcc(counts, *ranks), krcc, _weighted_plcc(counts, *standard)], axis=1)


Interval = tuple[float, float]


@dataclass(frozen=True)
class Intervals:
    """Percentile intervals that hold the true value in about 95 of 100 cases; of how many resamples."""

    srcc: Interval
    krcc: Interval
    plcc: Interval
    resamples: int


def bootstrap(scores: ArrayLike, opinions: ArrayLike, *, resamples: int = RESAMPLES, seed: int = SEED) -> Intervals:
    """95 % percentile intervals: pictures are drawn with replacement and ranked anew, the same for the same seed.

    Resamples that are constant have no correlation and are left out, which matters for a handful of pictures only.

    Raises:
        InputError: as in `agreement`.
    """
    predicted, human = _checked(scores, opinions)
    margins = percentile_interval(
        lambda picked: _resampled(predicted, human, picked), len(predicted), seed=seed, resamples=resamples
    )  # (2, 3)
    srcc, krcc, plcc = ((float(low), float(high)) for low, high in margins.T)
    return Intervals(srcc, krcc, plcc, resamples)


# All of it


@dataclass(frozen=True)
class Statistics:
    """What is reported about a set: correlations of the scores as they are, their intervals, and after the mapping."""

    agreement: Agreement
    intervals: Intervals
    mapped: MappedError


def statistics(scores: ArrayLike, opinions: ArrayLike) -> Statistics:
    """All statistics of scores (n,) and opinions (n,), both higher for better pictures.

    Raises:
        InputError: as in `agreement`.
    """
    found = agreement(scores, opinions)
    error = mapped_error(scores, opinions)
    return Statistics(found, bootstrap(scores, opinions), error)
