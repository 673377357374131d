"""How weights move: the optimiser and the learning rate of each step."""

import math

from torch import nn
from torch.optim import AdamW

from train.recipes.settings import Recipe


def learning_rate(step: int, recipe: Recipe) -> float:
    """Learning rate of a step: linear warm-up, then constant, or half a cosine down to zero."""
    warmup = round(recipe.warmup * recipe.steps)
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    if recipe.schedule == "constant":
        return recipe.learning_rate
    progress = (step - warmup) / max(1, recipe.steps - warmup)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


def build_optimizer(model: nn.Module, recipe: Recipe) -> AdamW:
    """AdamW; weight decay acts on matrices and kernels only."""
    parameters = list(model.parameters())
    return AdamW(
        [
            {"params": [p for p in parameters if p.dim() > 1], "weight_decay": recipe.weight_decay},
            {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
    )
