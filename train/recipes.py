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
    `smallest_scale` and `largest_scale` before they are cropped. With
    `enlarge_chance` a crop is degraded at a smaller size and then enlarged, by up to `largest_enlargement`: in real
    photos noise and artefacts are seldom as fine as the pixels. `holdout_every` keeps every n-th photo, by name, out
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
    enlarge_chance: float = 0.0
    largest_enlargement: float = 2.0
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
        counts = (self.steps, self.batch, self.levels, self.composed, self.log_every, self.save_every)
        prompts = 2 * len(ANTONYM_PAIRS)
        rules = {
            "steps, batch, levels, composed, log_every and save_every must be at least 1": min(counts) >= 1,
            "warmup and base_chance must be shares of 1": 0 <= self.warmup < 1 and 0 <= self.base_chance <= 1,
            "weight_decay must not be negative": self.weight_decay >= 0,
            "workers and holdout_every must not be negative": min(self.workers, self.holdout_every) >= 0,
            "learning_rate and scale must be above 0": self.learning_rate > 0 and self.scale > 0,
            f"composed must be at most {len(GROUPS)}": self.composed <= len(GROUPS),
            f"base_level must lie in [0, {MAX_LEVEL}]": 0 <= self.base_level <= MAX_LEVEL,
            f"the embedding needs at least {prompts} dimensions": self.backbone.embedding_size >= prompts,
            "crop must be at least 32 px": self.crop >= 32,
            "overlap must lie in [0, 1]": 0 <= self.overlap <= 1,
            "scales must be 0 < smallest <= largest <= 1": 0 < self.smallest_scale <= self.largest_scale <= 1,
            "enlarge_chance must be a share of 1": 0 <= self.enlarge_chance <= 1,
            "largest_enlargement must lie in [1, crop / 32]": 1 <= self.largest_enlargement <= max(1, self.crop / 32),
        }
        broken = [rule for rule, kept in rules.items() if not kept]
        if broken:
            raise UsageError("; ".join(broken))


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
