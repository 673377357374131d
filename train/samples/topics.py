"""Which degradations each prompt pair is about."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from qualiclip.models.prompts import PromptPair


@dataclass(frozen=True)
class Topic:
    """Degradations by name, of the 24 and of `authentic.py`; more `emphasis` asks for a larger gap between levels.

    Without it, pairs about everything, which learn from every photo, would answer to blur more than those about blur.
    """

    names: frozenset[str]
    emphasis: float


_BLUR = frozenset({"gaussian_blur", "lens_blur", "motion_blur", "defocus", "shake", "denoising"})
_COARSENING = frozenset({"jpeg2000", "pixelate", "enlargement"})
_COMPRESSION = frozenset({"jpeg", "recompression", "webp"})
_NOISE = frozenset(
    {
        *("white_noise", "white_noise_ycbcr", "impulse_noise", "multiplicative_noise"),
        *("correlated_noise", "low_light"),
    }
)

# Pairs that are not named here are about quality as a whole, so about every degradation.
PAIR_TOPICS: Mapping[str, Topic] = MappingProxyType(
    {
        "Sharp image.": Topic(_BLUR, 2.0),
        "Sharp edges.": Topic(_BLUR | _COARSENING, 1.5),
        "High-resolution image.": Topic(_BLUR | _COARSENING | _COMPRESSION, 1.25),
        "Noise-free image.": Topic(_NOISE, 2.0),
    }
)


def general_pairs(pairs: Iterable[PromptPair]) -> list[int]:
    """Numbers of the prompt pairs that are about quality as a whole."""
    return [index for index, pair in enumerate(pairs) if pair.positive not in PAIR_TOPICS]


def pair_emphasis(pairs: Iterable[PromptPair]) -> Tensor:
    """Factor (K,) of the ranking margin of each pair, and of what it says about the strongest level."""
    return torch.tensor(
        [PAIR_TOPICS[pair.positive].emphasis if pair.positive in PAIR_TOPICS else 1.0 for pair in pairs],
        dtype=torch.float32,
    )


def concerned_pairs(names: Iterable[str], pairs: Iterable[PromptPair]) -> Tensor:
    """1.0 for each pair (K,) that is about at least one of the named degradations, else 0.0."""
    present = frozenset(names)
    topics = [PAIR_TOPICS[pair.positive].names if pair.positive in PAIR_TOPICS else present for pair in pairs]
    return torch.tensor([float(bool(topic & present)) for topic in topics], dtype=torch.float32)
