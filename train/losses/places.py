"""Losses of a degradation map: how much each place is degraded, and which of two places is degraded more."""

import torch
from torch import Generator, Tensor
from torch.nn import functional

LEAST_GAP = 0.05  # of the shares of two places that are compared: a quarter of a level


def level_loss(logits: Tensor, shares: Tensor) -> Tensor:
    """Cross-entropy of the level, as a share of the strongest, at each place: both (N, h, w)."""
    return functional.binary_cross_entropy_with_logits(logits, shares)


def order_loss(logits: Tensor, shares: Tensor, *, pairs: int, generator: Generator) -> Tensor:
    """Cross-entropy of which of two places of an image is degraded more, over random pairs of places; 0 without any.

    Both are (N, h, w). All images have the same places compared; pairs whose shares differ by no more than `LEAST_GAP`
    do not count.
    """
    one, other = torch.randint(shares[0].numel(), (2, pairs), generator=generator)
    values, truth = logits.flatten(1), shares.flatten(1)
    gap, wanted = values[:, one] - values[:, other], truth[:, one] - truth[:, other]  # (N, P)
    counted = wanted.abs() > LEAST_GAP
    losses = functional.softplus(-gap * wanted.sign())
    return (losses * counted).sum() / counted.sum().clamp(min=1)
