"""The table of degradations: everything that sliders, training, documentation and tests need to know."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import Generator, Tensor

from qualiclip.ambient import undisturbed
from qualiclip.checks import check_number

from . import blur, brightness, color, compression, noise, sharpness_contrast, spatial
from .arguments import as_generators, check_image

MAX_LEVEL = 5
MAX_SEED = 2**31 - 1


@dataclass(frozen=True)
class Degradation:
    """One type of degradation.

    `compute` is what `apply` does, for those who have checked what they give it.
    `strengths` holds the strength of levels 1 to 5 in `unit`, `valid` the smallest and largest one that makes sense;
    `published` the values of KADID-10k as ported by ARNIQA where ours differ, `correction` what is otherwise than in
    that port and why. `origin` is the strength that changes nothing, None where there is none: then a level below 1
    is level 1 faded in. `geometric` strengths are interpolated by ratio. A `sparse` one leaves most pixels as they are.
    """

    label: str
    group: str
    compute: Callable[[Tensor, float, Generator], Tensor]
    strengths: tuple[float, float, float, float, float]
    unit: str
    valid: tuple[float, float]
    description: str
    origin: float | None = None
    geometric: bool = False
    sparse: bool = False
    published: tuple[float, float, float, float, float] | None = None
    correction: str = ""

    @undisturbed()
    def apply(self, image: Tensor, strength: float, generator: Generator) -> Tensor:
        """A degraded copy of an image (3, H, W) in [0, 1], in its dtype, not yet clamped to [0, 1].

        Raises:
            InputError: if the image is not such a tensor.
            UsageError: if the strength makes no sense, or the generator is none.
        """
        check_image(image, dimensions=(3,))
        strength = check_number(f"strength of {self.label} ({self.unit})", strength, *self.valid)
        (own,) = as_generators(generator, 1)
        return self.compute(image.float(), strength, own).to(image.dtype)

    def strength_at(self, level: float) -> float:
        """Strength at a level in [1, 5], or in [0, 5] where `origin` is set; between levels it is interpolated."""
        if level >= 1 and level == int(level):
            return self.strengths[int(level) - 1]
        below = int(level)
        start = self.strengths[below - 1] if below else self.origin
        if start is None:
            return self.strengths[0]
        end, share = self.strengths[below], level - below
        if self.geometric and start > 0:
            return math.exp((1 - share) * math.log(start) + share * math.log(end))
        return (1 - share) * start + share * end


_ROWS: dict[str, Degradation] = {
    "gaussian_blur": Degradation(
        "Gaussian blur", "blur", blur.gaussian_blur, (0.4, 0.5, 1, 2, 5), "sigma, px", (0.05, 100),
        "Softens everything evenly, as a lens slightly out of focus does.",
        origin=0.15, geometric=True, published=(0.1, 0.5, 1, 2, 5),
        correction="Level 1 (sigma 0.1) changed nothing.",
    ),
    "lens_blur": Degradation(
        "Lens blur", "blur", blur.lens_blur, (1, 2, 4, 6, 8), "disk radius, px", (0.5, 100),
        "Spreads every point to a disk, as a lens out of focus does.", origin=0.5,
        correction="The port's disk has negative weights from radius 2 on.",
    ),
    "motion_blur": Degradation(
        "Motion blur", "blur", blur.motion_blur, (1.5, 2, 4, 6, 10), "length, px", (1, 200),
        "Smears along a line, as a moving camera does.",
        origin=1, published=(1, 2, 4, 6, 10), correction="Level 1 (length 1) changed nothing.",
    ),
    "color_diffusion": Degradation(
        "Colour diffusion", "color", color.color_diffusion, (1, 3, 6, 8, 12), "amount", (0, 50),
        "Lets colours bleed over edges and glow.",
        correction="The port swaps red and blue before Lab, and cuts to 8 bits within it.",
    ),
    "color_shift": Degradation(
        "Colour shift", "color", color.color_shift, (0.4, 0.8, 1.5, 2.5, 5), "px", (0, 200),
        "Moves green against red and blue near edges, as chromatic aberration does.",
        origin=0, published=(1, 3, 6, 8, 12),
        correction="From 8 to 12 px FSIMc fell no further on 10 of 32 photos. The port also stretches the edge mask "
        "wrongly and lets content wrap round the border.",
    ),
    "color_saturation_hsv": Degradation(
        "Loss of saturation", "color", color.color_saturation_hsv, (0.6, 0.4, 0.2, 0.1, 0), "factor", (-1, 10),
        "Fades colours towards gray.",
        origin=1, published=(0.4, 0.2, 0.1, 0, -0.4),
        correction="Level 5 (a negative factor) brought colours back, inverted.",
    ),
    "color_saturation_lab": Degradation(
        "Oversaturation", "color", color.color_saturation_lab, (1.5, 2, 3, 6, 9), "factor", (0, 50),
        "Makes colours garish.",
        origin=1, published=(1, 2, 3, 6, 9),
        correction="Level 1 (factor 1) changed nothing. The port swaps red and blue before Lab.",
    ),
    "jpeg2000": Degradation(
        "JPEG 2000", "compression", compression.jpeg2000, (16, 32, 45, 120, 170), "compression ratio", (1, 1000),
        "Compresses with JPEG 2000: smears and ringing.", origin=1, geometric=True,
        correction="The port fails below 128 px a side and changes its input.",
    ),
    "jpeg": Degradation(
        "JPEG", "compression", compression.jpeg, (43, 36, 24, 7, 4), "quality", (1, 100),
        "Compresses with JPEG: blocks of 8 × 8 pixels.", origin=100,
        correction="The port changes its input and cuts to 8 bits where it should round.",
    ),
    "white_noise": Degradation(
        "White noise", "noise", noise.white_noise, (0.001, 0.002, 0.003, 0.005, 0.01), "variance", (0, 1),
        "Adds grain to every colour sample.", origin=0, geometric=True,
    ),
    "white_noise_ycbcr": Degradation(
        "White noise in YCbCr", "noise", noise.white_noise_ycbcr,
        (0.0001, 0.0005, 0.001, 0.002, 0.003), "variance", (0, 1),
        "Adds grain to brightness and to colour, as a small sensor does.", origin=0, geometric=True,
    ),
    "impulse_noise": Degradation(
        "Impulse noise", "noise", noise.impulse_noise, (0.001, 0.005, 0.01, 0.02, 0.03), "fraction of samples", (0, 1),
        "Sets single samples to black or white: salt and pepper.", origin=0,
        correction="The port changes its input, and fails with today's PyTorch.",
    ),
    "multiplicative_noise": Degradation(
        "Multiplicative noise", "noise", noise.multiplicative_noise,
        (0.001, 0.005, 0.01, 0.02, 0.05), "variance", (0, 1),
        "Adds grain that grows with brightness: speckle.", origin=0, geometric=True,
    ),
    "brighten": Degradation(
        "Brighten", "brightness", brightness.brighten, (0.1, 0.2, 0.4, 0.7, 1.1), "amount", (0, 2),
        "Lifts the mid-tones, as overexposure does.", origin=0,
        correction="The port swaps red and blue before Lab, and fails with today's NumPy.",
    ),
    "darken": Degradation(
        "Darken", "brightness", brightness.darken, (0.05, 0.1, 0.2, 0.4, 0.8), "amount", (0, 1),
        "Lowers the mid-tones, as underexposure does.", origin=0,
        correction="The port fails with today's NumPy.",
    ),
    "mean_shift": Degradation(
        "Mean shift", "brightness", brightness.mean_shift, (0.03, 0.06, 0.09, 0.12, 0.15), "amount", (0, 1),
        "Makes the whole picture lighter or darker by the same amount; the seed decides which.",
        origin=0, published=(0, 0.08, -0.08, 0.15, -0.15),
        correction="Level 1 changed nothing, and signs alternated; the sign is now drawn.",
    ),
    "jitter": Degradation(
        "Jitter", "spatial", spatial.jitter, (0.05, 0.1, 0.2, 0.5, 1), "px", (0, 50),
        "Displaces every pixel at random: frosted glass.", origin=0,
        correction="The port also moves the whole picture, by up to 3 px.",
    ),
    "non_eccentricity_patch": Degradation(
        "Displaced patches", "spatial", spatial.non_eccentricity_patch, (20, 40, 60, 80, 100), "count", (0, 10000),
        "Copies small patches to nearby places.", origin=0, sparse=True,
        correction="The port copies from what it has already overwritten, and changes its input. Of ours the first "
        "patch lies on top.",
    ),
    "pixelate": Degradation(
        "Pixelate", "spatial", spatial.pixelate, (0.002, 0.03, 0.16, 0.3, 0.5), "strength", (0, 0.9),
        "Shrinks and enlarges without smoothing: visible squares.",
        published=(0.01, 0.05, 0.1, 0.2, 0.5),
        correction="Where the size falls on a simple ratio such as 2/3 fewer pixels move, and levels 2 to 4 were too "
        "near to one another to be ordered on every photo and at every size.",
    ),
    "quantization": Degradation(
        "Quantisation", "spatial", spatial.quantization, (20, 16, 13, 10, 7), "levels", (2, 256),
        "Keeps few brightness steps per colour: banding.",
        origin=256, geometric=True,
        correction="The port then stretches each picture to the full range, which gives a hazy one contrast.",
    ),
    "color_block": Degradation(
        "Colour blocks", "spatial", spatial.color_block, (2, 4, 6, 8, 10), "count", (0, 10000),
        "Covers small squares with random colours, as lost packets do.", origin=0, sparse=True,
        correction="The port changes its input. Of ours the first square lies on top: one more never degrades less.",
    ),
    "high_sharpen": Degradation(
        "Over-sharpening", "sharpness_contrast", sharpness_contrast.high_sharpen, (1, 2, 3, 6, 12), "amount", (0, 100),
        "Exaggerates edges until they have halos.", origin=0,
        correction="The port blurs with sigma 6, the half-width of the filter, and swaps red and blue before Lab.",
    ),
    "linear_contrast_change": Degradation(
        "Contrast change", "sharpness_contrast", sharpness_contrast.linear_contrast_change,
        (0.1, 0.2, 0.3, 0.4, 0.5), "amount", (0, 0.8),
        "Raises or lowers the contrast; the seed decides which.",
        origin=0, published=(0, 0.15, -0.4, 0.3, -0.6),
        correction="Amount 0 was not the identity (-0.2 is), and signs alternated; ours count from the "
        "identity and the sign is drawn.",
    ),
    "nonlinear_contrast_change": Degradation(
        "Loss of contrast", "sharpness_contrast", sharpness_contrast.nonlinear_contrast_change,
        (0.4, 0.3, 0.2, 0.1, 0.05), "half-range", (0, 0.5),
        "Squeezes all brightness towards middle gray: haze.", origin=0.5,
    ),
}  # fmt: skip

DEGRADATIONS: Mapping[str, Degradation] = MappingProxyType(_ROWS)
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        group: tuple(name for name, row in _ROWS.items() if row.group == group)
        for group in dict.fromkeys(row.group for row in _ROWS.values())
    }
)
