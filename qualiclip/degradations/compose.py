"""Random compositions of degradations, for training: drawn from a generator, rendered at any level.

Only whole numbers and uniform ones are drawn, on the CPU, so a seed gives the same composition in every worker
process and on every machine.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from qualiclip.ambient import undisturbed
from qualiclip.checks import check_number, check_several, check_whole
from qualiclip.errors import UsageError, look_up, shown

from .arguments import as_generators
from .degrade import degrade
from .table import DEGRADATIONS, GROUPS, MAX_LEVEL, MAX_SEED

# Mild levels are likelier: half a Gaussian with a deviation of 2.5 levels. Source: ARNIQA.
LEVEL_WEIGHTS = tuple(math.exp(-(step**2) / (2 * 2.5**2)) for step in range(MAX_LEVEL))


@dataclass(frozen=True)
class Composition:
    """Degradations in the order they are applied, the level drawn for each, and the seed of their random parts."""

    names: tuple[str, ...]
    levels: tuple[float, ...]
    seed: int

    def __post_init__(self) -> None:
        """Check the composition.

        Raises:
            UsageError: if a name is unknown, a level or the seed out of range, or there is not a level for each name.
        """
        for what, values in (("names", self.names), ("levels", self.levels)):
            check_several(f"{what} of a composition", values)
        if len(self.names) != len(self.levels):
            raise UsageError(f"a composition needs a level for each name, got {len(self.levels)} for {len(self.names)}")
        for name, level in zip(self.names, self.levels, strict=True):
            look_up(DEGRADATIONS, name, kind="degradation")
            check_number(f"level of {name}", level, 0, MAX_LEVEL)
        check_whole("seed of a composition", self.seed, 0, MAX_SEED)

    def at(self, level: float) -> "Composition":
        """The same draw with every degradation at one level, as a ranking of levels needs it."""
        return replace(self, levels=(level,) * len(self.names))

    def render(self, image: Tensor, level: float) -> Tensor:
        """The image with every degradation at one level in [0, 5]; 0 is the image itself."""
        return self.at(level).apply(image)

    def apply(self, image: Tensor) -> Tensor:
        """The image, or each of a batch, with every degradation at its level; random parts agree between levels."""
        for position, (name, level) in enumerate(zip(self.names, self.levels, strict=True)):
            generator = torch.Generator().manual_seed(self.seed + position)
            image = degrade(image, name, level=level, generator=generator)
        return image


def _draw_level(generator: Generator, weights: Sequence[float]) -> float:
    point = float(torch.rand((), generator=generator, dtype=torch.float32)) * sum(weights)
    for level, weight in enumerate(weights, start=1):
        point -= weight
        if point < 0:
            return float(level)
    return float(len(weights))  # by rounding


@undisturbed()
def draw_composition(generator: Generator, *, count: int, leave_out: Collection[str] = ()) -> Composition:
    """`count` degradations of different groups, in random order: a group first, one type of it, then its level.

    Groups in `leave_out` are not drawn.

    Raises:
        UsageError: if count is not between 1 and the number of groups that are left, or a group is unknown.
    """
    check_several("leave_out", leave_out)
    for group in leave_out:
        look_up(GROUPS, group, kind="group of degradations")
    groups = [types for group, types in GROUPS.items() if group not in leave_out]
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= len(groups):
        raise UsageError(f"a composition has 1 to {len(groups)} degradations, got {shown(count)}")
    as_generators(generator, 1)
    order = torch.randperm(len(groups), generator=generator)[:count].tolist()
    chosen = [groups[index] for index in order]
    names = tuple(group[int(torch.randint(len(group), (), generator=generator))] for group in chosen)
    seed = int(torch.randint(2**31, (), generator=generator))
    return Composition(names, tuple(_draw_level(generator, LEVEL_WEIGHTS) for _ in names), seed)
