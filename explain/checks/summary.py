"""Measurements become means with intervals: by map, by degradation, by shape; and what may be said of them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from .faithfulness import area
from .localisation import Estimate, estimate
from .records import CURVE_BASELINES, MAIN_SHAPE, CurveMeasurement, Measurement, Results

ALL = "all"
CHANCE = "random"
GOALS: Mapping[str, float] = MappingProxyType(
    {
        **dict.fromkeys(("gaussian_blur", "lens_blur", "motion_blur", "white_noise"), 0.85),
        **dict.fromkeys(("jpeg", "pixelate"), 0.70),
    }
)  # of the AUROC of a degraded quadrant at level 4, from the degraded picture alone
DIFFERENCE_GOAL = 0.90  # with the pristine picture at hand


def compared(difference: Estimate) -> str:
    """A difference of two measures in a word: better or worse only if its whole interval says so."""
    if difference.low > 0:
        return "better"
    return "worse" if difference.high < 0 else "no better"


@dataclass(frozen=True)
class MapRow:
    """One map on one degradation and one shape, or on all of them: each measure as a mean over pictures.

    `over_random` is its AUROC minus the random map's on the same degradation, picture by picture.
    """

    kind: str
    map: str
    degradation: str
    shape: str
    auroc: Estimate
    energy: Estimate
    pointing: Estimate
    over_random: Estimate

    @property
    def verdict(self) -> str:
        """In words, whether the map finds more than the random map does, and more than chance (which may be less)."""
        word = compared(self.over_random)
        lucky = self.auroc.low <= 0.5 if word == "better" else self.auroc.high >= 0.5
        return f"{'no better' if lucky else word} than {CHANCE}"


@dataclass(frozen=True)
class Best:
    """The method that finds one degradation best, next to the best map that knows nothing of the model.

    `drop` is how much the degradation lowers the score, `over_baseline` the difference of the AUROCs, picture by
    picture; `goal` is None where there is none.
    """

    degradation: str
    drop: Estimate
    row: MapRow
    baseline: MapRow
    over_baseline: Estimate
    goal: float | None

    @property
    def verdict(self) -> str:
        """In words, how the best method stands to the random map and to the best baseline."""
        if self.baseline.map == CHANCE:
            return self.row.verdict
        return f"{self.row.verdict}, {compared(self.over_baseline)} than {self.baseline.map}"


@dataclass(frozen=True)
class CurveRow:
    """Areas under the curves of one order, and how much more it gains than two others, picture by picture."""

    map: str
    deletion: Estimate
    insertion: Estimate
    gain: Estimate
    over_random: Estimate
    over_edges: Estimate


@dataclass(frozen=True)
class WeightRow:
    """How alike a method's maps are with trained and with random weights: the mean, and the mean without sign."""

    method: str
    correlation: Estimate
    magnitude: Estimate


@dataclass(frozen=True)
class BenchmarkSummary:
    """All means with their intervals."""

    rows: tuple[MapRow, ...]
    best: tuple[Best, ...]
    curves: tuple[CurveRow, ...]
    weights: tuple[WeightRow, ...]

    def select(self, *, kind: str | None = None, degradation: str = ALL, shape: str = ALL) -> list[MapRow]:
        """The rows of one kind, or of any, on one degradation and one shape, or on all."""
        return [
            row
            for row in self.rows
            if row.degradation == degradation and row.shape == shape and kind in (None, row.kind)
        ]


DegradedPlace = tuple[str, str, str]  # picture, degradation, shape


def _by_picture(values: Iterable[tuple[str, float]]) -> list[float]:
    """One mean for each picture: pictures, not single measurements, are what is drawn anew."""
    grouped: dict[str, list[float]] = defaultdict(list)
    for picture, value in values:
        grouped[picture].append(value)
    return [float(np.mean(group)) for group in grouped.values()]


def _mean(found: Sequence[Measurement], value: Callable[[Measurement], float]) -> Estimate:
    return estimate(_by_picture((each.picture, value(each)) for each in found))


def _degraded_place(found: Measurement) -> DegradedPlace:
    return found.picture, found.degradation, found.shape


def _row(found: Sequence[Measurement], degradation: str, shape: str, random: Mapping[DegradedPlace, float]) -> MapRow:
    return MapRow(
        *(found[0].kind, found[0].map, degradation, shape),
        _mean(found, lambda each: each.found.auroc),
        _mean(found, lambda each: each.found.energy),
        _mean(found, lambda each: each.found.pointing),
        _mean(found, lambda each: each.found.auroc - random[_degraded_place(each)]),
    )


def _keys(found: Measurement) -> Iterable[tuple[str, str, str, str]]:
    """The rows in which a measurement counts."""
    for degradation in (found.degradation, ALL):
        for shape in (found.shape, ALL):
            yield found.kind, found.map, degradation, shape


def _rows(measurements: Sequence[Measurement]) -> tuple[MapRow, ...]:
    groups: dict[tuple[str, str, str, str], list[Measurement]] = defaultdict(list)
    for found in measurements:
        for key in _keys(found):
            groups[key].append(found)
    random = {_degraded_place(found): found.found.auroc for found in measurements if found.map == CHANCE}
    return tuple(_row(group, key[2], key[3], random) for key, group in groups.items())


def _best(measurements: Sequence[Measurement], rows: Sequence[MapRow], degradation: str) -> Best:
    of_type = [row for row in rows if (row.degradation, row.shape) == (degradation, MAIN_SHAPE)]
    best, baseline = (
        max((row for row in of_type if row.kind == kind), key=lambda row: row.auroc.mean)
        for kind in ("map", "baseline")
    )
    aurocs = {
        name: {each.picture: each.found.auroc for each in measurements if _is_of(each, kind, name, degradation)}
        for kind, name in (("map", best.map), ("baseline", baseline.map))
    }
    ours, theirs = aurocs.values()
    difference = estimate([ours[picture] - theirs[picture] for picture in ours])
    drop = _mean([each for each in measurements if _is_of(each, "map", best.map, degradation)], _drop)
    return Best(degradation, drop, best, baseline, difference, GOALS.get(degradation))


def _drop(found: Measurement) -> float:
    return found.before - found.after


def _is_of(found: Measurement, kind: str, name: str, degradation: str) -> bool:
    return (found.kind, found.map, found.degradation, found.shape) == (kind, name, degradation, MAIN_SHAPE)


def _curve_rows(measurements: Sequence[CurveMeasurement]) -> tuple[CurveRow, ...]:
    groups: dict[str, list[CurveMeasurement]] = defaultdict(list)
    for found in measurements:
        groups[found.map].append(found)
    gains = {name: np.array([found.curves.gain for found in group]) for name, group in groups.items()}
    return tuple(
        CurveRow(
            name,
            estimate([area(found.curves.deletion) for found in group]),
            estimate([area(found.curves.insertion) for found in group]),
            estimate(gains[name]),
            *(estimate(gains[name] - gains[other]) for other in CURVE_BASELINES),
        )
        for name, group in groups.items()
    )


def summarise(results: Results) -> BenchmarkSummary:
    """Means over pictures, each with its 95 % bootstrap interval."""
    rows = _rows(results.localisation)
    degradations = dict.fromkeys(found.degradation for found in results.localisation)
    correlations: dict[str, list[float]] = defaultdict(list)
    for found in results.weights:
        correlations[found.method].append(found.correlation)
    return BenchmarkSummary(
        rows,
        tuple(_best(results.localisation, rows, name) for name in degradations),
        _curve_rows(results.curves),
        tuple(WeightRow(method, estimate(values), estimate(np.abs(values))) for method, values in correlations.items()),
    )
