"""Training samples of a degradation map: crops of which a region is degraded, and where, and how much."""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Generator, Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from qualiclip.ambient import undisturbed
from qualiclip.degradations import DEGRADATIONS, MAX_LEVEL, degrade
from qualiclip.degradations.extent import degraded_places
from qualiclip.degradations.filters import blur_gaussian
from qualiclip.models.degradation_map import STRIDE
from qualiclip.pictures import load_picture, picture_to_image
from train.recipes.maps import MapRecipe

from .authentic import draw_authentic
from .crops import resize
from .draws import uniform
from .regions import INVERTED, draw_shape

WEAKEST = 0.5  # level of a degradation that is to be found; strong ones are drawn more often than weak ones
SOFTEST = 16.0  # px, deviation of the softest edge
STEPS_OF_GREY = 255  # what is learned must be there in eight bits


@dataclass(frozen=True)
class Mosaic:
    """Crops (N, 3, S, S), and the level at places 8 px apart as a share of 5 (N, S/8, S/8)."""

    crops: Tensor
    shares: Tensor


def draw_region(side: int, recipe: MapRecipe, generator: Generator) -> Tensor:
    """How much (side, side) in [0, 1] of the degradation there is at each pixel."""
    kind, edge = uniform(generator, 0, 1), uniform(generator, 0, 1)
    shape = draw_shape(side, side, generator)
    if kind < recipe.nothing_chance + recipe.everywhere_chance:
        return torch.full_like(shape, float(kind >= recipe.nothing_chance))
    region = 1 - shape if uniform(generator, 0, 1) < INVERTED else shape
    deviation = uniform(generator, 2, SOFTEST)
    return blur_gaussian(region[None], deviation)[0].clamp(0, 1) if edge < recipe.soft_chance else region


def draw_crop(image: Tensor, recipe: MapRecipe, generator: Generator) -> Tensor:
    """A crop (3, S, S) of an image at a random scale, mirrored at random; a small photo is enlarged all the more."""
    least = max(recipe.smallest_scale, recipe.crop / min(image.shape[-2:]))
    scale = uniform(generator, least, max(least, recipe.largest_scale))
    height, width = (max(recipe.crop, round(side * scale)) for side in image.shape[-2:])
    if (height, width) != tuple(image.shape[-2:]):
        image = resize(image[None], height, width)[0]
    if uniform(generator, 0, 1) < 0.5:
        image = image.flip(-1)
    top, left = (int(uniform(generator, 0, side - recipe.crop + 1)) for side in (height, width))
    return image[:, top : top + recipe.crop, left : left + recipe.crop]


def _draw_type(generator: Generator, again: tuple[str, ...] = ()) -> str:
    names = (*DEGRADATIONS, *again)
    return names[int(torch.randint(len(names), (), generator=generator))]


def draw_degraded(base: Tensor, level: float, recipe: MapRecipe, generator: Generator) -> tuple[Tensor, Tensor]:
    """An image (3, H, W) after one degradation, and where (H, W) it is degraded: everywhere, or where it changed."""
    if uniform(generator, 0, 1) < recipe.authentic_chance:
        return draw_authentic(generator, count=1).render(base, level), torch.ones_like(base[0])
    name = _draw_type(generator, recipe.again)
    degraded = degrade(base, name, level=level, generator=generator)
    return degraded, degraded_places(degraded, base, name)


def draw_mosaic(crop: Tensor, recipe: MapRecipe, generator: Generator) -> Mosaic:
    """A crop (3, S, S) of which a region is degraded, and its levels (S/8, S/8): a mosaic without the first axis."""
    base_level = uniform(generator, WEAKEST, max(WEAKEST, recipe.base_level))
    with_base = uniform(generator, 0, 1) < recipe.base_chance
    base = degrade(crop, _draw_type(generator), level=base_level, generator=generator) if with_base else crop
    region = draw_region(crop.shape[-1], recipe, generator)
    level = max(WEAKEST, MAX_LEVEL * math.sqrt(uniform(generator, 0, 1)))
    degraded, where = draw_degraded(base, level, recipe, generator)
    mixed = torch.lerp(base, degraded, region.expand_as(base)).clamp(0, 1)
    levels = (region * where * level).clamp(min=base_level if with_base else 0.0)
    shares = functional.avg_pool2d(levels[None], STRIDE)[0] / MAX_LEVEL
    return Mosaic((mixed * STEPS_OF_GREY).round() / STEPS_OF_GREY, shares)


class MosaicDataset(Dataset[Mosaic]):
    """Samples by number: number n depends on the recipe, the photos and n alone, not on workers or order."""

    def __init__(self, photos: list[Path], recipe: MapRecipe, *, start: int = 0) -> None:
        """Keep the list of photos; they are read when a sample is asked for. `start` is the step that comes first."""
        self.photos, self.recipe, self.start = photos, recipe, start

    def __len__(self) -> int:
        """Number of samples of the rest of the run."""
        return (self.recipe.steps - self.start) * self.recipe.batch

    @undisturbed()
    def __getitem__(self, index: int) -> Mosaic:
        """Sample of that number, counted from the first step of this stretch."""
        number = self.start * self.recipe.batch + index
        generator = torch.Generator().manual_seed(self.recipe.seed * 1_000_000_007 + number)
        photo = self.photos[int(torch.randint(len(self.photos), (), generator=generator))]
        crop = draw_crop(picture_to_image(load_picture(photo)), self.recipe, generator)
        return draw_mosaic(crop, self.recipe, generator)


def collate_mosaics(samples: list[Mosaic]) -> Mosaic:
    """Samples as one, with a new first axis."""
    return Mosaic(torch.stack([one.crops for one in samples]), torch.stack([one.shares for one in samples]))
