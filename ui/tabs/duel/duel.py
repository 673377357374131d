"""Pairs of pictures for people to judge: where two judges differ most, and rounds of a guessing game."""

import statistics
from collections.abc import Sequence
from random import Random

from qualiclip.agreement.gmad import Competition, GmadSettings, compete

from .pool import Candidate

# Of the game: gaps between the two scores in standard deviations over the pool.
CLEAR, HARD = (1.2, float("inf")), (0.05, 0.4)
ROUNDS = (CLEAR, CLEAR, HARD, CLEAR, HARD, HARD)
TRIES = 3000  # draws per round: a pool without such a pair has fewer rounds

LARGE_POOL = 100
FEWEST = 6  # pictures; with fewer, all pairs can be looked at
PER_LEVEL = 8  # pictures that a level of a small pool has at least
MOST_LEVELS = 4


def deal(pool: Sequence[Candidate], scores: Sequence[float], random: Random) -> list[tuple[int, int]]:
    """Pairs of places in the pool, of different photos, some with a clear gap between the scores, some hard ones.

    No picture is in two of them, and which one comes first is drawn, too.
    """
    deviation = statistics.pstdev(scores)
    free = set(range(len(pool)))
    pairs: list[tuple[int, int]] = []
    for low, high in ROUNDS:
        for _ in range(TRIES):
            if len(free) < 2:
                break
            first, second = random.sample(sorted(free), 2)
            gap = abs(scores[first] - scores[second])
            if pool[first].photo != pool[second].photo and low * deviation < gap < high * deviation:
                pairs.append((first, second))
                free -= {first, second}
                break
    return pairs


def settings_for(count: int) -> GmadSettings:
    """How pairs are chosen in a pool of so many pictures: small ones need some leeway."""
    levels = max(1, min(MOST_LEVELS, count // PER_LEVEL))
    return GmadSettings(levels=levels, tolerance=0.1 if count >= LARGE_POOL else 0.3, pairs=1, every_level=True)


def contest(attacker: Sequence[float], defender: Sequence[float]) -> Competition:
    """The pairs that the defender calls equal and the attacker most different, at each level of the defender.

    Raises:
        InputError: if there are too few pictures, or one of them gives the same score to all.
    """
    return compete(attacker, defender, settings_for(len(attacker)))
