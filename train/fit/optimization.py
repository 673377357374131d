"""How weights move: the optimiser and the learning rate of each step."""

import math
from typing import Protocol

from torch import nn
from torch.optim import AdamW


class Schedule(Protocol):
    """What moves weights, in a recipe."""

    @property
    def steps(self) -> int:
        """Steps of the run."""

    @property
    def learning_rate(self) -> float:
        """The largest one."""

    @property
    def schedule(self) -> str:
        """Its way after the warm-up: "cosine" or "constant"."""

    @property
    def warmup(self) -> float:
        """Share of the steps."""

    @property
    def weight_decay(self) -> float:
        """Of matrices and kernels."""


def learning_rate(step: int, recipe: Schedule) -> float:
    """Learning rate of a step: linear warm-up, then constant, or half a cosine down to zero."""
    warmup = round(recipe.warmup * recipe.steps)
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    if recipe.schedule == "constant":
        return recipe.learning_rate
    progress = (step - warmup) / max(1, recipe.steps - warmup)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


def build_optimizer(model: nn.Module, recipe: Schedule) -> AdamW:
    """AdamW; weight decay acts on matrices and kernels only."""
    parameters = list(model.parameters())
    return AdamW(
        [
            {"params": [p for p in parameters if p.dim() > 1], "weight_decay": recipe.weight_decay},
            {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
    )
