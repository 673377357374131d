"""The margin ranking losses of QualiCLIP, on similarities to the prompts.

Similarities are (N, J, L, K): N pristine images, J crops of each, L levels of degradation from mild to strong,
K prompts. Source: arXiv 2403.11176; the hinge form and the set of pairs are our reading of the public material, which
leaves open whether the hinges of an image are added or averaged. Here `mean` averages over everything, `sum` adds up
the crops, the levels and the prompts of an image and averages over the images.
"""

import torch
from torch import Tensor

from qualiclip.errors import UsageError

LEAST_SHARE = 0.5  # of a position; by less no position counts as more degraded than another


def reduce_hinges(hinges: Tensor, reduction: str) -> Tensor:
    """Hinges (N, …) as one number: their `mean`, or the mean over the images of their `sum`.

    Raises:
        UsageError: if the reduction is another one.
    """
    if reduction not in ("mean", "sum"):
        raise UsageError(f"reduction must be mean or sum, got {reduction!r}")
    return hinges.mean() if reduction == "mean" else hinges.sum() / len(hinges)


def consistency_loss(similarities: Tensor, *, margin: float, reduction: str = "mean") -> Tensor:
    """Excess over `margin` of the difference between two crops of one image at the same level."""
    difference = (similarities[:, 0] - similarities[:, 1]).abs()  # (N, L, K)
    return reduce_hinges((difference - margin).clamp(min=0), reduction)


def falling_loss(
    similarities: Tensor, *, margin: float | Tensor, adjacent_only: bool = False, reduction: str = "mean"
) -> Tensor:
    """Violation of: between any two crops of one image, the stronger level is lower by at least `margin`.

    `margin` is a number or (N, K). With `adjacent_only`, level l is compared with level l + 1 alone.
    """
    levels = similarities.shape[2]
    stronger = torch.ones(levels, levels, dtype=torch.bool, device=similarities.device).triu(1)
    if adjacent_only:
        stronger = stronger.tril(1)
    mild, strong = stronger.nonzero(as_tuple=True)  # (P,), (P,)
    before = similarities[:, :, None, mild]  # (N, J, 1, P, K)
    after = similarities[:, None, :, strong]  # (N, 1, J, P, K)
    rise = after - before + _spread(margin, 5)  # (N, J, J, P, K)
    return reduce_hinges(rise.clamp(min=0), reduction)


def positive_loss(
    similarities: Tensor, *, margin: float | Tensor, adjacent_only: bool = False, reduction: str = "mean"
) -> Tensor:
    """Ranking loss of the positive prompts: their similarity must fall with the level."""
    return falling_loss(similarities, margin=margin, adjacent_only=adjacent_only, reduction=reduction)


def negative_loss(
    similarities: Tensor, *, margin: float | Tensor, adjacent_only: bool = False, reduction: str = "mean"
) -> Tensor:
    """Ranking loss of the negative prompts: their similarity must rise with the level."""
    return falling_loss(-similarities, margin=margin, adjacent_only=adjacent_only, reduction=reduction)


def across_images_loss(similarities: Tensor, pristine: Tensor, *, margin: float, least_gap: int) -> Tensor:
    """Like `falling_loss` between different images, for levels that differ by at least `least_gap`.

    The milder one must come from an image whose level 0 is `pristine` (N,): else nobody knows which is better.
    Not in the paper, whose encoder starts from CLIP and so can compare contents from the beginning; an encoder
    trained from scratch has to learn that.
    """
    images, crops, levels, _ = similarities.shape
    stronger = torch.ones(levels, levels, dtype=torch.bool, device=similarities.device).triu(least_gap)
    mild, strong = stronger.nonzero(as_tuple=True)
    flat = similarities.flatten(0, 1)  # (N·J, L, K)
    rise = flat[None, :, strong] - flat[:, None, mild] + margin  # (N·J milder, N·J stronger, P, K)
    owner = torch.arange(images, dtype=torch.int64, device=similarities.device).repeat_interleave(crops)
    comparable = (owner[:, None] != owner[None, :]) & pristine.repeat_interleave(crops)[:, None]
    violation = rise.clamp(min=0)[comparable]
    return violation.mean() if len(violation) else violation.sum()


def local_loss(difference: Tensor, shares: Tensor, *, margin: Tensor) -> Tensor:
    """Violation of: a position of which more is degraded is lower by at least `margin` (N, K); 0 without such pairs.

    `difference` (N, P, K) is the similarity of a position to the positive minus that to the negative prompt, `shares`
    (N, P) in [0, 1] how much of it is degraded. All pairs of an image's positions count whose shares differ by more
    than a half. Not in the paper, which teaches what the whole picture is worth and leaves open where the model finds
    it.
    """
    more = shares[:, :, None] - shares[:, None] > LEAST_SHARE  # (N, more, less)
    rise = difference[:, :, None] - difference[:, None] + margin[:, None, None]  # (N, more, less, K)
    violation = rise.clamp(min=0) * more[..., None]
    return violation.sum() / (more.sum() * difference.shape[-1]).clamp(min=1)


def _spread(margin: float | Tensor, dimensions: int) -> float | Tensor:
    """A margin (N, K) given axes of size 1 between N and K, so that it broadcasts; numbers stay as they are."""
    if not isinstance(margin, Tensor):
        return margin
    return margin.reshape(margin.shape[0], *[1] * (dimensions - 2), margin.shape[1])
