"""The benchmark of the heatmaps: damage whose place is known, curves, random weights, on a set of pictures.

Each version of a picture is encoded once; all methods share its feature map. Everything random comes from the seed and
the names involved, so a number stays the same whatever else is measured in the same run.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional
from tqdm import tqdm

from qualiclip.degradations import DEGRADATIONS, degrade
from qualiclip.degradations.table import MAX_LEVEL
from qualiclip.errors import UsageError, look_up
from qualiclip.model import QualityModel
from qualiclip.prompts import PromptPair
from qualiclip.scoring import Scorer
from qualiclip.untrained import with_random_weights

from .baselines import BASELINES
from .faithfulness import Curves, draw_curves, rank_correlation
from .heatmaps import METHODS, Explanation, explain_features
from .localisation import Localisation, Mask, Values, measure
from .masks import SHAPES
from .targets import PAIR, find_target

DEFAULT_TYPES = (
    *("gaussian_blur", "lens_blur", "motion_blur", "white_noise"),
    *("jpeg", "pixelate", "darken", "color_saturation_lab"),
)
MAIN_SHAPE = "quadrant"
OTHER_SHAPES = tuple(name for name in SHAPES if name != MAIN_SHAPE)
WHOLE = ("bad", "difference")  # what is asked for: quality as a whole,
PAIRS = ("sharp image", "noise-free")  # and pairs of opposites that speak of one kind of damage, by their prompts
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
        for method in self.methods:
            look_up(METHODS, method, kind="heatmap method")
        for name in self.types:
            look_up(DEGRADATIONS, name, kind="degradation")
        if not self.methods or not self.types or not self.targets:
            raise UsageError("a benchmark needs at least one heatmap method, one degradation and one target")
        if not 0 < self.level <= MAX_LEVEL:
            raise UsageError(f"level must lie above 0 and not above {MAX_LEVEL}, got {self.level}")
        if self.curves < 0 or self.steps < 2:
            raise UsageError(f"curves need at least 2 steps and no negative count, got {self.steps} and {self.curves}")


@dataclass(frozen=True)
class Example:
    """A pristine image (3, H, W) and its name."""

    name: str
    image: Tensor


@dataclass(frozen=True)
class Measurement:
    """One map of one damaged picture.

    `kind` is "map" (from the damaged picture alone), "baseline" or "difference" (damaged minus pristine), `share` the
    mask's share of the picture, `before` and `after` the scores of the pristine and of the damaged picture.
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


def generator_for(*names: object) -> Generator:
    """A generator whose seed is made of names and numbers."""
    return Generator().manual_seed(zlib.crc32("/".join(map(str, names)).encode()))


def default_targets(pairs: Sequence[PromptPair]) -> tuple[str, ...]:
    """Quality as a whole, and the pairs about blur and about noise if a model has them."""
    prompts = [pair.positive.casefold() for pair in pairs]
    return *WHOLE, *(PAIR + words for words in PAIRS if any(words in prompt for prompt in prompts))


def damage_sign(target: str) -> int:
    """1 if maps for a target are high where they see damage, -1 if they are low there."""
    return 1 if target == "bad" else -1


def map_name(method: str, target: str) -> str:
    """How a method asked for a target is called in tables."""
    return f"{method} ({target})"


def _grid_size(image: Tensor) -> tuple[int, int]:
    height, width = image.shape[-2:]
    return max(2, height // SPACING), max(2, width // SPACING)


def _reduced(values: Tensor, size: tuple[int, int], mode: str) -> Tensor:
    return functional.interpolate(values[None, None], size=size, mode=mode)[0, 0]


Maps = dict[str, Explanation]


def _explain(model: QualityModel, feature_map: Tensor, image: Tensor, settings: Settings) -> Maps:
    """Explanations by name, of every method asked for every target."""
    size = (image.shape[-2], image.shape[-1])  # the picture's own: a map is drawn where the model's positions lie
    return {
        map_name(method, target): explain_features(model, feature_map, size=size, method=method, target=target)
        for method in settings.methods
        for target in settings.targets
    }


def _differences(damaged: Maps, pristine: Maps, size: tuple[int, int]) -> dict[str, Values]:
    """Evidence (H, W) of damage: how each method's own values changed from the pristine picture."""
    changes = {
        name: damage_sign(found.target) * torch.from_numpy(found.grid - pristine[name].grid)
        for name, found in damaged.items()
    }
    return {name: _reduced(change, size, "bilinear").numpy() for name, change in changes.items()}


def shapes_for(index: int) -> tuple[str, ...]:
    """Shapes of the damage on the picture of that index: always a quadrant, and one of the others in turn."""
    return MAIN_SHAPE, OTHER_SHAPES[index % len(OTHER_SHAPES)]


def _maps(
    scorer: Scorer, pristine: Tensor, damaged: Tensor, pristine_maps: Maps, settings: Settings
) -> tuple[Tensor, dict[tuple[str, str], Values]]:
    """The damaged image's feature map, and evidence (h, w) of damage by kind and name of the map."""
    size = _grid_size(damaged)
    feature_map = scorer.encode(damaged)
    found = _explain(scorer.model, feature_map, damaged, settings)
    evidence: dict[tuple[str, str], Values] = {
        ("map", name): _reduced(damage_sign(each.target) * torch.from_numpy(each.values), size, "nearest-exact").numpy()
        for name, each in found.items()
    }
    for name, values in _differences(found, pristine_maps, size).items():
        evidence["difference", name] = values
    change = (feature_map - pristine).norm(dim=1)[0]  # (h, w)
    evidence["difference", "features"] = _reduced(change, size, "bilinear").numpy()
    return feature_map, evidence


def _baselines(image: Tensor, generator: Generator) -> dict[tuple[str, str], Values]:
    size = _grid_size(image)
    return {
        ("baseline", name): _reduced(make(image, generator), size, "bilinear").numpy()
        for name, make in BASELINES.items()
    }


def _score(scorer: Scorer, feature_map: Tensor) -> float:
    with torch.no_grad():
        return float(scorer.model.score(feature_map))


def localise(scorer: Scorer, example: Example, shapes: Sequence[str], settings: Settings) -> Iterator[Measurement]:
    """Every map of one picture, damaged within each shape by each type."""
    height, width = example.image.shape[-2:]
    size = _grid_size(example.image)
    pristine = scorer.encode(example.image)
    before, pristine_maps = _score(scorer, pristine), _explain(scorer.model, pristine, example.image, settings)
    for shape in shapes:
        place = (settings.seed, example.name, shape)
        mask = SHAPES[shape](height, width, generator_for(*place))
        inside: Mask = (_reduced(mask, size, "nearest-exact") > 0.5).numpy()
        for name in settings.types:
            generator = generator_for(*place, name)
            damaged = degrade(example.image, name, level=settings.level, generator=generator, mask=mask)
            feature_map, evidence = _maps(scorer, pristine, damaged, pristine_maps, settings)
            evidence |= _baselines(damaged, generator_for(*place, name, "random"))
            facts = (example.name, name, shape, float(inside.mean()), before, _score(scorer, feature_map))
            for (kind, map_), values in evidence.items():
                yield Measurement(*facts, kind, map_, measure(values, inside))


def follow_curves(scorer: Scorer, example: Example, settings: Settings) -> Iterator[CurveMeasurement]:
    """Curves of one pristine picture in the order of each method's map, and of maps that know nothing of the model."""
    image = example.image
    generator = generator_for(settings.seed, example.name, "curves")
    blurred = degrade(image, "gaussian_blur", level=BLUR_LEVEL, generator=generator)
    feature_map, size = scorer.encode(image), (image.shape[-2], image.shape[-1])
    orders: dict[str, Values] = {
        method: explain_features(scorer.model, feature_map, size=size, method=method, target=CURVE_TARGET).values
        for method in settings.methods
    }
    orders |= {name: BASELINES[name](image, generator).numpy() for name in CURVE_BASELINES}
    for name, values in orders.items():
        found = draw_curves(
            lambda way: _score(scorer, scorer.encode(way)), image, blurred, values, steps=settings.steps
        )
        yield CurveMeasurement(example.name, name, found)


def compare_weights(
    scorer: Scorer, untrained: QualityModel, example: Example, settings: Settings
) -> Iterator[WeightMeasurement]:
    """How alike each method's maps of one picture are with trained and with random weights."""
    with torch.no_grad():
        feature_maps = (scorer.encode(example.image), untrained.feature_map(example.image[None]))
    size = _grid_size(example.image)
    for method in settings.methods:
        trained, random = (
            explain_features(model, features, size=size, method=method, target=CURVE_TARGET).grid
            for model, features in zip((scorer.model, untrained), feature_maps, strict=True)
        )
        yield WeightMeasurement(example.name, method, rank_correlation(trained, random))


def benchmark(scorer: Scorer, examples: Sequence[Example], settings: Settings) -> Results:
    """All measurements on pristine pictures; a bar on standard error shows how far it is.

    Raises:
        UsageError: if the model has no such target.
    """
    for target in settings.targets:
        find_target(target, scorer.model.settings.pairs)
    found: list[Measurement] = []
    followed: list[CurveMeasurement] = []
    compared: list[WeightMeasurement] = []
    untrained = with_random_weights(scorer.model, generator_for(settings.seed, "weights"))
    with_curves = set(np.linspace(0, len(examples) - 1, min(settings.curves, len(examples))).round().astype(int))
    for index, example in enumerate(tqdm(examples, unit="picture", disable=None)):
        found += localise(scorer, example, shapes_for(index), settings)
        compared += compare_weights(scorer, untrained, example, settings)
        if index in with_curves:
            followed += follow_curves(scorer, example, settings)
    return Results(tuple(found), tuple(followed), tuple(compared))
