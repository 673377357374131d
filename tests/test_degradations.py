"""Every row of the table of degradations: what holds for all of them, the door, and other people's numbers."""

import itertools
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Generator, Tensor
from torch.nn import functional

from qualiclip.degradations import DEGRADATIONS, GROUPS, blur, degrade, filters, sharpness_contrast
from qualiclip.errors import InputError, UsageError
from qualiclip.pictures import as_image

Seeded = Callable[[int], Generator]

EXAMPLES = Path(__file__).resolve().parent.parent / "assets" / "examples"
GOLDEN = np.load(Path(__file__).parent / "golden" / "degradations.npz")
NAMES = list(DEGRADATIONS)
RANDOM = {
    *("motion_blur", "color_shift", "mean_shift", "jitter", "linear_contrast_change"),
    *("white_noise", "white_noise_ycbcr", "impulse_noise", "multiplicative_noise"),
    *("non_eccentricity_patch", "color_block"),
}
STEPPING = {"jpeg", "non_eccentricity_patch", "pixelate", "quantization", "color_block"}  # strengths are rounded


@pytest.fixture(scope="module")
def photos() -> list[Tensor]:
    """Three whole colour photos, their short side 200 px long."""
    images = [as_image(EXAMPLES / name) for name in ("coffee.png", "astronaut.png", "osprey.jpg")]
    sizes = [[round(side * 200 / min(image.shape[1:])) for side in image.shape[1:]] for image in images]
    return [
        functional.interpolate(image[None], size=size, mode="bilinear", antialias=True)[0].clamp(0, 1)
        for image, size in zip(images, sizes, strict=True)
    ]


def distance(image: Tensor, name: str, level: float, seeded: Seeded) -> float:
    """Mean squared distance to the pristine image; of random rows the mean over four seeds."""
    seeds = range(4) if name in RANDOM else range(1)
    degraded = [degrade(image, name, level=level, generator=seeded(seed)) for seed in seeds]
    return float(torch.stack([(one - image).square().mean() for one in degraded]).mean())


# What holds for every row


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", NAMES)
def test_shape_and_dtype_are_kept_and_the_input_is_left_alone(
    name: str, dtype: torch.dtype, photo: Tensor, seeded: Seeded
) -> None:
    image = photo.to(dtype)
    before = image.clone()
    degraded = degrade(image, name, level=3, generator=seeded(1))
    assert (degraded.shape, degraded.dtype) == (image.shape, dtype)
    assert torch.equal(image, before)
    assert torch.equal(degraded.float(), degrade(photo, name, level=3, generator=seeded(1)))


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_gives_same_image(name: str, photo: Tensor, seeded: Seeded) -> None:
    first, second = (degrade(photo, name, level=2.5, generator=seeded(5)) for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize("name", NAMES)
def test_only_random_rows_depend_on_the_seed(name: str, photo: Tensor, seeded: Seeded) -> None:
    images = [degrade(photo, name, level=4, generator=seeded(seed)) for seed in range(6)]
    assert any(not torch.equal(images[0], image) for image in images) == (name in RANDOM)


@pytest.mark.parametrize("name", NAMES)
def test_level_0_is_a_copy_of_the_image(name: str, photo: Tensor, seeded: Seeded) -> None:
    degraded = degrade(photo, name, level=0, generator=seeded(0))
    assert torch.equal(degraded, photo)
    assert degraded.data_ptr() != photo.data_ptr()


@pytest.mark.parametrize("name", NAMES)
def test_each_level_is_further_from_pristine_than_the_one_before(
    name: str, photos: list[Tensor], seeded: Seeded
) -> None:
    for image in photos:
        distances = [distance(image, name, level, seeded) for level in range(6)]
        assert distances == sorted(set(distances))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in STEPPING])
def test_fractional_levels_lie_between_their_neighbours(name: str, photos: list[Tensor], seeded: Seeded) -> None:
    distances = [distance(photos[0], name, level, seeded) for level in (0, 0.5, 1, 2, 2.5, 3)]
    assert distances == sorted(set(distances))


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_equals_its_images_one_by_one(name: str, photo: Tensor, seeded: Seeded) -> None:
    images = torch.stack([photo, photo.flip(-1)])
    generator = seeded(3)
    singles = [degrade(image, name, level=3, generator=generator) for image in images]
    assert torch.equal(degrade(images, name, level=3, generator=seeded(3)), torch.stack(singles))


@pytest.mark.parametrize("size", [(16, 16), (33, 47)])
@pytest.mark.parametrize("name", NAMES)
def test_small_and_odd_sizes_give_values_from_0_to_1(
    name: str, size: tuple[int, int], photo: Tensor, seeded: Seeded
) -> None:
    image = photo[:, : size[0], : size[1]]
    for level in (0.5, 5):
        degraded = degrade(image, name, level=level, generator=seeded(0))
        assert degraded.shape == (3, *size)
        assert degraded.amin() >= 0
        assert degraded.amax() <= 1


# The same seed at a higher level: the same draw, stronger


@pytest.mark.parametrize("name", ["white_noise", "white_noise_ycbcr", "multiplicative_noise"])
def test_noise_at_a_higher_level_is_the_same_noise_times_a_factor(name: str, seeded: Seeded) -> None:
    gray = torch.full((3, 32, 32), 0.5)  # far from 0 and 1, where noise would be clipped
    weak, strong = (degrade(gray, name, level=level, generator=seeded(2)) - gray for level in (1, 3))
    factor = math.sqrt(DEGRADATIONS[name].strengths[2] / DEGRADATIONS[name].strengths[0])
    torch.testing.assert_close(strong, weak * factor, rtol=0, atol=1e-6)


def test_impulses_of_a_lower_level_are_among_those_of_a_higher_one(photo: Tensor, seeded: Seeded) -> None:
    weak, strong = (degrade(photo, "impulse_noise", level=level, generator=seeded(2)) for level in (2, 4))
    hit = weak != photo
    assert torch.equal(weak[hit], strong[hit])
    assert (strong != photo).sum() > 2 * hit.sum() > 0


@pytest.mark.parametrize(("name", "side"), [("non_eccentricity_patch", 16), ("color_block", 32)])
def test_one_more_patch_changes_one_square_only(name: str, side: int, photo: Tensor, seeded: Seeded) -> None:
    images = [degrade(photo, name, strength=count, generator=seeded(2)) for count in range(8)]
    for fewer, more in itertools.pairwise(images):
        rows, columns = (fewer != more).any(dim=0).nonzero(as_tuple=True)
        assert 0 < 1 + rows.max() - rows.min() <= side
        assert 0 < 1 + columns.max() - columns.min() <= side


@pytest.mark.parametrize("name", ["mean_shift", "linear_contrast_change"])
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_the_drawn_sign_is_the_same_at_all_levels(name: str, seed: int, seeded: Seeded) -> None:
    bright = torch.full((3, 4, 4), 0.7)
    changes = [degrade(bright, name, level=level, generator=seeded(seed)) - bright for level in (1, 5)]
    assert (changes[0].sign() == changes[1].sign()).all()
    assert (changes[0].sign() == (1 if torch.rand((), generator=seeded(seed)) < 0.5 else -1)).all()


# Other people's numbers


def from_golden(key: str) -> Tensor:
    return torch.from_numpy(GOLDEN[key]).permute(2, 0, 1) / 255


def recompute(key: str, generator: Generator) -> Tensor:
    """The degradation that a golden key names, with what the port draws given."""
    image = from_golden("input")
    name, strength = key.split("|")
    if name.startswith("motion_blur@"):
        angle = float(name.removeprefix("motion_blur@"))
        return filters.convolve(image, blur.motion_kernel(float(strength), angle))
    if name == "mean_shift":
        return image + float(strength)
    if name == "linear_contrast_change":
        return sharpness_contrast.bend_contrast(image, float(strength))
    return DEGRADATIONS[name].apply(image, float(strength), generator)


@pytest.mark.parametrize("key", [key for key in GOLDEN if key != "input"])
def test_degradations_equal_those_of_the_arniqa_port(key: str, seeded: Seeded) -> None:
    # Outputs of miccunifi/ARNIQA (f60c0f2) on a crop of scikit-image's `chelsea`, for the rows that are
    # deterministic and right in the port. They are rounded or cut to 8 bits: up to 1/255. More for the codecs,
    # which may be of another version, and for what the port cuts to 8 bits within its way through Lab.
    loose = key.startswith(("jpeg", "color_diffusion", "color_saturation_lab"))
    error = (recompute(key, seeded(0)).clamp(0, 1) - from_golden(key)).abs().mean()
    assert error <= (3 if loose else 1) / 255


# The table


def test_the_table_has_24_rows_in_seven_groups() -> None:
    assert {group: len(names) for group, names in GROUPS.items()} == {
        **{"blur": 3, "color": 4, "compression": 2, "noise": 4, "brightness": 3, "spatial": 5},
        "sharpness_contrast": 3,
    }
    assert [name for names in GROUPS.values() for name in names] == NAMES
    assert len(set(NAMES)) == len({row.label for row in DEGRADATIONS.values()}) == 24


@pytest.mark.parametrize("name", NAMES)
def test_strengths_go_one_way_from_the_origin(name: str) -> None:
    row = DEGRADATIONS[name]
    strengths = row.strengths if row.origin is None else (row.origin, *row.strengths)
    assert len(set(strengths)) == len(strengths)
    assert list(strengths) in (sorted(strengths), sorted(strengths, reverse=True))


@pytest.mark.parametrize("name", NAMES)
def test_published_strengths_are_given_where_ours_are_corrected(name: str) -> None:
    row = DEGRADATIONS[name]
    assert (row.published is None) == (row.correction == "")
    assert row.published != row.strengths


def test_strengths_between_levels_are_interpolated() -> None:
    lens, gaussian, pixelate = (DEGRADATIONS[name] for name in ("lens_blur", "gaussian_blur", "pixelate"))
    assert [lens.strength_at(level) for level in (0, 0.5, 1, 2.5, 5)] == [0.5, 0.75, 1, 3, 8]
    assert gaussian.strength_at(3.5) == pytest.approx(math.sqrt(1 * 2))  # by ratio
    assert DEGRADATIONS["white_noise"].strength_at(0.5) == pytest.approx(0.0005)  # there is no ratio to 0
    assert pixelate.strength_at(0.5) == pixelate.strength_at(1) == 0.01  # faded in instead


@pytest.mark.parametrize("name", [name for name in NAMES if DEGRADATIONS[name].origin is not None])
def test_the_origin_changes_nothing_that_is_visible(name: str, photo: Tensor, seeded: Seeded) -> None:
    row = DEGRADATIONS[name]
    assert row.origin is not None
    image = (photo - photo.amin()) / (photo.amax() - photo.amin())  # for quantisation stretches to the full range
    unchanged = degrade(image, name, strength=row.origin, generator=seeded(0))
    assert (unchanged - image).abs().mean() < 1.5 / 255  # JPEG at quality 100 rounds to 8 bits twice


# Errors


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.01, 1.01])
def test_values_outside_0_to_1_are_refused(value: float, photo: Tensor, seeded: Seeded) -> None:
    photo[1, 2, 3] = value
    with pytest.raises(InputError, match=r"must lie in \[0, 1\], got "):
        degrade(photo, "jpeg", level=1, generator=seeded(0))


@pytest.mark.parametrize("shape", [(1, 8, 8), (4, 8, 8), (8, 8), (8, 8, 3), (2, 1, 8, 8), (3, 0, 8)])
def test_other_shapes_are_refused(shape: tuple[int, ...], seeded: Seeded) -> None:
    with pytest.raises(InputError, match=r"shape \(3, H, W\) or \(N, 3, H, W\), got \("):
        degrade(torch.zeros(shape), "jpeg", level=1, generator=seeded(0))


def test_integer_tensors_are_refused(seeded: Seeded) -> None:
    with pytest.raises(InputError, match=r"torch\.uint8; divide 8-bit values by 255"):
        degrade(torch.zeros((3, 8, 8), dtype=torch.uint8), "jpeg", level=1, generator=seeded(0))


def test_an_unknown_name_suggests_the_nearest(photo: Tensor, seeded: Seeded) -> None:
    with pytest.raises(UsageError, match="unknown degradation 'gausian_blur'; did you mean gaussian_blur"):
        degrade(photo, "gausian_blur", level=1, generator=seeded(0))
    with pytest.raises(UsageError, match="known: brighten, color_block"):
        degrade(torch.zeros(3, 32, 32), "??", level=1, generator=torch.Generator())


@pytest.mark.parametrize("level", [-0.1, 5.01, math.nan])
def test_levels_outside_0_to_5_are_refused(level: float, photo: Tensor, seeded: Seeded) -> None:
    with pytest.raises(UsageError, match=r"level must lie in \[0, 5\], got"):
        degrade(photo, "jpeg", level=level, generator=seeded(0))


@pytest.mark.parametrize("choice", [{}, {"level": 1.0, "strength": 20.0}, {"level": 0.0, "strength": 20.0}])
def test_exactly_one_of_level_and_strength_is_needed(choice: dict[str, float], photo: Tensor, seeded: Seeded) -> None:
    with pytest.raises(UsageError, match=r"either a level \(0 to 5\) or a strength"):
        degrade(photo, "jpeg", generator=seeded(0), **choice)


@pytest.mark.parametrize("strength", [math.nan, math.inf, -math.inf, 0.5, 100.5])
def test_strengths_that_make_no_sense_are_refused(strength: float, photo: Tensor, seeded: Seeded) -> None:
    with pytest.raises(UsageError, match=r"strength of jpeg \(quality\) must lie in \[1, 100\], got"):
        degrade(photo, "jpeg", strength=strength, generator=seeded(0))


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_the_outermost_valid_strengths_give_an_image(name: str, photo: Tensor, seeded: Seeded) -> None:
    row = DEGRADATIONS[name]
    for strength in (*row.valid, *row.strengths, *(row.published or ())):
        if row.valid[0] <= strength <= row.valid[1]:
            degraded = degrade(photo, name, strength=strength, generator=seeded(0))
            assert degraded.isfinite().all()
    assert row.valid[0] <= min(row.strengths)
    assert max(row.strengths) <= row.valid[1]
