"""What the benchmark of heatmaps is asked, and what it measures."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from explain.maps.explanation import Explanation
from explain.maps.methods import LEVELS, METHODS
from qualiclip.checks import check_several, is_number
from qualiclip.degradations import DEGRADATIONS
from qualiclip.degradations.masks import SHAPES
from qualiclip.degradations.table import MAX_LEVEL
from qualiclip.errors import UsageError, look_up, shown
from qualiclip.models.prompts import PromptPair
from qualiclip.models.targets import PAIR

from .faithfulness import Curves
from .localisation import Localisation

DEFAULT_TYPES = (
    *("gaussian_blur", "lens_blur", "motion_blur", "white_noise"),
    *("jpeg", "pixelate", "darken", "color_saturation_lab"),
)

MAIN_SHAPE = "quadrant"

OTHER_SHAPES = tuple(name for name in SHAPES if name != MAIN_SHAPE)

WHOLE = ("bad", "difference")  # what is asked for: quality as a whole,

PAIRS = ("sharp image", "noise-free")  # and pairs of opposites that speak of one kind of degradation, by their prompts

CURVE_TARGET = "difference"

CURVE_BASELINES = ("random", "edges")

SPACING = 4  # px between the places at which a map is compared with the mask; the model's own are 32 px apart

BLUR_LEVEL = 5  # of the places that are deleted


@dataclass(frozen=True)
class Settings:
    """What is measured.

    Attributes:
        methods: Names of heatmap methods.
        types: Names of degradations.
        level: Their level, above 0 and at most 5.
        seed: Of masks, degradations, random maps and random weights.
        curves: How many pictures get deletion and insertion curves.
        steps: Parts in which a picture is deleted.
        targets: What the methods are asked for.
    """

    methods: tuple[str, ...] = tuple(METHODS)
    types: tuple[str, ...] = DEFAULT_TYPES
    level: float = 4.0
    seed: int = 0
    curves: int = 8
    steps: int = 8
    targets: tuple[str, ...] = WHOLE

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            UsageError: if a name is unknown, or a number out of range.
        """
        for what in ("methods", "types", "targets"):
            check_several(what, getattr(self, what))
        for method in self.methods:
            look_up(METHODS, method, kind="heatmap method")
        for name in self.types:
            look_up(DEGRADATIONS, name, kind="degradation")
        if not self.methods or not self.types or not self.targets:
            raise UsageError("a benchmark needs at least one heatmap method, one degradation and one target")
        if not is_number(self.level) or not 0 < self.level <= MAX_LEVEL:
            raise UsageError(f"level must lie above 0 and not above {MAX_LEVEL}, got {shown(self.level)}")
        if not (self.curves >= 0 and self.steps >= 2):  # also true for NaN
            raise UsageError(f"curves need at least 2 steps and no negative count, got {self.steps} and {self.curves}")


@dataclass(frozen=True)
class BenchmarkPhoto:
    """A pristine image (3, H, W) and its name."""

    name: str
    image: Tensor


@dataclass(frozen=True)
class Measurement:
    """One map of one degraded picture.

    `kind` is "map" (from the degraded picture alone), "baseline" or "difference" (degraded minus pristine), `share` the
    mask's share of the picture, `before` and `after` the scores of the pristine and of the degraded picture.
    """

    picture: str
    degradation: str
    shape: str
    share: float
    before: float
    after: float
    kind: str
    map: str
    found: Localisation


@dataclass(frozen=True)
class CurveMeasurement:
    """Deletion and insertion curves of one picture in the order of one map."""

    picture: str
    map: str
    curves: Curves


@dataclass(frozen=True)
class WeightMeasurement:
    """Rank correlation of one method's maps of one picture: the model's, and that of the same with random weights."""

    picture: str
    method: str
    correlation: float


@dataclass(frozen=True)
class Results:
    """Every single measurement."""

    localisation: tuple[Measurement, ...]
    curves: tuple[CurveMeasurement, ...]
    weights: tuple[WeightMeasurement, ...]


def default_targets(pairs: Sequence[PromptPair]) -> tuple[str, ...]:
    """Quality as a whole, and the pairs about blur and about noise if a model has them."""
    prompts = [pair.positive.casefold() for pair in pairs]
    return *WHOLE, *(PAIR + words for words in PAIRS if any(words in prompt for prompt in prompts))


def degradation_sign(explanation: Explanation) -> int:
    """1 if a map is high where it sees a degradation, -1 if it is low there."""
    return 1 if explanation.target == "bad" or METHODS[explanation.method].unit == LEVELS else -1


def map_name(method: str, target: str) -> str:
    """How a method asked for a target is called in tables; one that asks no model by itself."""
    return method if METHODS[method].image_alone else f"{method} ({target})"
