"""Single degradations and their parts against cases worked out by hand, or by another library."""

import io
import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from skimage import color as reference_color
from torch import Generator, Tensor

from qualiclip.degradations import (
    DEGRADATIONS,
    GROUPS,
    blur,
    color,
    colorspace,
    degrade,
    filters,
    sharpness_contrast,
    spatial,
)
from qualiclip.degradations.curves import apply_curve
from qualiclip.errors import InputError
from qualiclip.pictures import as_image, image_to_picture, picture_to_image
from tests.plain_degradations import PLAIN

Seeded = Callable[[int], Generator]
EXAMPLES = Path(__file__).resolve().parent.parent / "assets" / "examples"


def channels_last(image: Tensor) -> np.ndarray:
    return image.permute(1, 2, 0).double().numpy()


def channels_first(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array).permute(2, 0, 1).float()


def close(actual: Tensor, expected: Tensor, *, atol: float = 1e-6) -> None:
    torch.testing.assert_close(actual, expected, rtol=0, atol=atol)


# Kernels


def test_disk_kernels_are_symmetric_averages() -> None:
    for radius in (0.5, 0.7, 1, 1.5, 2, 5.3, 8):
        kernel = blur.disk_kernel(radius)
        assert kernel.sum() == pytest.approx(1, abs=1e-6), radius
        assert kernel.min() >= 0, radius
        for turned in (kernel.flip(0), kernel.flip(1), kernel.T):
            close(turned, kernel, atol=1e-5)  # one axis is a sum of 1024 steps


def test_disk_of_radius_1_weighs_pixels_by_the_area_it_covers() -> None:
    # The centre is covered whole. The pixel to its right holds the integral of sqrt(1 - y²) - 1/2 over
    # y = -1/2..1/2, which is sqrt(3)/4 + π/6 - 1/2; the corners share what is left of π.
    side = math.sqrt(3) / 4 + math.pi / 6 - 1 / 2
    corner = (math.pi - 1 - 4 * side) / 4
    expected = torch.tensor([[corner, side, corner], [side, 1, side], [corner, side, corner]]) / math.pi
    close(blur.disk_kernel(1), expected, atol=1e-5)


def test_a_disk_within_one_pixel_is_the_identity() -> None:
    assert blur.disk_kernel(0.5).tolist() == [[1.0]]


def test_motion_kernels_are_averages_symmetric_to_their_centre() -> None:
    for angle in range(0, 181, 15):
        assert blur.motion_kernel(1, angle).tolist() == [[1.0]]
        for length in (1.5, 2, 4, 6, 10):
            kernel = blur.motion_kernel(length, angle)
            assert kernel.sum() == pytest.approx(1, abs=1e-6), (angle, length)
            assert kernel.min() >= 0, (angle, length)
            close(kernel.flip(0, 1), kernel)


def test_motion_along_an_axis_averages_the_pixels_of_the_line() -> None:
    close(blur.motion_kernel(3, 0), torch.full((1, 3), 1 / 3))
    close(blur.motion_kernel(3, 90), torch.full((3, 1), 1 / 3))
    close(blur.motion_kernel(2, 0), torch.tensor([[0.25, 0.5, 0.25]]))  # the ends are half a pixel off the line


def test_motion_angles_turn_anticlockwise() -> None:
    kernel = blur.motion_kernel(6, 45)
    assert kernel[0, -1] == kernel[-1, 0] > 0.05
    assert kernel[0, 0] == kernel[-1, -1] == 0


def test_motion_blur_draws_its_angle_from_half_a_turn(photo: Tensor, seeded: Seeded) -> None:
    angle = 180 * float(torch.rand((), generator=seeded(4)))
    expected = torch.from_numpy(
        ndimage.correlate(photo.numpy(), blur.motion_kernel(6, angle).numpy()[None], mode="nearest")
    )
    close(degrade(photo, "motion_blur", strength=6, generator=seeded(4)), expected, atol=1e-5)


# Filters


def test_separable_filters_equal_those_of_scipy() -> None:
    for sigma, size in itertools.product((0.3, 1, 5, 20), ((16, 16), (33, 70), (64, 31))):
        image = torch.rand((2, *size), generator=torch.Generator().manual_seed(0))
        weights = filters.gaussian_weights(sigma)
        expected = image.double().numpy()
        for axis in (1, 2):
            expected = ndimage.correlate1d(expected, weights.double().numpy(), axis=axis, mode="nearest")
        close(filters.filter_separably(image, weights), torch.from_numpy(expected).float(), atol=1e-5)


def test_convolutions_equal_those_of_scipy() -> None:
    for kernel, size in itertools.product(((1, 1), (1, 5), (7, 3), (41, 41)), ((16, 16), (33, 70))):
        generator = torch.Generator().manual_seed(0)
        image, weights = torch.rand((2, *size), generator=generator), torch.rand(kernel, generator=generator)
        weights /= weights.sum()
        expected = torch.from_numpy(ndimage.correlate(image.numpy(), weights.numpy()[None], mode="nearest"))
        close(filters.convolve(image, weights), expected, atol=1e-5)


def test_gaussian_weights_are_those_of_kadid() -> None:
    weights = filters.gaussian_weights(0.5)  # 2·ceil(2·0.5) + 1 taps, of exp(-2·x²)
    close(weights, torch.tensor([math.exp(-2), 1, math.exp(-2)]) / (1 + 2 * math.exp(-2)))


# A plain reading of every type, at all of its levels


@pytest.mark.parametrize("group", GROUPS)
def test_every_type_equals_its_plain_reading(group: str, seeded: Seeded) -> None:
    for name, size in itertools.product(GROUPS[group], ((128, 160), (97, 65))):
        image = as_image(EXAMPLES / "coffee.png")[:, 100 : 100 + size[0], 200 : 200 + size[1]]
        for strength in DEGRADATIONS[name].strengths:
            if name == "jpeg2000" and min(size) < 128:
                continue  # the plain one needs 8 resolutions
            ours = degrade(image, name, strength=strength, generator=seeded(3))
            close(ours, PLAIN[name](image, strength, seeded(3)).clamp(0, 1), atol=1e-4)


# Colours


def test_lab_equals_that_of_skimage_and_goes_back(photo: Tensor) -> None:
    corners = torch.cartesian_prod(*[torch.tensor([0.0, 0.02, 0.5, 1.0])] * 3).T[:, None]  # (3, 1, 64)
    for image in (photo, corners):
        lab = colorspace.rgb_to_lab(image)
        # skimage writes the straight part of the curve as 7.787·t: 0.01 of 100 leaves room for that.
        close(lab, channels_first(reference_color.rgb2lab(channels_last(image))), atol=0.01)
        close(colorspace.lab_to_rgb(lab), image, atol=1e-4)


def test_ycbcr_of_the_primaries_follows_bt_601(photo: Tensor) -> None:
    ycbcr = colorspace.rgb_to_ycbcr(torch.eye(3)[:, None])[:, 0].T  # red, green, blue
    assert ycbcr[:, 0].tolist() == pytest.approx([0.299, 0.587, 0.114])
    assert ycbcr.sum(dim=0).tolist() == pytest.approx([1, 0, 0], abs=1e-6)  # white has no colour
    assert ycbcr[2, 1] == ycbcr[0, 2] == 0.5
    close(colorspace.ycbcr_to_rgb(colorspace.rgb_to_ycbcr(photo)), photo, atol=1e-5)


def test_saturation_is_that_of_hsv(photo: Tensor, seeded: Seeded) -> None:
    hsv = reference_color.rgb2hsv(channels_last(photo))
    expected = channels_first(reference_color.hsv2rgb(hsv * [1, 0.4, 1]))
    close(degrade(photo, "color_saturation_hsv", strength=0.4, generator=seeded(0)), expected, atol=1e-5)


def test_translate_moves_down_and_right_by_fractions() -> None:
    channel = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    close(color.translate(channel, 1, 1), torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]))  # the border repeats
    close(color.translate(channel, 0.25, 0.5), torch.tensor([[0.0, 0.5, 0.5], [0.0, 0.125, 0.125]]))


def test_edges_are_stretched_between_their_1st_and_99th_percentile(photo: Tensor) -> None:
    gray = channels_last(photo) @ [0.299, 0.587, 0.114]
    gradient = np.hypot(np.diff(gray, axis=0, prepend=gray[:1]), np.diff(gray, axis=1, prepend=gray[:, :1]))
    edges = ndimage.gaussian_filter(gradient, 4, truncate=2, mode="nearest")
    low, high = np.percentile(edges, [1, 99], method="nearest")
    expected = torch.from_numpy(((edges - low) / (high - low)).clip(0, 1)).float()
    close(color.edge_mask(photo), expected, atol=1e-4)


def test_color_shift_moves_green_alone_and_only_near_edges(seeded: Seeded) -> None:
    image = torch.zeros((3, 64, 96))
    image[:, :, 24:] = 1  # an upright edge
    shifted = degrade(image, "color_shift", strength=4, generator=seeded(0))
    assert torch.equal(shifted[0::2], image[0::2])
    changed = (shifted[1] != image[1]).any(dim=0).nonzero()
    right = 4 * math.cos(math.pi / 2 * float(torch.rand((), generator=seeded(0))))  # 2.8 px
    assert [int(changed.min()), int(changed.max())] == [24, 24 + math.floor(right)]


# Curves, contrast, sharpness


def test_curves_pass_through_their_knots() -> None:
    values = torch.tensor([0.0, 0.3, 0.5, 0.7, 1.0]).expand(3, 1, 5)
    bent = sharpness_contrast.bend_contrast(values, 0.2)
    close(bent, torch.tensor([0.0, 0.2, 0.5, 0.8, 1.0]).expand(3, 1, 5), atol=1e-5)
    close(apply_curve(values, ((0.5, 0.3),))[0, 0, [0, 2, 4]], torch.tensor([0.0, 0.3, 1.0]), atol=1e-5)
    assert torch.equal(values, torch.tensor([0.0, 0.3, 0.5, 0.7, 1.0]).expand(3, 1, 5))


def test_the_contrast_curve_at_its_identity_amount_is_straight(photo: Tensor) -> None:
    close(sharpness_contrast.bend_contrast(photo, sharpness_contrast.IDENTITY_AMOUNT), photo)


def test_loss_of_contrast_squeezes_around_middle_gray(seeded: Seeded) -> None:
    image = torch.tensor([0.0, 0.25, 0.5, 1.0]).expand(3, 1, 4)
    squeezed = degrade(image, "nonlinear_contrast_change", strength=0.1, generator=seeded(0))
    close(squeezed, torch.tensor([0.4, 0.45, 0.5, 0.6]).expand(3, 1, 4))


def test_oversharpening_is_an_unsharp_mask_of_sigma_3(photo: Tensor, seeded: Seeded) -> None:
    lab = reference_color.rgb2lab(channels_last(photo))
    blurred = lab[..., 0]
    for axis in (0, 1):  # truncated at 2 sigma, as the kernels of KADID are
        blurred = ndimage.gaussian_filter1d(blurred, 3, axis=axis, truncate=2, mode="nearest")
    lab[..., 0] = (lab[..., 0] + 0.5 * (lab[..., 0] - blurred)).clip(0, 100)
    expected = channels_first(reference_color.lab2rgb(lab))
    sharpened = degrade(photo, "high_sharpen", strength=0.5, generator=seeded(0))
    close(sharpened, expected, atol=1e-3)  # as for Lab above


# Noise: bounds are five standard deviations of what is estimated, from 3 · 96 · 128 samples


def estimated(noise: Tensor, variance: float) -> None:
    count = noise.numel()
    assert noise.mean() == pytest.approx(0, abs=5 * math.sqrt(variance / count))
    assert noise.var() == pytest.approx(variance, rel=5 * math.sqrt(2 / count))


def test_white_noise_has_its_variance(seeded: Seeded) -> None:
    image = torch.full((3, 96, 128), 0.5)
    estimated(DEGRADATIONS["white_noise"].apply(image, 0.01, seeded(0)) - image, 0.01)


def test_ycbcr_noise_has_its_variance_in_ycbcr(seeded: Seeded) -> None:
    image = torch.full((3, 96, 128), 0.5)
    noise = DEGRADATIONS["white_noise_ycbcr"].apply(image, 0.003, seeded(0)) - image
    estimated(colorspace.rgb_to_ycbcr(noise), 0.003)


def test_multiplicative_noise_grows_with_brightness(seeded: Seeded) -> None:
    image = torch.tensor([0.2, 0.4, 0.8])[:, None, None].expand(3, 96, 128)
    noise = DEGRADATIONS["multiplicative_noise"].apply(image, 0.05, seeded(0)) - image
    estimated(noise / image, 0.05)
    assert noise[2].std() / noise[0].std() == pytest.approx(4, rel=0.05)


def test_impulses_are_black_and_white_in_equal_parts(seeded: Seeded) -> None:
    noisy = degrade(torch.full((3, 96, 128), 0.5), "impulse_noise", strength=0.03, generator=seeded(0))
    expected = 0.015 * noisy.numel()  # 553, of a binomial distribution
    for value in (0, 1):
        assert (noisy == value).sum() == pytest.approx(expected, abs=5 * math.sqrt(expected))
    assert set(noisy.flatten().tolist()) == {0, 0.5, 1}


# Compression


@pytest.mark.parametrize(
    ("name", "strength", "options"),
    [
        ("jpeg", 24, {"format": "JPEG", "quality": 24, "subsampling": 2}),
        ("jpeg2000", 45, {"format": "JPEG2000", "quality_mode": "rates", "quality_layers": [45], "num_resolutions": 7}),
    ],
)
def test_compressed_images_are_pillows_own_files_decoded(
    name: str, strength: float, options: dict[str, Any], photo: Tensor, seeded: Seeded
) -> None:
    file = io.BytesIO()
    image_to_picture(photo).save(file, **options)
    expected = picture_to_image(Image.open(file))
    assert torch.equal(degrade(photo, name, strength=strength, generator=seeded(0)), expected)


def test_jpeg_says_how_long_a_side_may_be(seeded: Seeded) -> None:
    with pytest.raises(InputError, match=r"JPEG allows sides of at most 65500 px, got \(1, 65501\)"):
        degrade(torch.zeros((3, 1, 65501)), "jpeg", level=1, generator=seeded(0))


# Space and steps


def test_quantisation_leaves_as_many_values_as_it_has_bins(seeded: Seeded) -> None:
    ramp = ((torch.arange(70) + 0.5) / 70).expand(3, 1, 70)
    steps = degrade(ramp, "quantization", strength=7, generator=seeded(0))
    close(steps[0, 0], (torch.arange(70) // 10 + 0.5) / 7)  # the middles of the bins
    black_too = torch.cat([torch.zeros(3, 1, 1), ramp], dim=-1)  # exact black is a bin of its own
    degraded = degrade(black_too, "quantization", strength=7, generator=seeded(0))
    assert len(set(degraded.flatten().tolist())) == 8


def test_quantisation_leaves_the_range_of_a_hazy_picture(photo: Tensor, seeded: Seeded) -> None:
    hazy = 0.4 + 0.2 * photo
    degraded = degrade(hazy, "quantization", level=1, generator=seeded(0))
    assert (degraded - hazy).abs().amax() <= 0.5 / 20 + 1e-6


def test_pixelate_repeats_every_other_pixel_at_half_size(seeded: Seeded) -> None:
    image = (torch.arange(48.0) / 48).view(3, 4, 4)
    strength = 0.44 ** (1 / 0.6)  # a scale of 0.95 - 0.44 = 0.51, so 4 px become 2
    pixelated = degrade(image, "pixelate", strength=strength, generator=seeded(0))
    expected = image[:, ::2, ::2].repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)
    assert torch.equal(pixelated, expected)


def test_jitter_moves_pixels_by_about_its_sigma(seeded: Seeded) -> None:
    # On a ramp of 1 per pixel the change is the displacement. Each of five rounds adds σ² to its variance, after
    # the bilinear mean of displaced neighbours has kept the share E[(1-a)² + a²]² of it, where a = |d|:
    # E[a] = σ·sqrt(2/π), E[a²] = σ². For σ = 0.1 the share is 0.740, the sum over five rounds 2.99·σ².
    ramp = torch.arange(64.0).expand(3, 64, 64) / 64
    moved = degrade(ramp, "jitter", strength=0.1, generator=seeded(0))
    displacement = ((moved - ramp) * 64)[0, 8:-8, 8:-8]
    assert displacement.mean() == pytest.approx(0, abs=0.02)
    assert displacement.std() == pytest.approx(math.sqrt(2.99) * 0.1, rel=0.05)


def test_patches_are_copies_from_at_most_8_pixels_away(seeded: Seeded) -> None:
    rows, columns = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    image = torch.stack([rows, columns, torch.zeros(64, 64)]) / 64  # every pixel says where it comes from
    patched = degrade(image, "non_eccentricity_patch", strength=20, generator=seeded(0))
    moves = ((patched - image) * 64)[:2]
    assert torch.equal(moves, moves.round())
    assert moves.abs().amax() == 8
    assert degrade(image, "non_eccentricity_patch", strength=1, generator=seeded(0)).ne(image).sum() <= 3 * 16 * 16


def test_the_first_square_lies_on_top() -> None:
    number = spatial.topmost(torch.tensor([[0, 0], [1, 1]]), 2, 3, 4)
    assert number.tolist() == [[0, 0, 2, 2], [0, 0, 1, 2], [2, 1, 1, 2]]


def test_colour_blocks_are_even_squares(seeded: Seeded) -> None:
    painted = degrade(torch.zeros((3, 96, 128)), "color_block", strength=1, generator=seeded(0))
    rows, columns = painted[0].nonzero(as_tuple=True)
    square = painted[:, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert square.shape == (3, 32, 32)
    assert len(rows) == 32 * 32
    assert (square == square[:, :1, :1]).all()
