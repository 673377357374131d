"""The settings of a training run, checked when they are made."""

import math
from dataclasses import dataclass, field, fields
from typing import Any

from qualiclip.checks import check_several, is_number, is_real, plain
from qualiclip.degradations import GROUPS, MAX_LEVEL
from qualiclip.errors import UsageError, look_up, shown
from qualiclip.models.backbone import BackboneSettings
from qualiclip.models.prompts import ANTONYM_PAIRS, PromptPair

COMPACT_BACKBONE = BackboneSettings(blocks=(2, 2, 2, 2), width=32, heads=8, embedding_size=128)
REDUCTIONS = ("mean", "sum")
BATCH_NORMS = ("batch", "frozen")
SCHEDULES = ("cosine", "constant")
PRECISIONS = ("fp32", "bf16", "fp16")


@dataclass(frozen=True)
class LossSettings:
    """Margins (differences of cosines) and weights of the losses.

    `adjacent_only` ranks each level against the next one alone, else against all stronger ones. `reduction` is what
    becomes of the hinges of one image: their mean, or their sum as the paper's equations are usually written; over the
    images it is always the mean. With `by_topic` a prompt pair must rank only the degradations it is about.
    `across_*`, `anchor_weight` and `steadiness_weight` are our additions for training from scratch, `local_weight` is
    our addition for local quality that finds a degradation; a weight of 0 turns a term off.
    """

    consistency_margin: float = 2.5e-3
    ranking_margin: float = 6.75e-2
    consistency_weight: float = 1.0
    positive_weight: float = 1.0
    negative_weight: float = 1.0
    adjacent_only: bool = False
    reduction: str = "mean"
    by_topic: bool = True
    across_weight: float = 0.0
    across_margin: float = 6.75e-2
    across_gap: int = 2
    anchor_weight: float = 0.0
    steadiness_weight: float = 0.0
    local_weight: float = 0.0

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            UsageError: if a number is negative or not finite, `across_gap` is below 1, or a name is unknown.
        """
        _check_kinds(self, "losses.")
        for part in fields(self):
            value = getattr(self, part.name)
            if part.type is not str and not 0 <= value < math.inf:
                kept = "margins and weights must be finite and not negative"
                raise UsageError(f"{kept}; losses.{part.name} is {shown(value)}")
        if self.across_gap < 1:
            raise UsageError(f"losses need an across_gap at least 1; it is {self.across_gap}")
        _check_name("reduction", self.reduction, REDUCTIONS)


@dataclass(frozen=True)
class Recipe:
    """A training run on a folder of pristine photos.

    Model: `start_from` names the model whose weights are the first ones; empty means random weights in the shape of
    `backbone` and fixed prompts instead of a text encoder. `pairs` is the number of prompt pairs, the first of the
    seven. `batch_norm` is "batch" (statistics of the batch, of each process its own) or "frozen" (those stored).

    Samples: `batch` counts photos over all processes; each gives two crops at `levels` levels up to 5, and at level
    0 too `with_pristine`; `level_jitter` is the share of a step by which the levels of a photo vary. The crops
    share at least `overlap` of their area; with `shared_draws` also the random parts of the degradations (angle,
    noise, positions). `composed` is the largest number of degradations on one photo; groups in `leave_out` are not
    used. With `damage_chance` it is a chain of authentic ones (`train/samples/authentic.py`). With `base_chance`
    a photo is first given another degradation at up to `base_level`, so that the model also ranks what was not
    perfect before. `variation` is the size of random changes of tone and colour that leave a photo as good as it
    was: vivid and pale scenes are not degraded ones. Photos are reduced by a factor between `smallest_scale` and
    `largest_scale` before they are cropped. With `enlarge_chance` a crop is degraded at a smaller size and then
    enlarged, by up to `largest_enlargement`: in real photos noise and artefacts are seldom as fine as the pixels;
    enlarged by up to `pristine_enlargement` it still counts as pristine. `holdout_every` keeps every n-th photo, by
    name, out of training.

    Steps: `accumulate` cuts a batch into so many parts, one after the other, to save memory; `checkpointing` computes
    activations twice, for the same end. `largest_gradient` is the norm that gradients are cut to, 0 for no limit.
    `precision` is that of the convolutions; weights and losses are float32. `warmup` is a share of the steps. With
    `half_weights` the finished weights are stored in half precision.
    """

    start_from: str = ""
    backbone: BackboneSettings = COMPACT_BACKBONE
    pairs: int = len(ANTONYM_PAIRS)
    scale: float = 100.0
    batch_norm: str = "batch"
    losses: LossSettings = field(default_factory=LossSettings)

    steps: int = 3000
    batch: int = 8
    crop: int = 160
    overlap: float = 0.5
    shared_draws: bool = True
    levels: int = 5
    level_jitter: float = 0.0
    with_pristine: bool = True
    composed: int = 1
    leave_out: tuple[str, ...] = ()
    damage_chance: float = 0.0
    variation: float = 0.0
    base_chance: float = 0.0
    base_level: float = 4.0
    smallest_scale: float = 0.5
    largest_scale: float = 1.0
    enlarge_chance: float = 0.0
    largest_enlargement: float = 2.0
    pristine_enlargement: float = 1.0
    holdout_every: int = 20

    learning_rate: float = 1e-3
    schedule: str = "cosine"
    warmup: float = 0.05
    weight_decay: float = 1e-2
    largest_gradient: float = 1.0
    accumulate: int = 1
    checkpointing: bool = False
    precision: str = "bf16"
    half_weights: bool = True
    seed: int = 7
    workers: int = 1
    log_every: int = 20
    save_every: int = 500

    @property
    def prompt_pairs(self) -> tuple[PromptPair, ...]:
        """The prompt pairs of the run."""
        return ANTONYM_PAIRS[: self.pairs]

    @property
    def level_values(self) -> tuple[float, ...]:
        """The levels of the crops, from mild to strong, on the scale of 0 to 5."""
        first = 0 if self.with_pristine else 1
        return tuple(MAX_LEVEL * step / self.levels for step in range(first, self.levels + 1))

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            UsageError: if a number is not finite or out of its range, or a name is unknown.
        """
        _check_kinds(self)
        check_several("leave_out", self.leave_out)
        broken = [rule for rule, kept in self._rules().items() if not kept]
        if broken:
            raise UsageError("; ".join(broken))
        for part in fields(self):
            if part.type is float and not is_number(getattr(self, part.name)):
                raise UsageError(f"{part.name} must be a finite number, got {shown(getattr(self, part.name))}")
        for group in self.leave_out:
            look_up(GROUPS, group, kind="group of degradations")
        _check_name("batch_norm", self.batch_norm, BATCH_NORMS)
        _check_name("schedule", self.schedule, SCHEDULES)
        _check_name("precision", self.precision, PRECISIONS)

    def _rules(self) -> dict[str, bool]:
        counts = (self.steps, self.batch, self.composed, self.log_every, self.save_every, self.accumulate)
        chances = (self.base_chance, self.damage_chance, self.enlarge_chance)
        left = len(GROUPS) - len(set(self.leave_out))
        return {
            "steps, batch, composed, accumulate, log_every and save_every must be at least 1": min(counts) >= 1,
            "there must be at least two levels": self.levels + self.with_pristine >= 2,
            "warmup must be a share of 1": 0 <= self.warmup < 1,
            "chances must be shares of 1": all(0 <= chance <= 1 for chance in chances),
            "weight_decay and largest_gradient must not be negative": min(self.weight_decay, self.largest_gradient)
            >= 0,
            "workers and holdout_every must not be negative": min(self.workers, self.holdout_every) >= 0,
            "learning_rate and scale must be above 0": self.learning_rate > 0 and self.scale > 0,
            f"pairs must lie in [1, {len(ANTONYM_PAIRS)}]": 1 <= self.pairs <= len(ANTONYM_PAIRS),
            f"composed must be at most {left}, the number of groups": self.composed <= left,
            f"base_level must lie in [0, {MAX_LEVEL}]": 0 <= self.base_level <= MAX_LEVEL,
            f"the embedding needs at least {2 * self.pairs} dimensions": self.backbone.embedding_size >= 2 * self.pairs,
            "batch must be a multiple of accumulate": self.batch % self.accumulate == 0,
            "crop must be at least 32 px": self.crop >= 32,
            "crop must be a multiple of 32 px where local_weight is above 0": not self.losses.local_weight
            or self.crop % 32 == 0,
            "overlap must lie in [0, 1]": 0 <= self.overlap <= 1,
            "level_jitter must lie in [0, 0.5]": 0 <= self.level_jitter <= 0.5,
            "variation must lie in [0, 2]": 0 <= self.variation <= 2,
            "scales must be 0 < smallest <= largest <= 1": 0 < self.smallest_scale <= self.largest_scale <= 1,
            "largest_enlargement must lie in [1, crop / 32]": 1 <= self.largest_enlargement <= max(1, self.crop / 32),
            "pristine_enlargement must be at least 1": self.pristine_enlargement >= 1,
        }


def _check_kinds(settings: Any, prefix: str = "") -> None:
    """Refuse what is not of its field's kind, such as a fraction where a whole number is meant."""
    for part in fields(settings):
        value = getattr(settings, part.name)
        if part.type is float and not is_real(plain(value)):
            raise UsageError(f"{prefix}{part.name} must be a number, got {shown(value)}")
        if part.type in (int, bool, str) and type(value) is not part.type:
            raise UsageError(f"{prefix}{part.name} must be of type {part.type.__name__}, got {shown(value)}")


def _check_name(setting: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(f"{setting} must be {' or '.join(known)}, got {value!r}")
