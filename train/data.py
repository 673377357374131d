"""Training samples: two overlapping crops of a pristine photo, each at every level of one composition."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Generator, Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from qualiclip.degradations import MAX_LEVEL
from qualiclip.degradations.compose import draw_composition
from qualiclip.errors import TrainingError
from qualiclip.pictures import list_pictures, load_picture, picture_to_image
from qualiclip.prompts import ANTONYM_PAIRS, PromptPair

from .recipes import Recipe

# Which degradations a prompt pair is about; pairs that are not named here are about all of them. For other
# degradations the similarity of a pair must not improve, but need not fall either.
_SOFTENING = frozenset({"gaussian_blur", "lens_blur", "motion_blur", "jpeg2000", "pixelate"})
PAIR_TOPICS: dict[str, frozenset[str]] = {
    "Sharp image.": _SOFTENING,
    "Sharp edges.": _SOFTENING,
    "High-resolution image.": _SOFTENING | {"jpeg"},
    "Noise-free image.": frozenset({"white_noise", "white_noise_ycbcr", "impulse_noise", "multiplicative_noise"}),
}


@dataclass(frozen=True)
class Sample:
    """Crops of one photo (J=2, L, 3, S, S) at levels 0 to L-1.

    `concerned` (K,) is 1 for each prompt pair that must rank the levels; `pristine` () says whether level 0 is.
    """

    crops: Tensor
    concerned: Tensor
    pristine: Tensor

    def to(self, device: torch.device) -> "Sample":
        """The same sample on another device."""
        return Sample(self.crops.to(device), self.concerned.to(device), self.pristine.to(device))


def concerned_pairs(names: Iterable[str], pairs: Iterable[PromptPair]) -> Tensor:
    """1.0 for each pair (K,) that is about at least one of the named degradations, else 0.0."""
    degradations = frozenset(names)
    topics = [PAIR_TOPICS.get(pair.positive, degradations) for pair in pairs]
    return torch.tensor([float(bool(topic & degradations)) for topic in topics])


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


def _uniform(generator: Generator, low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand((), generator=generator))


def _resize(images: Tensor, height: int, width: int) -> Tensor:
    return functional.interpolate(images, size=(height, width), mode="bicubic", antialias=True).clamp(0, 1)


def draw_crops(image: Tensor, recipe: Recipe, generator: Generator) -> list[Tensor]:
    """Two crops (3, S, S) of one image at a random scale, mirrored at random; a small photo is enlarged.

    Along each axis they share at least the square root of `overlap`, so of their area at least `overlap`.
    """
    height, width = image.shape[-2:]
    least = max(recipe.smallest_scale, recipe.crop / min(height, width))
    scale = _uniform(generator, least, max(least, recipe.largest_scale))
    size = [max(recipe.crop, round(side * scale)) for side in (height, width)]
    image = _resize(image[None], *size)[0]
    if _uniform(generator, 0, 1) < 0.5:
        image = image.flip(-1)
    reach = int(recipe.crop * (1 - recipe.overlap**0.5))
    first = [int(_uniform(generator, 0, side - recipe.crop + 1)) for side in size]
    offsets = [round(_uniform(generator, -reach, reach)) for _ in size]
    second = [
        min(max(start + offset, 0), side - recipe.crop)
        for start, offset, side in zip(first, offsets, size, strict=True)
    ]
    return [image[:, y : y + recipe.crop, x : x + recipe.crop] for y, x in (first, second)]


def draw_enlargement(recipe: Recipe, generator: Generator) -> float:
    """Factor in [1, largest_enlargement] by which crops are enlarged after they were degraded."""
    wanted = _uniform(generator, 0, 1) < recipe.enlarge_chance
    factor = _uniform(generator, 1, recipe.largest_enlargement)
    return factor if wanted else 1.0


def draw_base_level(recipe: Recipe, generator: Generator) -> float:
    """Level in [0, base_level] of a degradation that is there from the beginning; 0 for none."""
    wanted = _uniform(generator, 0, 1) < recipe.base_chance
    level = _uniform(generator, 0, recipe.base_level)
    return level if wanted else 0.0


class CropDataset(Dataset[Sample]):
    """Samples by number: number n depends on the recipe, the photos and n alone, not on workers or order."""

    def __init__(self, photos: list[Path], recipe: Recipe) -> None:
        """Keep the list of photos; they are read when a sample is asked for."""
        self.photos = photos
        self.recipe = recipe

    def __len__(self) -> int:
        """Number of samples of the whole run."""
        return self.recipe.steps * self.recipe.batch

    def __getitem__(self, number: int) -> Sample:
        """Sample of that number."""
        generator = torch.Generator().manual_seed(self.recipe.seed * 1_000_000_007 + number)
        epoch, position = divmod(number, len(self.photos))
        order = torch.randperm(len(self.photos), generator=torch.Generator().manual_seed(self.recipe.seed + epoch))
        image = picture_to_image(load_picture(self.photos[int(order[position])]))
        enlargement = draw_enlargement(self.recipe, generator)
        side = round(self.recipe.crop / enlargement)
        crops = draw_crops(image, replace(self.recipe, crop=side, largest_enlargement=1.0), generator)
        base_level = draw_base_level(self.recipe, generator)
        base = draw_composition(generator, count=1)
        count = 1 + int(torch.randint(self.recipe.composed, (), generator=generator))
        composition = draw_composition(generator, count=count)
        crops = [base.at(base_level).apply(crop) for crop in crops]
        levels = [MAX_LEVEL * level / self.recipe.levels for level in range(self.recipe.levels + 1)]
        rendered = [torch.stack([composition.at(level).apply(crop) for level in levels]) for crop in crops]
        if side < self.recipe.crop:
            rendered = [_resize(crops, self.recipe.crop, self.recipe.crop) for crops in rendered]
        return Sample(
            torch.stack(rendered),
            concerned_pairs(composition.names, ANTONYM_PAIRS),
            torch.tensor(base_level == 0 and enlargement == 1),
        )


def collate(samples: list[Sample]) -> Sample:
    """Samples as one, with a new first axis."""
    return Sample(
        torch.stack([sample.crops for sample in samples]),
        torch.stack([sample.concerned for sample in samples]),
        torch.stack([sample.pristine for sample in samples]),
    )
