"""Random compositions of degradations, for training: drawn from a generator, rendered at any level."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ..errors import UsageError
from .degrade import degrade
from .table import GROUPS


@dataclass(frozen=True)
class Composition:
    """Degradations in the order they are applied, and the seed of their random parts."""

    names: tuple[str, ...]
    seed: int

    def apply(self, image: Tensor, level: float) -> Tensor:
        """The image (3, H, W) with every degradation at the same level; random parts agree between levels."""
        for position, name in enumerate(self.names):
            generator = torch.Generator().manual_seed(self.seed + position)
            image = degrade(image, name, level=level, generator=generator)
        return image


def draw_composition(generator: Generator, *, count: int) -> Composition:
    """`count` degradations of different groups, in random order: a group first, then one type of it.

    Raises:
        UsageError: if count is not between 1 and the number of groups.
    """
    if not 1 <= count <= len(GROUPS):
        raise UsageError(f"a composition has 1 to {len(GROUPS)} degradations, got {count}")
    order = torch.randperm(len(GROUPS), generator=generator)[:count].tolist()
    chosen = [list(GROUPS.values())[index] for index in order]
    names = tuple(group[int(torch.randint(len(group), (), generator=generator))] for group in chosen)
    return Composition(names, int(torch.randint(2**31, (), generator=generator)))
