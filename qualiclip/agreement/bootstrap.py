"""How sure a number from a set of pictures is: percentile intervals by the bootstrap."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

RESAMPLES = 2000
LEVEL = 0.95
_AT_ONCE = 2**22  # numbers of resamples that are held in memory together


def _draws(count: int, *, seed: int, resamples: int) -> Iterator[Array]:
    """Places (B, count) of pictures drawn with replacement; in parts, which don't change what is drawn."""
    generator = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // count)
    for start in range(0, resamples, step):
        yield generator.integers(count, size=(min(step, resamples - start), count))


@lru_cache(maxsize=1)
def _same_draws(count: int, *, seed: int, resamples: int) -> Array:
    """All of them in one part, kept: a benchmark asks for many intervals over the same few pictures."""
    return np.concatenate([*_draws(count, seed=seed, resamples=resamples)])


def percentile_interval(
    statistic: Callable[[Array], Array], count: int, *, seed: int, resamples: int = RESAMPLES
) -> Array:
    """Lower and upper ends (2, …) of the 95 % intervals of statistics; the same for the same seed.

    `statistic` takes places (B, count) of pictures, each row a resample, and gives the values (B, …) of each resample.
    NaN means that a resample has no such value; it is left out.
    """
    small = count * resamples <= _AT_ONCE
    draws = (
        [_same_draws(count, seed=seed, resamples=resamples)] if small else _draws(count, seed=seed, resamples=resamples)
    )
    values = np.concatenate([statistic(picked) for picked in draws])
    return np.asarray(np.nanquantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0))
