"""How well a score orders degraded photos: a measure that needs no human opinion."""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Generator, Tensor

from qualiclip.degradations import DEGRADATIONS, GROUPS, MAX_LEVEL, degrade

SIDE = 256  # px; of larger photos the middle is taken, its pixels as they are
STRONG_LEVEL = 4
BATCH = 24

Score = Callable[[Tensor], Tensor]  # images (N, 3, H, W) → scores (N,), higher is better


def center_crop(image: Tensor, *, side: int = SIDE) -> Tensor:
    """The middle of an image (3, H, W), at most `side` px high and wide."""
    height, width = image.shape[-2:]
    top, left = max(0, height - side) // 2, max(0, width - side) // 2
    return image[:, top : top + side, left : left + side]


def degrade_all(image: Tensor, *, seed: int) -> Tensor:
    """Image (3, H, W) by each of the 24 degradations at levels 1 to 5, (24 · 5, 3, H, W); one draw for all levels."""
    return torch.stack(
        [
            degrade(image, name, level=level, generator=Generator().manual_seed(seed))
            for name in DEGRADATIONS
            for level in range(1, MAX_LEVEL + 1)
        ]
    )


def score_levels(score: Score, image: Tensor, *, seed: int) -> Tensor:
    """Scores (24, 6) of an image (3, H, W) by degradation and level; level 0 is the image itself."""
    images = torch.cat([image[None], degrade_all(image, seed=seed)])
    with torch.no_grad():
        scores = torch.cat([score(batch) for batch in torch.split(images, BATCH)])  # (1 + 24 · 5,)
    pristine = scores[:1].expand(len(DEGRADATIONS), 1)
    return torch.cat([pristine, scores[1:].view(len(DEGRADATIONS), MAX_LEVEL)], dim=1)  # (24, 6)


def score_photos(score: Score, images: Iterable[Tensor]) -> Tensor:
    """Scores (P, 24, 6) of P images by degradation and level; the seed of an image is its place."""
    return torch.stack([score_levels(score, image, seed=seed) for seed, image in enumerate(images)])


def _higher(scores: Tensor, others: Tensor) -> Tensor:
    """1 where a score is higher than the other, 0 where it is lower, 0.5 where they are equal: what guessing gives."""
    return (1 + torch.sign(scores.double() - others.double())) / 2


def ordering_by_type(scores: Tensor) -> dict[str, float]:
    """Share of adjacent levels, from scores (P, 24, 6), of which the stronger one scores lower; equal is half right."""
    right = _higher(scores[..., :-1], scores[..., 1:])  # (P, 24, 5)
    return dict(zip(DEGRADATIONS, right.mean(dim=(0, 2)).tolist(), strict=True))


def ordering_by_group(by_type: Mapping[str, float]) -> dict[str, float]:
    """Mean of the types of each group."""
    return {group: sum(by_type[name] for name in names) / len(names) for group, names in GROUPS.items()}


def across_photos(scores: Tensor) -> float:
    """Share of pairs in which a pristine photo scores higher than another at level 4, from scores (P, 24, 6), P > 1.

    Over all pairs of different photos and all degradations; equal is half right.
    """
    pristine, strong = scores[:, 0, 0], scores[..., STRONG_LEVEL]  # (P,), (P, 24)
    right = _higher(pristine[:, None, None], strong)  # (P, P, 24)
    others = ~torch.eye(len(scores), dtype=torch.bool)
    return right[others].mean().item()


def equal_levels(scores: Tensor) -> float:
    """Share of adjacent levels, from scores (P, 24, 6), with the same score: that of 0 or 1, mostly."""
    return (scores[..., :-1] == scores[..., 1:]).double().mean().item()


def ordering_measures(scores: Tensor) -> dict[str, float]:
    """All measures of scores (P, 24, 6), P > 1, each in [0, 1]."""
    by_type = ordering_by_type(scores)
    named = {**ordering_by_group(by_type), **by_type}
    return {
        "ordering": sum(by_type.values()) / len(by_type),
        "across_photos": across_photos(scores),
        "equal_levels": equal_levels(scores),
        **{f"ordering_{name}": share for name, share in named.items()},
    }
