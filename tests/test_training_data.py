"""Tests of training samples: photos, crops, topics of prompts, and samples by number."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor

from qualiclip.degradations import DEGRADATIONS
from qualiclip.errors import TrainingError
from qualiclip.models.prompts import ANTONYM_PAIRS
from qualiclip.pictures import image_to_picture
from train.recipes.settings import LossSettings
from train.recipes.table import RECIPES
from train.samples.authentic import AUTHENTIC
from train.samples.crops import (
    CropDataset,
    Sample,
    collate,
    draw_base_level,
    draw_crops,
    draw_levels,
    draw_rendering,
    list_photos,
    split_holdout,
    vary_colors,
)
from train.samples.topics import PAIR_TOPICS, concerned_pairs

Seeded = Callable[[int], Generator]

SMOKE = RECIPES["smoke"]  # crops of 64 px that overlap by half, at 3 levels


def coordinates(height: int, width: int) -> Tensor:
    """An image whose red is the row and whose green is the column, each as a fraction of the side."""
    rows, columns = torch.meshgrid(torch.arange(height) / height, torch.arange(width) / width, indexing="ij")
    return torch.stack([rows, columns, torch.zeros(height, width)])


def steps(crop: Tensor) -> tuple[Tensor, Tensor]:
    """What red gains per row and green per column, in the middle of a crop of coordinates."""
    return ((crop[0, 48, 32] - crop[0, 16, 32]) / 32, (crop[1, 32, 48] - crop[1, 32, 16]) / 32)


def same(one: Sample, other: Sample) -> bool:
    parts = ("crops", "concerned", "pristine")
    return all(torch.equal(getattr(one, part), getattr(other, part)) for part in parts)


@pytest.fixture
def photos(photo: Tensor, tmp_path: Path) -> list[Path]:
    """Three photos of 96 × 128 px."""
    paths = [tmp_path / f"{index}.png" for index in range(3)]
    for path, image in zip(paths, (photo, photo.flip(-1), 1 - photo), strict=True):
        image_to_picture(image).save(path)
    return paths


# Photos


def test_photos_are_listed_by_name_with_those_in_folders(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for name in ("b.PNG", "a.jpg", "more/c.webp", "notes.txt", "more/d"):
        (tmp_path / name).touch()
    assert [path.name for path in list_photos(tmp_path)] == ["a.jpg", "b.PNG", "c.webp"]


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(TrainingError, match=r"no photos found in .*; expected files such as"):
        list_photos(tmp_path)


def test_every_nth_photo_is_kept_out() -> None:
    photos = [Path(name) for name in "abcdefg"]
    train, kept_out = split_holdout(photos, 3)
    assert "".join(map(str, train)) == "bcef"
    assert "".join(map(str, kept_out)) == "adg"
    assert split_holdout(photos, 0) == (photos, [])


# Crops


def test_crops_share_at_least_the_overlap_of_their_area(seeded: Seeded) -> None:
    shares = []
    for seed in range(200):
        first, second = draw_crops(coordinates(150, 200), SMOKE, seeded(seed))
        assert first.shape == second.shape == (3, 64, 64)
        moved = (second - first)[:2, 32, 32] / torch.stack(steps(first))  # in px
        assert (moved - moved.round()).abs().max() < 0.1  # resampling a ramp adds a small ripple
        height, width = 1 - moved.round().abs() / 64
        shares.append(float(height * width))
    assert 0.5 <= min(shares) < 0.6  # no less than asked for, and not much more
    assert max(shares) > 0.95


def test_crops_are_mirrored_half_the_time_at_scales_down_to_the_smallest(seeded: Seeded) -> None:
    crops = [draw_crops(coordinates(150, 200), SMOKE, seeded(seed))[0] for seed in range(200)]
    mirrored = sum(bool(steps(crop)[1] < 0) for crop in crops)
    assert mirrored == pytest.approx(100, abs=5 * 7)  # a binomial distribution with a standard deviation of 7
    scales = [float(1 / 150 / steps(crop)[0]) for crop in crops]
    assert 0.5 - 0.01 < min(scales) < 0.55  # sides are rounded to pixels
    assert 0.95 < max(scales) < 1.01


def test_crops_that_overlap_whole_are_the_same(photo: Tensor, seeded: Seeded) -> None:
    first, second = draw_crops(photo, replace(SMOKE, overlap=1.0), seeded(0))
    assert torch.equal(first, second)


def test_a_small_photo_is_enlarged_until_a_crop_fits(seeded: Seeded) -> None:
    for crop in draw_crops(coordinates(40, 50), SMOKE, seeded(0)):
        assert crop.shape == (3, 64, 64)
        rows, columns = crop[0, :, 32], crop[1, 32]
        assert rows.max() - rows.min() == pytest.approx(39 / 40, abs=0.02)  # from the first to the last of 40 rows
        assert (columns.max() - columns.min()).abs() == pytest.approx(39 / 50, abs=0.02)  # 40 of 50 columns


def test_base_levels_are_drawn_with_their_chance(seeded: Seeded) -> None:
    recipe = replace(SMOKE, base_chance=0.25, base_level=2.0)
    generator = seeded(0)
    levels = [draw_base_level(recipe, generator) for _ in range(400)]
    assert sum(level > 0 for level in levels) == pytest.approx(100, abs=5 * 9)
    assert 1.9 < max(levels) <= 2


def test_levels_vary_around_those_of_the_recipe(seeded: Seeded) -> None:
    recipe = replace(SMOKE, levels=3, level_jitter=0.3)
    generator = seeded(0)
    drawn = torch.tensor([draw_levels(recipe, generator) for _ in range(300)])
    assert (drawn[:, 0] == 0).all()
    for column, middle in ((1, 5 / 3), (2, 10 / 3)):
        assert drawn[:, column].min() == pytest.approx(middle - 0.5, abs=0.02)
        assert drawn[:, column].max() == pytest.approx(middle + 0.5, abs=0.02)
    assert drawn[:, 3].max() == 5
    assert draw_levels(SMOKE, generator) == [0, 2.5, 5]


def test_colours_vary_and_stay_in_range(photo: Tensor, seeded: Seeded) -> None:
    recipe = replace(SMOKE, variation=1.0)
    varied = [vary_colors(photo, recipe, seeded(seed)) for seed in range(30)]
    assert all(0 <= image.min() and image.max() <= 1 for image in varied)
    vivid = [float((image.amax(0) - image.amin(0)).mean() / (photo.amax(0) - photo.amin(0)).mean()) for image in varied]
    assert min(vivid) < 1
    assert max(vivid) > 1.2
    assert torch.allclose(vary_colors(photo, SMOKE, seeded(0)), photo, atol=1e-6)  # variation 0


def test_renderings_are_of_both_kinds_and_leave_out_what_is_asked(seeded: Seeded) -> None:
    generator = seeded(0)
    recipe = replace(SMOKE, damage_chance=0.5, leave_out=("blur", "noise"), composed=2)
    drawn = [draw_rendering(recipe, generator).names for _ in range(400)]
    authentic = [names for names in drawn if set(names) <= set(AUTHENTIC)]
    assert len(authentic) == pytest.approx(200, abs=5 * 10)
    groups = {DEGRADATIONS[name].group for names in drawn if names not in authentic for name in names}
    assert groups == {"color", "compression", "brightness", "spatial", "sharpness_contrast"}


# Topics


@pytest.mark.parametrize(
    ("names", "concerned"),
    [
        (["gaussian_blur"], [1, 1, 1, 1, 0, 1, 1]),
        (["jpeg"], [1, 0, 0, 1, 0, 1, 1]),
        (["white_noise"], [1, 0, 0, 0, 1, 1, 1]),
        (["darken"], [1, 0, 0, 0, 0, 1, 1]),
        (["darken", "white_noise", "jpeg"], [1, 0, 0, 1, 1, 1, 1]),
        (["haze", "enlargement"], [1, 0, 1, 1, 0, 1, 1]),
    ],
)
def test_a_pair_is_concerned_by_the_degradations_it_is_about(names: list[str], concerned: list[int]) -> None:
    # Good photo, sharp image, sharp edges, high resolution, noise-free, high quality, good picture
    assert concerned_pairs(names, ANTONYM_PAIRS).tolist() == concerned


def test_topics_name_real_prompts_and_real_degradations() -> None:
    assert set(PAIR_TOPICS) < {pair.positive for pair in ANTONYM_PAIRS}
    named = frozenset[str]().union(*(topic.names for topic in PAIR_TOPICS.values()))
    assert named < {*DEGRADATIONS, *AUTHENTIC}
    assert not set(DEGRADATIONS) & set(AUTHENTIC)


# Samples


def test_a_sample_depends_on_its_number_alone(photos: list[Path]) -> None:
    forward, backward = CropDataset(photos, SMOKE), CropDataset(photos, SMOKE)
    samples = [forward[number] for number in range(8)]
    again = [backward[number] for number in reversed(range(8))][::-1]
    assert all(same(one, other) for one, other in zip(samples, again, strict=True))
    assert len({sample.crops.numpy().tobytes() for sample in samples}) == 8
    assert not same(samples[0], CropDataset(photos, replace(SMOKE, seed=8))[0])
    assert len(forward) == 4 * 2


def test_each_epoch_shows_every_photo_once_in_an_order_of_its_own(photos: list[Path]) -> None:
    # The third photo is bluish where the others are brown: a sample of it is told by its colour.
    dataset = CropDataset(photos, replace(SMOKE, steps=6))
    bluish = [bool(crop[2].mean() > crop[0].mean()) for crop in (dataset[number].crops[0, 0] for number in range(12))]
    epochs = [bluish[start : start + 3] for start in (0, 3, 6, 9)]
    assert [sum(epoch) for epoch in epochs] == [1, 1, 1, 1]
    assert any(epoch != epochs[0] for epoch in epochs)


def test_a_sample_holds_two_crops_at_every_level(photos: list[Path], seeded: Seeded) -> None:
    sample = CropDataset(photos, SMOKE)[0]
    assert sample.crops.shape == (2, 3, 3, 64, 64)
    assert (sample.concerned.shape, sample.pristine.item()) == ((7,), True)
    distances = (sample.crops - sample.crops[:, :1]).square().mean(dim=(2, 3, 4))
    assert (distances.diff(dim=1) > 0).all()
    degraded = CropDataset(photos, replace(SMOKE, base_chance=1.0))[0]
    assert not degraded.pristine
    assert not torch.equal(degraded.crops[:, 0], sample.crops[:, 0])


def test_a_mosaic_is_strong_in_a_region_and_mild_elsewhere(photos: list[Path]) -> None:
    recipe = replace(SMOKE, losses=LossSettings(local_weight=1.0), crop=96)
    seen = set()
    for number in range(6):
        sample, plain = (CropDataset(photos, each)[number] for each in (recipe, replace(recipe, losses=LossSettings())))
        assert torch.equal(sample.crops, plain.crops)  # the region is drawn last
        assert (plain.mosaic.numel(), sample.mosaic.shape, sample.shares.shape) == (0, (3, 96, 96), (3, 3))
        mild, strong = sample.crops[0, 0], sample.crops[0, -1]
        for row, column in torch.cartesian_prod(torch.arange(3), torch.arange(3)).tolist():
            place = slice(None), slice(32 * row, 32 * row + 32), slice(32 * column, 32 * column + 32)
            share = sample.shares[row, column].item()
            seen.add(share)
            if share in (0, 1):
                torch.testing.assert_close(sample.mosaic[place], (strong if share else mild)[place])
    assert {0.0, 1.0} < seen


def test_crops_share_their_draws_unless_they_are_not_to(photos: list[Path]) -> None:
    recipe = replace(SMOKE, overlap=1.0, leave_out=("blur", "color", "compression", "brightness", "spatial"))
    dataset = CropDataset(photos, replace(recipe, leave_out=(*recipe.leave_out, "sharpness_contrast")))  # noise is left
    alike = dataset[0].crops
    assert torch.equal(alike[0], alike[1])
    own = CropDataset(photos, replace(dataset.recipe, shared_draws=False))[0].crops
    assert torch.equal(own[0, 0], own[1, 0])
    assert not torch.equal(own[0, 1:], own[1, 1:])


def test_the_paper_knows_no_pristine_crop(photos: list[Path]) -> None:
    sample = CropDataset(photos, replace(SMOKE, with_pristine=False, pairs=1))[0]
    assert sample.crops.shape == (2, 2, 3, 64, 64)
    assert (sample.concerned.tolist(), sample.pristine.item()) == ([1], False)


def test_samples_are_collated_along_a_new_axis(photos: list[Path]) -> None:
    samples = [CropDataset(photos, SMOKE)[number] for number in (0, 1)]
    batch = collate(samples).to(torch.device("cpu"))
    assert (batch.crops.shape, batch.concerned.shape, batch.pristine.shape) == ((2, 2, 3, 3, 64, 64), (2, 7), (2,))
    assert torch.equal(batch.crops[1], samples[1].crops)


def test_enlarged_crops_are_softer_and_not_pristine(photos: list[Path]) -> None:
    recipe = replace(SMOKE, enlarge_chance=1.0)
    plain, enlarged = (CropDataset(photos, each)[0] for each in (SMOKE, recipe))
    assert enlarged.crops.shape == plain.crops.shape
    assert plain.pristine
    assert not enlarged.pristine
    assert CropDataset(photos, replace(recipe, pristine_enlargement=2.0))[0].pristine

    def roughness(crops: Tensor) -> float:
        return float(crops[:, 0].diff(dim=-1).abs().mean())

    assert roughness(enlarged.crops) < roughness(plain.crops)
