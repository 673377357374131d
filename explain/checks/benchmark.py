"""The benchmark of the heatmaps: a degradation whose place is known, curves, random weights, on a set of pictures.

Each version of a picture is encoded once; all methods share its feature map. Everything random comes from the seed and
the names involved, so a number stays the same whatever else is measured in the same run.
"""

import zlib
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional
from tqdm import tqdm

from explain.maps.explanation import Explanation
from explain.maps.heatmaps import explain_image
from explain.maps.methods import METHODS
from explain.maps.quality_map import STRIDE
from explain.maps.scale import enlarge
from qualiclip.ambient import without_gradients
from qualiclip.degradations import degrade
from qualiclip.degradations.extent import degraded_places
from qualiclip.degradations.masks import SHAPES
from qualiclip.models.family import Family
from qualiclip.models.targets import find_target
from qualiclip.models.untrained import with_random_weights
from qualiclip.pictures import image_to_picture, picture_to_image
from qualiclip.scoring.scorer import Scorer

from .baselines import BASELINES
from .faithfulness import draw_curves, rank_correlation
from .localisation import Mask, Values, measure
from .records import (
    BLUR_LEVEL,
    CURVE_BASELINES,
    CURVE_TARGET,
    MAIN_SHAPE,
    OTHER_SHAPES,
    SPACING,
    BenchmarkPhoto,
    CurveMeasurement,
    Measurement,
    Results,
    Settings,
    WeightMeasurement,
    degradation_sign,
    map_name,
)


def generator_for(*names: object) -> Generator:
    """A generator whose seed is made of names and numbers."""
    return Generator().manual_seed(zlib.crc32("/".join(map(str, names)).encode()))


def _size(image: Tensor) -> tuple[int, int]:
    return image.shape[-2], image.shape[-1]


def _reduced(values: Tensor, mode: str) -> Tensor:
    """Values (H, W) of a picture's pixels at the places where maps are compared."""
    size = [max(2, side // SPACING) for side in values.shape]
    return functional.interpolate(values[None, None], size=size, mode=mode)[0, 0]


def at_places(values: Tensor) -> Values:
    """A map (H, W), as it is drawn, at those places."""
    found: Values = _reduced(values, "nearest-exact").numpy()
    return found


Maps = dict[str, Explanation]


def _explain(model: Family, feature_map: Tensor, image: Tensor, settings: Settings) -> Maps:
    """Explanations by name, of every method asked for every target."""
    return {
        map_name(method, target): explain_image(model, image, feature_map, method=method, target=target)
        for method in settings.methods
        for target in settings.targets
    }


def _differences(degraded: Maps, pristine: Maps) -> dict[str, Tensor]:
    """Evidence (h, w) of a degradation: how each method's own values changed from the pristine picture."""
    return {
        name: degradation_sign(found) * torch.from_numpy(found.grid - pristine[name].grid)
        for name, found in degraded.items()
    }


def shapes_for(index: int) -> tuple[str, ...]:
    """Shapes of the degradation on the picture of that index: always a quadrant, and one of the others in turn."""
    return MAIN_SHAPE, OTHER_SHAPES[index % len(OTHER_SHAPES)]


def _maps(
    scorer: Scorer, pristine: Tensor, degraded: Tensor, pristine_maps: Maps, settings: Settings
) -> tuple[Tensor, dict[tuple[str, str], Values]]:
    """The degraded image's feature map, and evidence (h, w) of a degradation by kind and name of the map."""
    feature_map = scorer.encode(degraded)
    found = _explain(scorer.model, feature_map, degraded, settings)
    evidence = {
        ("map", name): at_places(degradation_sign(each) * torch.from_numpy(each.values)) for name, each in found.items()
    }
    for name, change in _differences(found, pristine_maps).items():
        evidence["difference", name] = at_places(found[name].spread(change))
    moved = (feature_map - pristine).norm(dim=1)[0]  # (h, w)
    evidence["difference", "features"] = at_places(enlarge(moved, _size(degraded), stride=STRIDE))
    return feature_map, evidence


def _baselines(image: Tensor, generator: Generator) -> dict[tuple[str, str], Values]:
    return {
        ("baseline", name): _reduced(make(image, generator), "bilinear").numpy() for name, make in BASELINES.items()
    }


def _score(scorer: Scorer, feature_map: Tensor) -> float:
    with without_gradients():
        return float(scorer.model.score(feature_map))


def localise(
    scorer: Scorer, example: BenchmarkPhoto, shapes: Sequence[str], settings: Settings
) -> Iterator[Measurement]:
    """Every map of one picture, degraded within each shape by each type."""
    pristine = scorer.encode(example.image)
    before, pristine_maps = _score(scorer, pristine), _explain(scorer.model, pristine, example.image, settings)
    for shape in shapes:
        place = (settings.seed, example.name, shape)
        mask = SHAPES[shape](*_size(example.image), generator_for(*place))
        for name in settings.types:
            generator = generator_for(*place, name)
            degraded = degrade(example.image, name, level=settings.level, generator=generator, mask=mask)
            degraded = picture_to_image(image_to_picture(degraded))  # in eight bits, as everybody sees it
            inside: Mask = at_places(mask * degraded_places(degraded, example.image, name)) > 0.5
            if not inside.any():
                continue  # of a few blocks none may have hit the region
            feature_map, evidence = _maps(scorer, pristine, degraded, pristine_maps, settings)
            evidence |= _baselines(degraded, generator_for(*place, name, "random"))
            facts = (example.name, name, shape, float(inside.mean()), before, _score(scorer, feature_map))
            for (kind, map_), values in evidence.items():
                yield Measurement(*facts, kind, map_, measure(values, inside))


def follow_curves(scorer: Scorer, example: BenchmarkPhoto, settings: Settings) -> Iterator[CurveMeasurement]:
    """Curves of one pristine picture in the order of each method's map, and of maps that know nothing of the model."""
    image = example.image
    generator = generator_for(settings.seed, example.name, "curves")
    blurred = degrade(image, "gaussian_blur", level=BLUR_LEVEL, generator=generator)
    feature_map = scorer.encode(image)
    orders: dict[str, Values] = {}
    for method in settings.methods:
        found = explain_image(scorer.model, image, feature_map, method=method, target=CURVE_TARGET)
        orders[method] = -degradation_sign(found) * found.values  # what raises the score goes first
    orders |= {name: BASELINES[name](image, generator).numpy() for name in CURVE_BASELINES}
    for name, values in orders.items():
        curves = draw_curves(
            lambda way: _score(scorer, scorer.encode(way)), image, blurred, values, steps=settings.steps
        )
        yield CurveMeasurement(example.name, name, curves)


def compare_weights(
    scorer: Scorer, untrained: Family, example: BenchmarkPhoto, settings: Settings
) -> Iterator[WeightMeasurement]:
    """How alike the maps of one picture are with trained and with random weights, of each method that asks a model."""
    with without_gradients():
        feature_maps = (scorer.encode(example.image), untrained.feature_map(example.image[None]))
    for method in (name for name in settings.methods if not METHODS[name].image_alone):
        trained, random = (
            explain_image(model, example.image, features, method=method, target=CURVE_TARGET).grid
            for model, features in zip((scorer.model, untrained), feature_maps, strict=True)
        )
        yield WeightMeasurement(example.name, method, rank_correlation(trained, random))


def benchmark(scorer: Scorer, examples: Sequence[BenchmarkPhoto], settings: Settings) -> Results:
    """All measurements on pristine pictures; a bar on standard error shows how far it is.

    Raises:
        UsageError: if the model has no such target.
    """
    for target in settings.targets:
        find_target(target, scorer.model.targets)
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
