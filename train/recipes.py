"""Recipes: every setting of a training run, as data."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

from qualiclip.backbone import BackboneSettings
from qualiclip.degradations import GROUPS, MAX_LEVEL
from qualiclip.errors import UsageError
from qualiclip.prompts import ANTONYM_PAIRS

COMPACT_BACKBONE = BackboneSettings(blocks=(2, 2, 2, 2), width=32, heads=8, embedding_size=128)


@dataclass(frozen=True)
class LossSettings:
    """Margins (differences of cosines) and weights of the losses.

    Margins and weights of consistency and ranking: QualiCLIP's, from memory. `across_*` and
    `anchor_weight` are our additions for training from scratch; a weight of 0 turns a term off.
    """

    consistency_margin: float = 2.5e-3
    ranking_margin: float = 6.75e-2
    consistency_weight: float = 1.0
    positive_weight: float = 1.0
    negative_weight: float = 1.0
    adjacent_only: bool = False
    across_weight: float = 0.0
    across_margin: float = 6.75e-2
    across_gap: int = 2
    anchor_weight: float = 0.0

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            UsageError: if a number is negative or not finite, or `across_gap` is below 1.
        """
        numbers = [getattr(self, field.name) for field in fields(self)]
        if not all(0 <= number < math.inf for number in numbers) or self.across_gap < 1:
            raise UsageError(f"margins and weights must be finite and not negative, across_gap at least 1; got {self}")


@dataclass(frozen=True)
class Recipe:
    """A training run from scratch on a folder of pristine photos.

    `batch` counts photos; each gives two crops at `levels` + 1 levels (0 is the pristine crop). `composed` is the
    largest number of degradations on one photo. With `base_chance` a photo is first given another degradation at up
    to `base_level`, so that the model also ranks what was not perfect before. Photos are reduced by a factor between
    `smallest_scale` and `largest_scale` before they are cropped. `holdout_every` keeps every n-th photo, by name, out
    of training. `bf16` computes convolutions in bfloat16; weights and losses stay float32.
    """

    backbone: BackboneSettings = COMPACT_BACKBONE
    losses: LossSettings = field(default_factory=LossSettings)
    steps: int = 3000
    batch: int = 8
    crop: int = 160
    overlap: float = 0.5
    levels: int = 5
    composed: int = 1
    base_chance: float = 0.0
    base_level: float = 4.0
    smallest_scale: float = 0.5
    largest_scale: float = 1.0
    learning_rate: float = 1e-3
    warmup: float = 0.05
    weight_decay: float = 1e-2
    scale: float = 100.0
    seed: int = 7
    workers: int = 1
    bf16: bool = True
    holdout_every: int = 20
    log_every: int = 20
    save_every: int = 500

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            UsageError: if a number is out of its range.
        """
        if min(self.steps, self.batch, self.levels, self.composed, self.log_every, self.save_every) < 1:
            raise UsageError("steps, batch, levels, composed, log_every and save_every must be at least 1")
        if not 0 <= self.warmup < 1 or not 0 <= self.base_chance <= 1 or not self.weight_decay >= 0:
            raise UsageError("warmup and base_chance must be shares of 1, weight_decay not negative")
        if self.workers < 0 or self.holdout_every < 0:
            raise UsageError("workers and holdout_every must not be negative")
        if not self.learning_rate > 0 or not self.scale > 0:
            raise UsageError("learning_rate and scale must be above 0")
        if self.composed > len(GROUPS) or not 0 <= self.base_level <= MAX_LEVEL:
            raise UsageError(f"composed must be at most {len(GROUPS)}, base_level in [0, {MAX_LEVEL}]")
        if self.backbone.embedding_size < 2 * len(ANTONYM_PAIRS):
            raise UsageError(f"the embedding needs at least {2 * len(ANTONYM_PAIRS)} dimensions for the prompts")
        if self.crop < 32 or not 0 <= self.overlap <= 1 or not 0 < self.smallest_scale <= self.largest_scale <= 1:
            raise UsageError("crop must be at least 32 px, overlap in [0, 1], scales with 0 < smallest <= largest <= 1")


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "compact": Recipe(
            losses=LossSettings(across_weight=1.0, anchor_weight=0.1),
            steps=1400,
            scale=10.0,
            base_chance=0.4,
            # Much reduced photos are sharper than what people call sharp, so mild softness counts as damage.
            smallest_scale=0.42,
            largest_scale=0.7,
        ),
        "smoke": Recipe(
            backbone=BackboneSettings(blocks=(1, 1, 1, 1), width=8, heads=4, embedding_size=32),
            steps=4,
            batch=2,
            crop=64,
            levels=2,
            workers=0,
            bf16=False,
            holdout_every=0,
            log_every=1,
            save_every=2,
        ),
    }
)
