"""Every row of the table of degradations: what holds for all of them, the door, and other people's numbers."""

import itertools
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from qualiclip.degradations import DEGRADATIONS, GROUPS, blur, degrade, filters, sharpness_contrast
from qualiclip.errors import InputError, UsageError
from qualiclip.pictures import as_image
from tests.ordering import measure, reduced

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
SMOOTH = [name for name in NAMES if name not in STEPPING]


@pytest.fixture(scope="module")
def examples() -> list[Tensor]:
    """Four sharp photos in colour, whole, 320 px long."""
    return [
        reduced(as_image(EXAMPLES / name), 320) for name in ("coffee.png", "astronaut.png", "lake.png", "rocket.jpg")
    ]


def distance(image: Tensor, name: str, level: float, seeded: Seeded) -> float:
    """Mean squared distance to the pristine image."""
    return float((degrade(image, name, level=level, generator=seeded(0)) - image).square().mean())


# What holds for every row


def test_shape_and_dtype_are_kept_and_the_input_is_left_alone(photo: Tensor, seeded: Seeded) -> None:
    for name in NAMES:
        for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
            image = photo.to(dtype)
            before = image.clone()
            degraded = degrade(image, name, level=3, generator=seeded(1))
            assert (name, degraded.shape, degraded.dtype) == (name, image.shape, dtype)
            assert torch.equal(image, before), name
            expected = degrade(image.float(), name, level=3, generator=seeded(1))  # computed in float32, then rounded
            assert torch.equal(degraded, expected.to(dtype)), (name, dtype)


def test_same_seed_gives_same_image(photo: Tensor, seeded: Seeded) -> None:
    for name in NAMES:
        first, second = (degrade(photo, name, level=2.5, generator=seeded(5)) for _ in range(2))
        assert torch.equal(first, second), name


def test_only_random_rows_depend_on_the_seed(photo: Tensor, seeded: Seeded) -> None:
    for name in NAMES:
        images = [degrade(photo, name, level=4, generator=seeded(seed)) for seed in range(6)]
        assert any(not torch.equal(images[0], image) for image in images) == (name in RANDOM), name


def test_level_0_is_a_copy_of_the_image(photo: Tensor, seeded: Seeded) -> None:
    for name in NAMES:
        degraded = degrade(photo, name, level=0, generator=seeded(0))
        assert torch.equal(degraded, photo), name
        assert degraded.data_ptr() != photo.data_ptr(), name


@pytest.mark.parametrize("group", GROUPS)
def test_each_level_is_further_from_pristine_than_the_one_before(group: str, examples: list[Tensor]) -> None:
    # By error and by FSIMc, on two of them. `make ordering` measures the same on any folder of photos.
    for name in GROUPS[group]:
        measured = [measure(image, name, seed=seed) for seed, image in enumerate(examples[::2])]
        assert [steps.by_error for steps in measured] == [(True,) * 5] * 2, name
        assert [steps.by_fsimc for steps in measured] == [(True,) * 5] * 2, name


def test_level_1_is_visible_to_the_numbers(examples: list[Tensor], seeded: Seeded) -> None:
    for name in NAMES:
        for image in examples:
            assert distance(image, name, 1, seeded) > 255**-2 / 2, name  # six times what rounding to 8 bits does


def test_fractional_levels_lie_between_their_neighbours(examples: list[Tensor], seeded: Seeded) -> None:
    for name in SMOOTH:
        distances = [distance(examples[1], name, level, seeded) for level in (0, 0.5, 1, 2, 2.5, 3)]
        assert distances == sorted(set(distances)), name


def test_a_little_more_level_is_a_little_more_change(examples: list[Tensor], seeded: Seeded) -> None:
    image = examples[1]
    for name in SMOOTH:
        for level in (0, 0.3, 0.99, 1, 1.5, 2, 2.7, 3, 3.33, 4, 4.99):
            near = [degrade(image, name, level=value, generator=seeded(1)) for value in (level, level + 0.01)]
            change = float((near[1] - near[0]).abs().mean())
            assert change < 2 / 255, (name, level)  # JPEG 2000 drops whole passes: 1.6 were seen


def test_one_more_tap_of_a_kernel_is_no_jump(photo: Tensor, seeded: Seeded) -> None:
    # Kernels end at 2 sigma, so they grow in steps: where they do, up to 0.6/255 were seen.
    for name in ("gaussian_blur", "color_diffusion"):
        images = [degrade(photo, name, level=step / 50, generator=seeded(0)) for step in range(251)]
        assert max(float((b - a).abs().mean()) for a, b in itertools.pairwise(images)) < 1.5 / 255, name


def test_a_batch_equals_its_images_one_by_one(photo: Tensor, seeded: Seeded) -> None:
    images = torch.stack([photo, photo.flip(-1)])
    for name in NAMES:
        generator = seeded(3)
        singles = [degrade(image, name, level=3, generator=generator) for image in images]
        assert torch.equal(degrade(images, name, level=3, generator=seeded(3)), torch.stack(singles)), name


def test_small_and_odd_sizes_give_values_from_0_to_1(photo: Tensor, seeded: Seeded) -> None:
    for name in NAMES:
        for size in ((16, 16), (33, 47)):
            image = photo[:, : size[0], : size[1]]
            for level in (0.5, 5):
                degraded = degrade(image, name, level=level, generator=seeded(0))
                assert degraded.shape == (3, *size), name
                assert degraded.amin() >= 0, name
                assert degraded.amax() <= 1, name


def test_one_generator_per_image_gives_what_each_image_gives_alone(photo: Tensor, seeded: Seeded) -> None:
    images = torch.stack([photo, photo.flip(-1)])
    for name in NAMES:
        batch = degrade(images, name, level=3, generator=[seeded(7), seeded(8)])
        for image, degraded, seed in zip(images, batch, (7, 8), strict=True):
            assert torch.equal(degraded, degrade(image, name, level=3, generator=seeded(seed))), name


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_what_the_processor_gives(photo: Tensor, seeded: Seeded) -> None:
    for name in NAMES:
        on_gpu = degrade(photo.cuda(), name, level=3.5, generator=seeded(1))
        assert on_gpu.device.type == "cuda", name
        here = degrade(photo, name, level=3.5, generator=seeded(1))
        assert (on_gpu.cpu() - here).abs().mean() < 1e-3, name  # a rounding may fall to the other side


# Regions


def test_a_mask_says_where_and_how_much(photo: Tensor, seeded: Seeded) -> None:
    mask = torch.zeros(photo.shape[1:])
    mask[20:60, 30:80], mask[60:70, 30:80] = 1, 0.5
    for name in NAMES:
        degraded = degrade(photo, name, level=4, generator=seeded(1), mask=mask)
        everywhere = degrade(photo, name, level=4, generator=seeded(1))
        assert torch.equal(degraded[:, mask == 0], photo[:, mask == 0]), name
        assert torch.equal(degraded[:, mask == 1], everywhere[:, mask == 1]), name
        half = (photo + everywhere)[:, mask == 0.5] / 2
        torch.testing.assert_close(degraded[:, mask == 0.5], half, rtol=0, atol=1e-6)


def test_a_batch_takes_one_mask_or_one_for_each(photo: Tensor, seeded: Seeded) -> None:
    images = torch.stack([photo, photo])
    left = torch.zeros(photo.shape[1:])
    left[:, :40] = 1
    shared = degrade(images, "darken", level=4, generator=seeded(0), mask=left)
    own = degrade(images, "darken", level=4, generator=seeded(0), mask=torch.stack([left, 1 - left]))
    assert torch.equal(shared[0], shared[1])
    assert torch.equal(own[0], shared[0])
    assert torch.equal(own[1][:, :, :40], photo[:, :, :40])


def test_a_mask_leaves_the_rest_bit_exact_in_any_dtype(photo: Tensor, seeded: Seeded) -> None:
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        image = photo.to(dtype)
        mask = torch.zeros(photo.shape[1:], dtype=dtype)
        mask[:10] = 1
        degraded = degrade(image, "jpeg", level=4, generator=seeded(0), mask=mask)
        assert degraded.dtype == dtype
        assert torch.equal(degraded[:, 10:], image[:, 10:])
        assert not torch.equal(degraded[:, :10], image[:, :10])


def test_masks_of_other_shapes_are_refused(photo: Tensor, seeded: Seeded) -> None:
    for shape in ((96,), (128, 96), (3, 96, 128), (1, 1, 96, 128)):
        with pytest.raises(InputError, match=r"a mask must have the shape \(96, 128\) of the image, got \("):
            degrade(photo, "jpeg", level=1, generator=seeded(0), mask=torch.zeros(shape))


def test_masks_outside_0_to_1_are_refused(photo: Tensor, seeded: Seeded) -> None:
    for value in (math.nan, -0.1, 1.0000001):
        with pytest.raises(InputError, match=rf"mask values must lie in \[0, 1\], got {value} to {value}$"):
            degrade(photo, "jpeg", level=1, generator=seeded(0), mask=torch.full(photo.shape[1:], value))


def test_a_mask_of_truth_values_is_refused(photo: Tensor, seeded: Seeded) -> None:
    with pytest.raises(InputError, match=r"mask must be a floating tensor in \[0, 1\], got torch\.bool"):
        degrade(photo, "jpeg", level=1, generator=seeded(0), mask=torch.ones(photo.shape[1:], dtype=torch.bool))


def test_generators_that_are_not_one_per_image_are_refused(photo: Tensor, seeded: Seeded) -> None:
    images = torch.stack([photo, photo])
    for count in (0, 1, 3):
        with pytest.raises(UsageError, match=f"one for each of the 2 images, got {count}"):
            degrade(images, "jpeg", level=1, generator=[seeded(seed) for seed in range(count)])


# The same seed at a higher level: the same draw, stronger


def test_noise_at_a_higher_level_is_the_same_noise_times_a_factor(seeded: Seeded) -> None:
    gray = torch.full((3, 32, 32), 0.5)  # far from 0 and 1, where noise would be clipped
    for name in ("white_noise", "white_noise_ycbcr", "multiplicative_noise"):
        weak, strong = (degrade(gray, name, level=level, generator=seeded(2)) - gray for level in (1, 3))
        factor = math.sqrt(DEGRADATIONS[name].strengths[2] / DEGRADATIONS[name].strengths[0])
        torch.testing.assert_close(strong, weak * factor, rtol=0, atol=1e-6)


def test_impulses_of_a_lower_level_are_among_those_of_a_higher_one(photo: Tensor, seeded: Seeded) -> None:
    weak, strong = (degrade(photo, "impulse_noise", level=level, generator=seeded(2)) for level in (2, 4))
    hit = weak != photo
    assert torch.equal(weak[hit], strong[hit])
    assert (strong != photo).sum() > 2 * hit.sum() > 0


def test_one_more_patch_changes_one_square_only(photo: Tensor, seeded: Seeded) -> None:
    for name, side in (("non_eccentricity_patch", 16), ("color_block", 32)):
        images = [degrade(photo, name, strength=count, generator=seeded(2)) for count in range(8)]
        for fewer, more in itertools.pairwise(images):
            rows, columns = (fewer != more).any(dim=0).nonzero(as_tuple=True)
            assert 0 < 1 + rows.max() - rows.min() <= side, name
            assert 0 < 1 + columns.max() - columns.min() <= side, name


def test_the_drawn_sign_is_the_same_at_all_levels(seeded: Seeded) -> None:
    bright = torch.full((3, 4, 4), 0.7)
    for name in ("mean_shift", "linear_contrast_change"):
        for seed in range(4):
            changes = [degrade(bright, name, level=level, generator=seeded(seed)) - bright for level in (1, 5)]
            assert (changes[0].sign() == changes[1].sign()).all(), name
            assert (changes[0].sign() == (1 if torch.rand((), generator=seeded(seed)) < 0.5 else -1)).all(), name


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
    if name == "quantization":  # the port stretches to the full range what we leave where it was
        steps = DEGRADATIONS[name].apply(image, float(strength), generator)
        return (steps - steps.amin()) / (steps.amax() - steps.amin())
    return DEGRADATIONS[name].apply(image, float(strength), generator)


def test_degradations_equal_those_of_the_arniqa_port(seeded: Seeded) -> None:
    # Outputs of miccunifi/ARNIQA (f60c0f2) on a crop of scikit-image's `chelsea`, for the rows that are
    # deterministic and right in the port. They are rounded or cut to 8 bits: up to 1/255. More for the codecs,
    # which may be of another version, and for what the port cuts to 8 bits within its way through Lab.
    for key in GOLDEN:
        if key != "input":
            loose = key.startswith(("jpeg", "color_diffusion", "color_saturation_lab"))
            error = (recompute(key, seeded(0)).clamp(0, 1) - from_golden(key)).abs().mean()
            assert error <= (3 if loose else 1) / 255, key


# The table


def test_the_table_has_24_rows_in_seven_groups() -> None:
    assert {group: len(names) for group, names in GROUPS.items()} == {
        **{"blur": 3, "color": 4, "compression": 2, "noise": 4, "brightness": 3, "spatial": 5},
        "sharpness_contrast": 3,
    }
    assert [name for names in GROUPS.values() for name in names] == NAMES
    assert len(set(NAMES)) == len({row.label for row in DEGRADATIONS.values()}) == 24


def test_strengths_go_one_way_from_the_origin() -> None:
    for name, row in DEGRADATIONS.items():
        strengths = row.strengths if row.origin is None else (row.origin, *row.strengths)
        assert len(set(strengths)) == len(strengths), name
        assert list(strengths) in (sorted(strengths), sorted(strengths, reverse=True)), name


def test_published_strengths_are_given_where_ours_are_corrected() -> None:
    for name, row in DEGRADATIONS.items():
        assert row.published != row.strengths, name
        if row.published is not None:
            assert row.correction.endswith("."), name


def test_strengths_between_levels_are_interpolated() -> None:
    lens, gaussian, pixelate = (DEGRADATIONS[name] for name in ("lens_blur", "gaussian_blur", "pixelate"))
    assert [lens.strength_at(level) for level in (0, 0.5, 1, 2.5, 5)] == [0.5, 0.75, 1, 3, 8]
    assert gaussian.strength_at(3.5) == pytest.approx(math.sqrt(1 * 2))  # by ratio
    assert DEGRADATIONS["white_noise"].strength_at(0.5) == pytest.approx(0.0005)  # there is no ratio to 0
    assert pixelate.strength_at(0.5) == pixelate.strength_at(1) == 0.002  # faded in instead
    for row in DEGRADATIONS.values():
        assert tuple(row.strength_at(level) for level in range(1, 6)) == row.strengths  # not by way of logarithms


def test_the_origin_changes_nothing_that_is_visible(photo: Tensor, seeded: Seeded) -> None:
    for name, row in DEGRADATIONS.items():
        if row.origin is not None:
            unchanged = degrade(photo, name, strength=row.origin, generator=seeded(0))
            assert (unchanged - photo).abs().mean() < 1.5 / 255, name  # JPEG at quality 100 rounds to 8 bits twice


# Errors


def test_values_outside_0_to_1_are_refused(photo: Tensor, seeded: Seeded) -> None:
    for value in (math.nan, math.inf, -0.01, 1.01):
        photo[1, 2, 3] = value
        with pytest.raises(InputError, match=r"must lie in \[0, 1\], got "):
            degrade(photo, "jpeg", level=1, generator=seeded(0))


def test_other_shapes_are_refused(seeded: Seeded) -> None:
    for shape in ((1, 8, 8), (4, 8, 8), (8, 8), (8, 8, 3), (2, 1, 8, 8), (3, 0, 8)):
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


def test_levels_outside_0_to_5_are_refused(photo: Tensor, seeded: Seeded) -> None:
    for level in (-0.1, 5.01, math.nan):
        with pytest.raises(UsageError, match=r"level must lie in \[0, 5\], got"):
            degrade(photo, "jpeg", level=level, generator=seeded(0))


def test_exactly_one_of_level_and_strength_is_needed(photo: Tensor, seeded: Seeded) -> None:
    choices: list[dict[str, float]] = [{}, {"level": 1.0, "strength": 20.0}, {"level": 0.0, "strength": 20.0}]
    for choice in choices:
        with pytest.raises(UsageError, match=r"either a level \(0 to 5\) or a strength"):
            degrade(photo, "jpeg", generator=seeded(0), **choice)


def test_strengths_that_make_no_sense_are_refused(photo: Tensor, seeded: Seeded) -> None:
    for strength in (math.nan, math.inf, -math.inf, 0.5, 100.5):
        with pytest.raises(UsageError, match=r"strength of jpeg \(quality\) must lie in \[1, 100\], got"):
            degrade(photo, "jpeg", strength=strength, generator=seeded(0))


def test_the_outermost_valid_strengths_give_an_image(photo: Tensor, seeded: Seeded) -> None:
    for name, row in DEGRADATIONS.items():
        for strength in (*row.valid, *row.strengths, *(row.published or ())):
            if row.valid[0] <= strength <= row.valid[1]:
                degraded = degrade(photo, name, strength=strength, generator=seeded(0))
                assert degraded.isfinite().all(), name
        assert row.valid[0] <= min(row.strengths), name
        assert max(row.strengths) <= row.valid[1], name
