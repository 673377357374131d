"""The training objective: QualiCLIP's three losses, and what an encoder trained from scratch needs besides."""

import torch
from torch import Tensor
from torch.nn import functional

from qualiclip.losses import across_images_loss, consistency_loss, negative_loss, positive_loss
from qualiclip.prompts import PromptPair

from .data import PAIR_TOPICS
from .recipes import LossSettings


def general_pairs(pairs: tuple[PromptPair, ...]) -> list[int]:
    """Numbers of the prompt pairs that are about quality as a whole."""
    return [index for index, pair in enumerate(pairs) if pair.positive not in PAIR_TOPICS]


def anchor_loss(difference: Tensor, concerned: Tensor, *, scale: float) -> Tensor:
    """Cross-entropy of calling level 0 good and the last level bad.

    `difference` (N, J, L, K) is the similarity to the positive minus that to the negative prompt; pairs that are
    not `concerned` (N, K) with an image's degradation have no say about its last level.
    """
    weights = concerned[:, None].expand(difference[:, :, -1].shape)  # (N, J, K)
    good = functional.softplus(-scale * difference[:, :, 0]).mean()
    bad = (functional.softplus(scale * difference[:, :, -1]) * weights).sum() / weights.sum().clamp(min=1)
    return good + bad


def loss_terms(
    similarities: Tensor, concerned: Tensor, pairs: tuple[PromptPair, ...], settings: LossSettings, *, scale: float
) -> dict[str, Tensor]:
    """The weighted terms of the loss, from similarities (N, J, L, K, 2) and concerned pairs (N, K)."""
    positive, negative = similarities.float().unbind(-1)
    margin = settings.ranking_margin * concerned
    ranking = {"margin": margin, "adjacent_only": settings.adjacent_only}
    both = torch.cat([positive, negative], dim=-1)
    general = general_pairs(pairs)
    difference = positive - negative
    terms = {
        "consistency": (settings.consistency_weight, consistency_loss(both, margin=settings.consistency_margin)),
        "positive": (settings.positive_weight, positive_loss(positive, **ranking)),
        "negative": (settings.negative_weight, negative_loss(negative, **ranking)),
        "across": (
            settings.across_weight,
            across_images_loss(
                difference[..., general], margin=2 * settings.across_margin, least_gap=settings.across_gap
            ),
        ),
        "anchor": (settings.anchor_weight, anchor_loss(difference, concerned, scale=scale)),
    }
    return {name: weight * value for name, (weight, value) in terms.items() if weight}
