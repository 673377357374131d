"""The training objective: QualiCLIP's three losses, and what an encoder trained from scratch needs besides."""

import torch
from torch import Tensor
from torch.nn import functional

from qualiclip.models.prompts import PromptPair
from train.recipes.settings import LossSettings
from train.samples.crops import Sample
from train.samples.topics import general_pairs, pair_emphasis

from .ranking import across_images_loss, consistency_loss, local_loss, negative_loss, positive_loss


def anchor_loss(difference: Tensor, concerned: Tensor, pristine: Tensor, *, scale: float) -> Tensor:
    """Cross-entropy of calling level 0 good, where it is `pristine` (N,), and the last level bad.

    `difference` (N, J, L, K) is the similarity to the positive minus that to the negative prompt; `concerned` (N, K)
    is the weight of a pair's say about an image's last level, 0 if its degradation does not concern it.
    """
    good = functional.softplus(-scale * difference[:, :, 0])  # (N, J, K)
    bad = functional.softplus(scale * difference[:, :, -1])  # (N, J, K)
    return _weighted_mean(good, pristine[:, None, None]) + _weighted_mean(bad, concerned[:, None])


def steadiness_loss(difference: Tensor, concerned: Tensor) -> Tensor:
    """Mean change from the mildest level of pairs that are not `concerned` (N, K): their bars are to stay.

    `difference` (N, J, L, K) is the similarity to the positive minus that to the negative prompt.
    """
    change = (difference[:, :, 1:] - difference[:, :, :1]).abs()  # (N, J, L - 1, K)
    return _weighted_mean(change, 1 - concerned[:, None, None])


def _weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    spread = weights.to(values).expand(values.shape)
    return (values * spread).sum() / spread.sum().clamp(min=1)


def loss_terms(
    similarities: Tensor,
    local: Tensor,
    sample: Sample,
    pairs: tuple[PromptPair, ...],
    settings: LossSettings,
    *,
    scale: float,
) -> dict[str, Tensor]:
    """The weighted terms of the loss, from the similarities (N, J, L, K, 2) of a batch of samples.

    `local` are those of the positions of their mosaics (N, h, w, K, 2), empty where there are none.
    """
    positive, negative = similarities.float().unbind(-1)
    both, difference = torch.cat([positive, negative], dim=-1), positive - negative
    concerned = sample.concerned if settings.by_topic else torch.ones_like(sample.concerned)
    weight = concerned * pair_emphasis(pairs).to(concerned) if settings.by_topic else concerned  # (N, K)
    margin = settings.ranking_margin * weight
    adjacent, reduction = settings.adjacent_only, settings.reduction
    consistency = consistency_loss(both, margin=settings.consistency_margin, reduction=reduction)
    general = difference[..., general_pairs(pairs)]
    across = across_images_loss(
        general, sample.pristine, margin=2 * settings.across_margin, least_gap=settings.across_gap
    )
    by_positive = positive_loss(positive, margin=margin, adjacent_only=adjacent, reduction=reduction)
    by_negative = negative_loss(negative, margin=margin, adjacent_only=adjacent, reduction=reduction)
    terms = {
        "consistency": (settings.consistency_weight, consistency),
        "positive": (settings.positive_weight, by_positive),
        "negative": (settings.negative_weight, by_negative),
        "across": (settings.across_weight, across),
        "anchor": (settings.anchor_weight, anchor_loss(difference, weight, sample.pristine, scale=scale)),
        "steadiness": (settings.steadiness_weight, steadiness_loss(difference, concerned)),
    }
    if settings.local_weight:
        places = local.float().flatten(1, 2)  # (N, P, K, 2)
        found = local_loss(places[..., 0] - places[..., 1], sample.shares.flatten(1), margin=2 * margin)
        terms["local"] = (settings.local_weight, found)
    return {name: weight * value for name, (weight, value) in terms.items() if weight}
