"""Training samples: two overlapping crops of a pristine photo, each at every level of one composition."""

import math
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path

import torch
from torch import Generator, Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from qualiclip.ambient import undisturbed
from qualiclip.degradations import MAX_LEVEL
from qualiclip.degradations.compose import Composition, draw_composition
from qualiclip.errors import TrainingError
from qualiclip.pictures import list_pictures, load_picture, picture_to_image
from train.recipes.settings import Recipe

from .authentic import AuthenticChain, draw_authentic
from .draws import uniform
from .regions import INVERTED, draw_shape
from .topics import concerned_pairs

POSITION = 32  # px, side of a position of the feature map
MOST_AUTHENTIC = 3  # authentic degradations of one photo, at most


@dataclass(frozen=True)
class Sample:
    """Crops of one photo (J=2, L, 3, S, S), from mild to strong.

    `concerned` (K,) is 1 for each prompt pair that must rank the levels; `pristine` () says whether the mildest is.
    `mosaic` (3, S, S) is the first crop at its strongest level in a region and at its mildest elsewhere, `shares`
    (S/32, S/32) in [0, 1] how much of each position lies in the region; both are empty where no loss asks for them.
    """

    crops: Tensor
    concerned: Tensor
    pristine: Tensor
    mosaic: Tensor = field(default_factory=partial(torch.empty, 0))
    shares: Tensor = field(default_factory=partial(torch.empty, 0))

    def to(self, device: torch.device) -> "Sample":
        """The same sample on another device."""
        return Sample(*(getattr(self, part.name).to(device) for part in fields(self)))


def list_photos(folder: Path) -> list[Path]:
    """Picture files below a folder, in the order of their names.

    Raises:
        TrainingError: if there is none.
    """
    photos = list_pictures(folder, recursive=True)
    if not photos:
        raise TrainingError(f"no photos found in {folder}; expected files such as .jpg or .png")
    return photos


def split_holdout(photos: list[Path], every: int) -> tuple[list[Path], list[Path]]:
    """Photos to train on, and every n-th one that is kept out (none if `every` is 0)."""
    kept_out = photos[::every] if every else []
    left = set(kept_out)
    return [photo for photo in photos if photo not in left], kept_out


def resize(images: Tensor, height: int, width: int) -> Tensor:
    """Images (N, 3, H, W) at another size, in [0, 1]."""
    return functional.interpolate(images, size=(height, width), mode="bicubic", antialias=True).clamp(0, 1)


def training_photos(folder: Path, holdout_every: int) -> tuple[list[Path], list[Path]]:
    """Photos below a folder to train on, and those that are kept out.

    Raises:
        TrainingError: if there are none, or none to train on.
    """
    train, kept_out = split_holdout(list_photos(folder), holdout_every)
    if not train:
        raise TrainingError(f"all photos in {folder} are held out; add photos or set holdout_every=0")
    return train, kept_out


def draw_crops(image: Tensor, recipe: Recipe, generator: Generator) -> list[Tensor]:
    """Two crops (3, S, S) of one image at a random scale, mirrored at random; a small photo is enlarged.

    Along each axis they share at least the square root of `overlap`, so of their area at least `overlap`.
    """
    height, width = image.shape[-2:]
    least = max(recipe.smallest_scale, recipe.crop / min(height, width))
    scale = uniform(generator, least, max(least, recipe.largest_scale))
    size = [max(recipe.crop, round(side * scale)) for side in (height, width)]
    image = resize(image[None], *size)[0]
    if uniform(generator, 0, 1) < 0.5:
        image = image.flip(-1)
    reach = int(recipe.crop * (1 - recipe.overlap**0.5))
    first = [int(uniform(generator, 0, side - recipe.crop + 1)) for side in size]
    offsets = [round(uniform(generator, -reach, reach)) for _ in size]
    second = [
        min(max(start + offset, 0), side - recipe.crop)
        for start, offset, side in zip(first, offsets, size, strict=True)
    ]
    return [image[:, y : y + recipe.crop, x : x + recipe.crop] for y, x in (first, second)]


def vary_colors(image: Tensor, recipe: Recipe, generator: Generator) -> Tensor:
    """The image (3, H, W) a little more or less vivid, contrasty and bright."""
    vivid, contrast, power = (
        math.exp(recipe.variation * uniform(generator, low, high))
        for low, high in ((-0.2, 0.5), (-0.1, 0.15), (-0.2, 0.2))
    )
    grey = image.mean(dim=0, keepdim=True)
    image = (grey + vivid * (image - grey)).clamp(0, 1) ** power
    return (image.mean() + contrast * (image - image.mean())).clamp(0, 1)


def draw_mosaic(mild: Tensor, strong: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """A crop (3, S, S) that is `strong` in a region and `mild` elsewhere, and the region's shares (S/32, S/32)."""
    shape, inverted = draw_shape(mild.shape[-2], mild.shape[-1], generator), uniform(generator, 0, 1) < INVERTED
    region = 1 - shape if inverted else shape
    return torch.lerp(mild, strong, region.expand_as(mild)), functional.avg_pool2d(region[None], POSITION)[0]


def draw_levels(recipe: Recipe, generator: Generator) -> list[float]:
    """The levels of one photo, rising, around those of the recipe; the strongest may be weaker than 5."""
    step = MAX_LEVEL / recipe.levels
    moves = [recipe.level_jitter * uniform(generator, -1, 1) for _ in recipe.level_values]
    return [
        min(level + move * step, MAX_LEVEL) if level else 0.0
        for level, move in zip(recipe.level_values, moves, strict=True)
    ]


def draw_enlargement(recipe: Recipe, generator: Generator) -> float:
    """Factor in [1, largest_enlargement] by which crops are enlarged after they were degraded."""
    wanted = uniform(generator, 0, 1) < recipe.enlarge_chance
    factor = uniform(generator, 1, recipe.largest_enlargement)
    return factor if wanted else 1.0


def draw_base_level(recipe: Recipe, generator: Generator) -> float:
    """Level in [0, base_level] of a degradation that is there from the beginning; 0 for none."""
    wanted = uniform(generator, 0, 1) < recipe.base_chance
    level = uniform(generator, 0, recipe.base_level)
    return level if wanted else 0.0


def draw_rendering(recipe: Recipe, generator: Generator) -> Composition | AuthenticChain:
    """Degradations of the 24 types, or a chain of authentic ones."""
    if uniform(generator, 0, 1) < recipe.damage_chance:
        return draw_authentic(generator, count=1 + int(torch.randint(MOST_AUTHENTIC, (), generator=generator)))
    count = 1 + int(torch.randint(recipe.composed, (), generator=generator))
    return draw_composition(generator, count=count, leave_out=recipe.leave_out)


class CropDataset(Dataset[Sample]):
    """Samples by number: number n depends on the recipe, the photos and n alone, not on workers or order."""

    def __init__(self, photos: list[Path], recipe: Recipe) -> None:
        """Keep the list of photos; they are read when a sample is asked for."""
        self.photos = photos
        self.recipe = recipe

    def __len__(self) -> int:
        """Number of samples of the whole run."""
        return self.recipe.steps * self.recipe.batch

    def photo(self, number: int) -> Path:
        """The photo of a sample: each comes once before the first comes again, in a new order every time."""
        epoch, position = divmod(number, len(self.photos))
        generator = torch.Generator().manual_seed(self.recipe.seed + epoch)
        return self.photos[int(torch.randperm(len(self.photos), generator=generator)[position])]

    @undisturbed()
    def __getitem__(self, number: int) -> Sample:
        """Sample of that number."""
        recipe = self.recipe
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_000_007 + number)
        image = picture_to_image(load_picture(self.photo(number)))
        image = vary_colors(image, recipe, generator) if recipe.variation else image
        levels = draw_levels(recipe, generator)
        enlargement = draw_enlargement(recipe, generator)
        side = round(recipe.crop / enlargement)
        crops = draw_crops(image, replace(recipe, crop=side, largest_enlargement=1.0), generator)
        base_level = draw_base_level(recipe, generator)
        base, chosen = draw_rendering(recipe, generator), draw_rendering(recipe, generator)
        crops = [base.render(crop, base_level) for crop in crops]
        # The second crop has its own noise and angles unless they are to be shared.
        draws = [chosen, chosen if recipe.shared_draws else replace(chosen, seed=(chosen.seed + 1_000_003) % 2**31)]
        rendered = [
            torch.stack([draw.render(crop, level) for level in levels]) for crop, draw in zip(crops, draws, strict=True)
        ]
        if side < recipe.crop:
            rendered = [resize(crops, recipe.crop, recipe.crop) for crops in rendered]
        mild, strong = rendered[0][0], rendered[0][-1]
        mosaic = draw_mosaic(mild, strong, generator) if recipe.losses.local_weight else ()
        pristine = base_level == 0 and enlargement <= recipe.pristine_enlargement and recipe.with_pristine
        return Sample(
            torch.stack(rendered),
            concerned_pairs(chosen.names, recipe.prompt_pairs),
            torch.tensor(pristine, dtype=torch.bool),
            *mosaic,
        )


def collate(samples: list[Sample]) -> Sample:
    """Samples as one, with a new first axis."""
    return Sample(*(torch.stack([getattr(sample, part.name) for sample in samples]) for part in fields(Sample)))
