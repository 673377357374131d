"""The settings of a training run of a degradation map, and such runs with a name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from qualiclip.checks import check_number, check_several, check_whole
from qualiclip.degradations import DEGRADATIONS
from qualiclip.errors import UsageError, look_up

from .settings import SCHEDULES

SMALLEST_CROP = 64  # px; at stride 32 a smaller one would have no surroundings
GRAIN = 32  # px: so that every place of a crop has as many pixels
HARDER = (
    *("motion_blur", "color_saturation_hsv", "jpeg2000", "jpeg", "jitter"),
    *("non_eccentricity_patch", "pixelate", "quantization", "linear_contrast_change"),
)
HARDEST = ("motion_blur", "color_saturation_hsv", "gaussian_blur") + 2 * (
    *("jitter", "non_eccentricity_patch", "linear_contrast_change"),
)


@dataclass(frozen=True)
class MapRecipe:
    """A training run of a degradation map on a folder of pristine photos.

    Start: random weights, or those of the map whose file is `start_from`.

    Samples: crops of `crop` px of photos at a scale between `smallest_scale` and `largest_scale`. One degradation
    at a level up to 5, more often a strong one, lies in a region of a random shape; the chances of the shapes are those
    of `nothing_chance` (no region), `everywhere_chance` (the whole crop), and else any; the edge is soft with
    `soft_chance`. A type is drawn once more as often each time it is in `again`: some are harder to find. With
    `authentic_chance` the degradation is an authentic one, with `base_chance` the whole crop has had another of the
    24 types before, at up to `base_level`.

    Loss: cross-entropy of the level at each place, as a share of 5, and `order_weight` times the cross-entropy of which
    of two places of a crop has the stronger level.
    """

    start_from: str = ""
    width: int = 32
    steps: int = 7_000
    batch: int = 8
    crop: int = 256
    smallest_scale: float = 0.45
    largest_scale: float = 1.0
    nothing_chance: float = 0.12
    everywhere_chance: float = 0.1
    soft_chance: float = 0.4
    authentic_chance: float = 0.12
    base_chance: float = 0.15
    base_level: float = 2.0
    again: tuple[str, ...] = HARDER
    order_weight: float = 1.0
    learning_rate: float = 3e-3
    schedule: str = "cosine"
    warmup: float = 0.02
    weight_decay: float = 1e-2
    largest_gradient: float = 2.0
    holdout_every: int = 20
    seed: int = 5
    workers: int = 1
    log_every: int = 100
    save_every: int = 500

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            UsageError: if a number is of the wrong kind or out of its range.
        """
        wholes = {"width": (2, 256), "steps": (1, 10**9), "batch": (1, 4096), "crop": (SMALLEST_CROP, 4096)}
        wholes |= {"log_every": (1, 10**9), "save_every": (1, 10**9), "workers": (0, 256)}
        wholes |= {"holdout_every": (0, 10**9), "seed": (0, 2**31)}
        for name, (low, high) in wholes.items():
            check_whole(name, getattr(self, name), low, high)
        if self.crop % GRAIN:
            raise UsageError(f"crop must be a multiple of {GRAIN} px, got {self.crop}")
        chances = [name for name in vars(self) if name.endswith("_chance")]
        for name in (*chances, "warmup", "smallest_scale"):
            check_number(name, getattr(self, name), 0, 1)
        most = {
            "base_level": 5.0,
            "largest_scale": 4.0,
            "order_weight": 1e3,
            "learning_rate": 1.0,
            "weight_decay": 1.0,
            "largest_gradient": 1e6,
        }
        for name, largest in most.items():
            check_number(name, getattr(self, name), 0, largest)
        check_several("again", self.again)
        for name in self.again:
            look_up(DEGRADATIONS, name, kind="degradation")
        look_up(dict.fromkeys(SCHEDULES), self.schedule, kind="schedule")


MAP_RECIPES: Mapping[str, MapRecipe] = MappingProxyType(
    {
        "degradation-map": MapRecipe(),
        "degradation-map-2": MapRecipe(  # to go on with: pictures that are soft or degraded as a whole, hard types
            steps=12_000, learning_rate=2e-3, largest_scale=1.6, base_chance=0.3, base_level=3.0,
            again=(*HARDER, *HARDEST), seed=7,
        ),
        "degradation-map-smoke": MapRecipe(
            width=4, steps=4, batch=2, crop=64, holdout_every=0, workers=0, log_every=1, save_every=2
        ),
    }
)  # fmt: skip
