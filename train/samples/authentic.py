"""Authentic degradations: what goes wrong between a scene and a published photo, for training only.

The 24 types of KADID-10k are those of a laboratory, one at a time. Real photos are taken through haze or water, out of
focus, in too little light, and are then denoised, sharpened, enlarged and compressed, in that order. Each function
takes an image (3, H, W) in [0, 1], a severity in (0, 1] and a generator, and returns a new image, not yet clamped; the
same seed at a higher severity gives the same draw, stronger.
"""

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor
from torch.nn import functional

from qualiclip.degradations import MAX_LEVEL
from qualiclip.degradations.blur import disk_kernel
from qualiclip.degradations.filters import blur_gaussian, convolve

from .draws import uniform


def _field(image: Tensor, generator: Generator, *, cells: int) -> Tensor:
    """Smooth random field (1, H, W) in [0, 1], with about `cells` hills along a side."""
    coarse = torch.rand((1, 1, cells + 1, cells + 1), generator=generator, dtype=torch.float32)
    fine = functional.interpolate(coarse, size=image.shape[-2:], mode="bicubic", align_corners=True)[0]
    low, high = (float(bound) for bound in fine.aminmax())
    return (fine - low) / max(high - low, 1e-6)


def _resize(image: Tensor, height: int, width: int, mode: str) -> Tensor:
    smooth = mode in ("bilinear", "bicubic")
    return functional.interpolate(image[None], size=(height, width), mode=mode, antialias=smooth)[0]


def haze(image: Tensor, severity: float, generator: Generator) -> Tensor:
    """Veil of scattered light, white, grey, blue or green, thicker in some places."""
    gray = torch.rand((), generator=generator, dtype=torch.float32)
    light = 0.45 + 0.5 * gray + 0.3 * (torch.rand((3, 1, 1), generator=generator, dtype=torch.float32) - 0.5)
    thickness = severity * uniform(generator, 1.0, 2.2) * (0.4 + 0.6 * _field(image, generator, cells=1))
    return torch.lerp(light.clamp(0, 1).expand_as(image), image, torch.exp(-thickness))


def color_cast(image: Tensor, severity: float, generator: Generator) -> Tensor:
    """Wrong white balance, or light that has lost a colour on its way, as under water."""
    gains = torch.rand((3, 1, 1), generator=generator, dtype=torch.float32)
    gains = gains / gains.max()  # one channel stays, the others lose up to all but a fifth
    return image * (gains.clamp(min=0.2) ** severity)


def flat_contrast(image: Tensor, severity: float, generator: Generator) -> Tensor:
    """All tones drawn towards their mean."""
    return torch.lerp(image, image.mean(dim=(1, 2), keepdim=True).expand_as(image), 0.85 * severity)


def defocus(image: Tensor, severity: float, generator: Generator) -> Tensor:
    """Lens blur of most of the picture, the rest in focus: a smooth field in the place of depth.

    A blurred background alone is often meant, so it does not count as a degradation.
    """
    blurred = convolve(image, disk_kernel(0.6 + 5 * severity))
    edge = uniform(generator, -0.2, 0.35)
    share = ((_field(image, generator, cells=2) - edge) / 0.25 + 0.5).clamp(0, 1)
    return torch.lerp(image, blurred, share)


def shake(image: Tensor, severity: float, generator: Generator) -> Tensor:
    """Blur along a curved path, as by an unsteady hand."""
    angle, bend = uniform(generator, 0, 2 * math.pi), uniform(generator, -2.5, 2.5)
    way = torch.linspace(-0.5, 0.5, 65, dtype=torch.float64)
    turns = angle + bend * way
    length = 1 + 16 * severity
    x, y = (torch.cumsum(part, 0) * length / 65 for part in (turns.cos(), turns.sin()))
    x, y = x - x.mean(), y - y.mean()
    side = math.ceil(float(torch.maximum(x.abs(), y.abs()).max()) + 1)
    grid = torch.arange(-side, side + 1, dtype=torch.float64)
    across = (1 - (grid[None] - x[:, None]).abs()).clamp(min=0)
    down = (1 - (grid[None] - y[:, None]).abs()).clamp(min=0)
    kernel = torch.einsum("py,px->yx", down, across)
    return convolve(image, (kernel / kernel.sum()).float())


def low_light(image: Tensor, severity: float, generator: Generator) -> Tensor:
    """Too little light: darker, noisier in the dark, and in part brightened again."""
    loss = 1 + 9 * severity
    brightened = uniform(generator, 0.3, 1.0)
    photons = 2500 / loss
    linear = image**2.2 / loss
    noise = torch.randn(image.shape, generator=generator, dtype=torch.float32)
    noisy = linear + noise * (linear / photons + (0.6 / photons) ** 2).sqrt()
    developed: Tensor = (noisy * loss**brightened).clamp(0, 1) ** (1 / 2.2)
    return developed


def overexposure(image: Tensor, severity: float, generator: Generator) -> Tensor:
    """Too much light: bright parts are lost in white."""
    return image * (1 + 1.4 * severity) + 0.1 * severity


def gamma(image: Tensor, severity: float, generator: Generator) -> Tensor:
    """Middle tones much too dark or too bright."""
    bright = uniform(generator, 0, 1) < 0.4
    return image.clamp(min=1e-4) ** ((1 / (1 + 1.8 * severity)) if bright else (1 + 2.2 * severity))


def vignetting(image: Tensor, severity: float, generator: Generator) -> Tensor:
    """Darkness that grows towards one side or corner."""
    return image * (1 - 0.95 * severity * _field(image, generator, cells=1))


def flare(image: Tensor, severity: float, generator: Generator) -> Tensor:
    """A bright spot of stray light with soft borders."""
    color = 0.75 + 0.25 * torch.rand((3, 1, 1), generator=generator, dtype=torch.float32)
    spot = (_field(image, generator, cells=2) - 0.35).clamp(min=0) / 0.65
    return torch.lerp(image, color.expand_as(image), (1.3 * severity * spot).clamp(max=1))


def correlated_noise(image: Tensor, severity: float, generator: Generator) -> Tensor:
    """Noise of grains larger than a pixel, in brightness and in colour, stronger in dark places."""
    grain = uniform(generator, 0.4, 1.8)
    colored = uniform(generator, 0, 1)
    noise = blur_gaussian(torch.randn(image.shape, generator=generator, dtype=torch.float32), grain)
    grey = noise.mean(dim=0, keepdim=True) * math.sqrt(3)
    noise = torch.lerp(grey.expand_as(noise), noise, colored)
    strength = 0.02 + 0.14 * severity
    return image + strength * noise / noise.std() * (1.3 - image.mean(dim=0, keepdim=True))


def denoising(image: Tensor, severity: float, generator: Generator) -> Tensor:
    """Texture smeared away while edges stay: a guided filter, after a little noise."""
    noisy = image + 0.02 * torch.randn(image.shape, generator=generator, dtype=torch.float32)
    radius = 2 + round(3 * severity)
    mean = _box(noisy, radius)
    variance = (_box(noisy**2, radius) - mean**2).clamp(min=0)
    keep = variance / (variance + (0.02 + 0.13 * severity) ** 2)
    return _box(keep, radius) * noisy + _box((1 - keep) * mean, radius)


def _box(image: Tensor, radius: int) -> Tensor:
    padded = functional.pad(image[None], (radius,) * 4, mode="replicate")
    return functional.avg_pool2d(padded, 2 * radius + 1, stride=1)[0]


def halos(image: Tensor, severity: float, generator: Generator) -> Tensor:
    """Sharpened too much, over a width at which it shows as bright and dark seams."""
    sigma = uniform(generator, 0.8, 2.5)
    return image + 4 * severity * (image - blur_gaussian(image, sigma))


def enlargement(image: Tensor, severity: float, generator: Generator) -> Tensor:
    """Made small and then large again."""
    modes = ("bilinear", "bicubic", "nearest", "area")
    smaller, larger = (modes[int(torch.randint(count, (), generator=generator))] for count in (4, 3))
    height, width = image.shape[-2:]
    factor = 1 + 4 * severity
    small = _resize(image, max(8, round(height / factor)), max(8, round(width / factor)), smaller)
    return _resize(small, height, width, larger)


def _recompress(image: Tensor, **options: object) -> Tensor:
    values = (image.clamp(0, 1) * 255).round().to(torch.uint8)
    with io.BytesIO() as file:
        Image.fromarray(values.permute(1, 2, 0).numpy()).save(file, **options)  # type: ignore[arg-type]
        decoded = np.array(Image.open(file).convert("RGB"))
    return torch.from_numpy(decoded).permute(2, 0, 1).float() / 255


def recompression(image: Tensor, severity: float, generator: Generator) -> Tensor:
    """Compressed twice by JPEG, the second time on another grid."""
    first, shift = uniform(generator, 30, 90), int(torch.randint(1, 8, (), generator=generator))
    again = 80 - 70 * severity
    once = _recompress(image, format="JPEG", quality=round(first - 0.5 * (first - again) * severity))
    twice = _recompress(once.roll((shift, shift), (1, 2)), format="JPEG", quality=round(again))
    return twice.roll((-shift, -shift), (1, 2))


def webp(image: Tensor, severity: float, generator: Generator) -> Tensor:
    """Compressed by WebP, whose blocks are smoothed."""
    return _recompress(image, format="WEBP", quality=round(70 * (1 - severity)), method=2)


@dataclass(frozen=True)
class AuthenticDegradation:
    """One authentic degradation: its function and its place in the order of events."""

    apply: Callable[[Tensor, float, Generator], Tensor]
    stage: int


SCENE, LENS, SENSOR, PROCESSING, PUBLICATION = range(5)

AUTHENTIC: Mapping[str, AuthenticDegradation] = MappingProxyType(
    {
        "haze": AuthenticDegradation(haze, SCENE),
        "color_cast": AuthenticDegradation(color_cast, SCENE),
        "flat_contrast": AuthenticDegradation(flat_contrast, SCENE),
        "defocus": AuthenticDegradation(defocus, LENS),
        "shake": AuthenticDegradation(shake, LENS),
        "vignetting": AuthenticDegradation(vignetting, LENS),
        "flare": AuthenticDegradation(flare, LENS),
        "low_light": AuthenticDegradation(low_light, SENSOR),
        "overexposure": AuthenticDegradation(overexposure, SENSOR),
        "correlated_noise": AuthenticDegradation(correlated_noise, SENSOR),
        "gamma": AuthenticDegradation(gamma, PROCESSING),
        "denoising": AuthenticDegradation(denoising, PROCESSING),
        "halos": AuthenticDegradation(halos, PROCESSING),
        "enlargement": AuthenticDegradation(enlargement, PUBLICATION),
        "recompression": AuthenticDegradation(recompression, PUBLICATION),
        "webp": AuthenticDegradation(webp, PUBLICATION),
    }
)


@dataclass(frozen=True)
class AuthenticChain:
    """Degradations in the order of events, the share of the level that each gets, and the seed of their draws."""

    names: tuple[str, ...]
    shares: tuple[float, ...]
    seed: int

    def render(self, image: Tensor, level: float) -> Tensor:
        """The image (3, H, W) with all of them at a level in [0, 5]; 0 is the image itself."""
        for position, (name, share) in enumerate(zip(self.names, self.shares, strict=True)):
            severity = share * level / MAX_LEVEL
            if severity > 0:
                generator = torch.Generator().manual_seed(self.seed + position)
                image = AUTHENTIC[name].apply(image, severity, generator).clamp(0, 1)
        return image


def draw_authentic(generator: Generator, *, count: int) -> AuthenticChain:
    """`count` degradations, ordered; one of them has the whole level, the others 0.2 to 0.8 of it."""
    order = torch.randperm(len(AUTHENTIC), generator=generator)[:count].tolist()
    shares = [1.0] + [uniform(generator, 0.2, 0.8) for _ in order[1:]]
    names = list(AUTHENTIC)
    chosen = sorted(
        ((names[index], share) for index, share in zip(order, shares, strict=True)),
        key=lambda item: AUTHENTIC[item[0]].stage,
    )
    seed = int(torch.randint(2**31, (), generator=generator))
    return AuthenticChain(tuple(name for name, _ in chosen), tuple(share for _, share in chosen), seed)
