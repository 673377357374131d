"""A plain reading of the degradations: what a reader of their description writes first, slow but simple.

The tests compare ours with it, the benchmark measures how much faster ours are. Written from the description, with
two-dimensional convolutions, masks, and loops over patches; from the codecs on it is Pillow here as there.
"""

import io
import math
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from scipy.interpolate import CubicSpline
from torch import Generator, Tensor
from torch.nn import functional

from qualiclip.degradations import blur

RGB_TO_XYZ = torch.tensor(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
WHITE = torch.tensor([0.95047, 1.0, 1.08883])[:, None, None]
YCBCR = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


def mix(matrix: Tensor, image: Tensor) -> Tensor:
    return torch.einsum("rc,chw->rhw", matrix, image)


def to_lab(image: Tensor) -> Tensor:
    linear = torch.where(image > 0.04045, ((image + 0.055) / 1.055) ** 2.4, image / 12.92)
    xyz = mix(RGB_TO_XYZ, linear) / WHITE
    x, y, z = torch.where(xyz > 216 / 24389, xyz ** (1 / 3), (24389 / 27 * xyz + 16) / 116)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def to_rgb(lab: Tensor) -> Tensor:
    y = (lab[0] + 16) / 116
    roots = torch.stack([y + lab[1] / 500, y, (y - lab[2] / 200).clamp(min=0)])
    xyz = torch.where(roots**3 > 216 / 24389, roots**3, (116 * roots - 16) * 27 / 24389) * WHITE
    linear = mix(torch.linalg.inv(RGB_TO_XYZ), xyz)
    return torch.where(linear > 0.0031308, 1.055 * linear.clamp(min=0) ** (1 / 2.4) - 0.055, 12.92 * linear)


def convolve(image: Tensor, kernel: Tensor) -> Tensor:
    rows, columns = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = functional.pad(image[None], (columns, columns, rows, rows), mode="replicate")
    weights = kernel.expand(len(image), 1, -1, -1)
    return functional.conv2d(padded, weights, groups=len(image))[0]


def gaussian(sigma: float) -> Tensor:
    radius = math.ceil(2 * sigma)
    taps = torch.arange(-radius, radius + 1)
    kernel = torch.exp(-(taps[:, None] ** 2 + taps[None] ** 2) / (2 * sigma**2))
    return kernel / kernel.sum()


def curve(values: Tensor, *knots: tuple[float, float]) -> Tensor:
    x, y = zip((0.0, 0.0), *knots, (1.0, 1.0), strict=True)
    return torch.from_numpy(CubicSpline(x, y)(values.numpy())).float().clamp(0, 1)


def color_diffusion(image: Tensor, amount: float, generator: Generator) -> Tensor:
    lab = to_lab(image)
    return to_rgb(torch.cat([lab[:1], amount * convolve(lab[1:], gaussian(1.5 * amount + 2))]))


def color_shift(image: Tensor, distance: float, generator: Generator) -> Tensor:
    angle = math.pi / 2 * float(torch.rand((), generator=generator))
    gray = mix(torch.tensor([[0.299, 0.587, 0.114]]), image)
    dy = gray - torch.cat([gray[:, :1], gray[:, :-1]], dim=1)
    dx = gray - torch.cat([gray[..., :1], gray[..., :-1]], dim=2)
    edges = convolve((dx**2 + dy**2).sqrt(), gaussian(4))[0]
    ordered = edges.flatten().sort().values
    low, high = ordered[round(0.01 * (len(ordered) - 1))], ordered[round(0.99 * (len(ordered) - 1))]
    mask = ((edges - low) / (high - low)).clamp(0, 1)
    height, width = gray.shape[1:]
    rows = torch.arange(height)[:, None].expand(height, width) - distance * math.sin(angle)
    columns = torch.arange(width).expand(height, width) - distance * math.cos(angle)
    grid = torch.stack([(2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1], dim=-1)[None]
    moved = functional.grid_sample(image[None, 1:2], grid, padding_mode="border", align_corners=False)[0, 0]
    return torch.stack([image[0], (1 - mask) * image[1] + mask * moved, image[2]])


def color_saturation_hsv(image: Tensor, factor: float, generator: Generator) -> Tensor:
    value, least = image.amax(dim=0), image.amin(dim=0)
    chroma = value - least
    red, green, blue = image
    safe = chroma.clamp(min=1e-12)
    hue = torch.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4)
    hue = torch.where(value == red, (green - blue) / safe % 6, hue)
    saturation = torch.where(value > 0, chroma / value.clamp(min=1e-12), torch.zeros_like(value)) * factor
    steps = [(shift + hue) % 6 for shift in (5, 3, 1)]
    return torch.stack([value - value * saturation * torch.minimum(step, 4 - step).clamp(0, 1) for step in steps])


def color_saturation_lab(image: Tensor, factor: float, generator: Generator) -> Tensor:
    lab = to_lab(image)
    return to_rgb(torch.cat([lab[:1], factor * lab[1:]]))


def codec(image: Tensor, **options: object) -> Tensor:
    file = io.BytesIO()
    Image.fromarray((image * 255).round().byte().permute(1, 2, 0).numpy()).save(file, **options)
    return torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1).float() / 255


def jpeg(image: Tensor, quality: float, generator: Generator) -> Tensor:
    return codec(image, format="JPEG", quality=int(quality), subsampling=2)


def jpeg2000(image: Tensor, ratio: float, generator: Generator) -> Tensor:
    return codec(image, format="JPEG2000", quality_mode="rates", quality_layers=[ratio], num_resolutions=8)


def noise(image: Tensor, variance: float, generator: Generator) -> Tensor:
    return math.sqrt(variance) * torch.randn(image.shape, generator=generator)


def white_noise_ycbcr(image: Tensor, variance: float, generator: Generator) -> Tensor:
    return mix(torch.linalg.inv(YCBCR), mix(YCBCR, image) + noise(image, variance, generator))


def impulse_noise(image: Tensor, fraction: float, generator: Generator) -> Tensor:
    draw = torch.rand(image.shape, generator=generator)
    pepper = torch.where(draw < fraction / 2, torch.zeros_like(image), image)
    return torch.where(draw >= 1 - fraction / 2, torch.ones_like(image), pepper)


def brighten(image: Tensor, amount: float, generator: Generator) -> Tensor:
    lab, knot = to_lab(image), (0.5, 0.5 + amount / 2)
    by_lightness = to_rgb(torch.cat([100 * curve(lab[:1] / 100, knot), lab[1:]])).clamp(0, 1)
    return (2 * curve(image, knot) + by_lightness) / 3


def darken(image: Tensor, amount: float, generator: Generator) -> Tensor:
    return curve(image, (0.5, 0.5 - amount / 2))


def sign(generator: Generator) -> int:
    return 1 if float(torch.rand((), generator=generator)) < 0.5 else -1


def jitter(image: Tensor, sigma: float, generator: Generator) -> Tensor:
    height, width = image.shape[1:]
    rows = torch.arange(height)[:, None].expand(height, width)
    columns = torch.arange(width).expand(height, width)
    for _ in range(5):
        moves = sigma * torch.randn((height, width, 2), generator=generator)
        x, y = columns + moves[..., 0], rows + moves[..., 1]
        grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1)[None]
        image = functional.grid_sample(image[None], grid, padding_mode="border", align_corners=False)[0]
    return image


def non_eccentricity_patch(image: Tensor, count: float, generator: Generator) -> Tensor:
    height, width = image.shape[1:]
    result = image.clone()
    for y, x, dy, dx in torch.rand((round(count), 4), generator=generator).flip(0).tolist():
        top, left = int(y * (height - 15)), int(x * (width - 15))
        source_top = min(max(top + int(dy * 17) - 8, 0), height - 16)
        source_left = min(max(left + int(dx * 17) - 8, 0), width - 16)
        patch = image[:, source_top : source_top + 16, source_left : source_left + 16]
        result[:, top : top + 16, left : left + 16] = patch
    return result


def pixelate(image: Tensor, strength: float, generator: Generator) -> Tensor:
    height, width = image.shape[1:]
    scale = 0.95 - strength**0.6
    small = functional.interpolate(image[None], (int(height * scale), int(width * scale)), mode="nearest")
    return functional.interpolate(small, (height, width), mode="nearest")[0]


def quantization(image: Tensor, levels: float, generator: Generator) -> Tensor:
    edges = torch.arange(1, round(levels) + 1) / levels
    return (torch.where(image > 0, torch.bucketize(image.contiguous(), edges) + 0.5, torch.zeros_like(image))) / levels


def color_block(image: Tensor, count: float, generator: Generator) -> Tensor:
    height, width = image.shape[1:]
    result = image.clone()
    for y, x, *color in torch.rand((round(count), 5), generator=generator).flip(0).tolist():
        top, left = int(y * (height - 31)), int(x * (width - 31))
        result[:, top : top + 32, left : left + 32] = torch.tensor(color)[:, None, None]
    return result


def high_sharpen(image: Tensor, amount: float, generator: Generator) -> Tensor:
    lab = to_lab(image)
    sharpened = lab[:1] + amount * (lab[:1] - convolve(lab[:1], gaussian(3)))
    return to_rgb(torch.cat([sharpened.clamp(0, 100), lab[1:]]))


def linear_contrast_change(image: Tensor, amount: float, generator: Generator) -> Tensor:
    bend = (-0.2 + sign(generator) * amount) / 4
    return curve(image, (0.3, 0.25 - bend), (0.5, 0.5), (0.7, 0.75 + bend))


PLAIN: dict[str, Callable[[Tensor, float, Generator], Tensor]] = {
    "gaussian_blur": lambda image, sigma, _: convolve(image, gaussian(sigma)),
    "lens_blur": lambda image, radius, _: convolve(image, blur.disk_kernel(radius)),
    "motion_blur": lambda image, length, generator: convolve(
        image, blur.motion_kernel(length, 180 * float(torch.rand((), generator=generator)))
    ),
    "color_diffusion": color_diffusion,
    "color_shift": color_shift,
    "color_saturation_hsv": color_saturation_hsv,
    "color_saturation_lab": color_saturation_lab,
    "jpeg2000": jpeg2000,
    "jpeg": jpeg,
    "white_noise": lambda image, variance, generator: image + noise(image, variance, generator),
    "white_noise_ycbcr": white_noise_ycbcr,
    "impulse_noise": impulse_noise,
    "multiplicative_noise": lambda image, variance, generator: image + image * noise(image, variance, generator),
    "brighten": brighten,
    "darken": darken,
    "mean_shift": lambda image, amount, generator: image + sign(generator) * amount,
    "jitter": jitter,
    "non_eccentricity_patch": non_eccentricity_patch,
    "pixelate": pixelate,
    "quantization": quantization,
    "color_block": color_block,
    "high_sharpen": high_sharpen,
    "linear_contrast_change": linear_contrast_change,
    "nonlinear_contrast_change": lambda image, half_range, _: 0.5 + 2 * half_range * (image - 0.5),
}
