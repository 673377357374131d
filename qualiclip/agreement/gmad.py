"""gMAD competition: the pairs of pictures that one model calls equal and another calls most different.

Source: Ma et al., "Group Maximum Differentiation Competition: Model Comparison with Few Samples", IEEE TPAMI 42 (2020).
Theirs compares many models at once; this is the duel of two, as in QualiCLIP's figure (arXiv 2403.11176 v1).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qualiclip.checks import is_number, is_whole
from qualiclip.errors import InputError, UsageError, shown

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class GmadSettings:
    """How pairs are chosen.

    Attributes:
        levels: Parts of equal count that the defender's ranking is cut into; level 1 is the lowest.
        tolerance: Largest difference of a pair's two defender scores, in standard deviations over all pictures.
        pairs: Most pairs per level; no picture is in two of them.
        every_level: Whether all levels take part, or only the lowest and the highest.
    """

    levels: int
    tolerance: float
    pairs: int
    every_level: bool

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            UsageError: if a number is out of its range.
        """
        if not all(is_whole(count) and count >= 1 for count in (self.levels, self.pairs)):
            raise UsageError(f"levels {shown(self.levels)} and pairs {shown(self.pairs)}: expected at least 1 of each")
        if not is_number(self.tolerance) or self.tolerance < 0:
            raise UsageError(f"tolerance {shown(self.tolerance)}: expected standard deviations, 0 or more")


@dataclass(frozen=True)
class PicturePair:
    """Two pictures, by their places in the pool: the attacker calls one better, the defender calls them equal.

    `rank` is 1 for the pair of its level that the attacker separates most. Gaps are differences of scores, 0 or more.
    """

    level: int
    rank: int
    better: int
    worse: int
    attacker_gap: float
    defender_gap: float


@dataclass(frozen=True)
class QualityLevel:
    """A part of the defender's ranking: the range of its scores, and how many pictures it has."""

    number: int
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Competition:
    """The levels that took part, low to high, and their pairs; a level may have none.

    Deviations are standard deviations of the scores over the pool; the tolerance is in scores of the defender.
    """

    settings: GmadSettings
    levels: tuple[QualityLevel, ...]
    pairs: tuple[PicturePair, ...]
    attacker_deviation: float
    defender_deviation: float
    tolerance: float


@dataclass(frozen=True)
class Round:
    """A competition with the names of both models and their scores of the pool."""

    attacker: str
    defender: str
    attacker_scores: Sequence[float]
    defender_scores: Sequence[float]
    competition: Competition


def _largest_gap(attacker: Scores, defender: Scores, places: list[int], tolerance: float) -> tuple[int, int] | None:
    """The two of `places`, in order of the defender, that the attacker separates most; None if it separates none.

    Of equal ones: that with the nearest defender scores, then the first in the pool.
    """
    best: tuple[float, float, int, int] | None = None
    attack, defence = attacker[places], defender[places]
    for first, place in enumerate(places[:-1]):
        distances = defence[first + 1 :] - defence[first]
        gaps = np.abs(attack[first + 1 :] - attack[first])[: np.searchsorted(distances, tolerance, side="right")]
        if not gaps.any():
            continue
        far = int(gaps.argmax())  # the first of equal ones: the nearest to the defender
        low, high = sorted((place, places[first + 1 + far]))
        found = (-float(gaps[far]), float(distances[far]), low, high)
        best = min(best, found) if best else found
    return best[2:] if best else None


def _pairs_of_level(
    attacker: Scores, defender: Scores, level: int, places: Sequence[int], tolerance: float, most: int
) -> Iterator[PicturePair]:
    left = list(places)
    for rank in range(1, most + 1):
        found = _largest_gap(attacker, defender, left, tolerance)
        if found is None:
            return
        worse, better = sorted(found, key=lambda place: attacker[place])
        gaps = float(attacker[better] - attacker[worse]), abs(float(defender[better] - defender[worse]))
        yield PicturePair(level, rank, better, worse, *gaps)
        left = [place for place in left if place not in found]


def _check(attacker: Scores, defender: Scores, settings: GmadSettings) -> None:
    if attacker.shape != defender.shape or attacker.ndim != 1:
        raise InputError(f"need two scores per picture, got {attacker.shape} and {defender.shape}")
    if len(attacker) < 2 * settings.levels:
        raise InputError(
            f"{len(attacker)} pictures with a score, {settings.levels} levels need at least {2 * settings.levels}: "
            "add pictures or take fewer levels"
        )
    for role, scores in (("attacker", attacker), ("defender", defender)):
        if not np.isfinite(scores).all():
            raise InputError(f"the {role} gives scores that are no numbers; check its weights")
        if np.ptp(scores) == 0:
            raise InputError(f"the {role} gives every picture the score {scores[0]:g}; choose another model")


def compete(attacker: ArrayLike, defender: ArrayLike, settings: GmadSettings) -> Competition:
    """The pairs that the attacker separates most among those that the defender calls equal, level by level.

    Takes both models' scores (n,) of the same pictures. In each level the pair with the largest difference of
    attacker scores comes first; then the next one of the pictures left. A level may have fewer pairs, or none.

    Raises:
        InputError: if there are fewer than two pictures per level, or a model's scores are all the same or not finite.
    """
    attack, defence = np.asarray(attacker, dtype=float), np.asarray(defender, dtype=float)
    _check(attack, defence, settings)
    tolerance = settings.tolerance * float(defence.std())
    parts = list(enumerate(np.array_split(np.argsort(defence, kind="stable"), settings.levels), start=1))
    if not settings.every_level:
        parts = parts[:1] + parts[1:][-1:]
    levels: list[QualityLevel] = []
    pairs: list[PicturePair] = []
    for number, places in parts:
        levels.append(QualityLevel(number, float(defence[places[0]]), float(defence[places[-1]]), len(places)))
        pairs += _pairs_of_level(attack, defence, number, places.tolist(), tolerance, settings.pairs)
    deviations = float(attack.std()), float(defence.std())
    return Competition(settings, tuple(levels), tuple(pairs), *deviations, tolerance)
