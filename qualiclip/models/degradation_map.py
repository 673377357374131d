"""DegradationMap: an image → the level of degradation at each place, by a small network of its own.

It explains no score. It was taught where photos were degraded and how much, without any human label, and says where
another picture looks alike. Its first layer also sees how far neighbours and channels are apart, as logarithms: steps
that are exactly or nearly nothing (quantisation, blocks, pixels that were doubled, colours that are gone) stand out
there, and a network that must make logarithms of colours itself takes many times as long to learn them. What it finds
at strides 4 to 32, and in the whole picture, comes together at stride 8: whether a place lacks colour or contrast can
only be told beside the others.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from qualiclip.ambient import without_gradients
from qualiclip.degradations import MAX_LEVEL

STRIDE = 8  # px between the places
PATCH = 4  # px, side of what the first layer sees
BAND = 256  # rows of the image that are looked at together, so that a large one takes little memory
MEAN, STD = 0.45, 0.25  # of photos, about
STEPS_OF_GREY = 255
PRIOR = 1.5  # by so much the logits of an untrained network are lower: most places are hardly degraded
TRACES = 7


def _convolution(channels: int, out: int, size: int, *, stride: int = 1) -> nn.Sequential:
    parts = {
        "0": nn.Conv2d(channels, out, size, stride=stride, bias=False),
        "1": nn.BatchNorm2d(out),
        "relu": nn.ReLU(inplace=True),
    }
    return nn.Sequential(OrderedDict(parts))


class InvertedBottleneck(nn.Module):
    """A residual block whose middle is wide and computed channel by channel. Source: MobileNetV2, arXiv 1801.04381."""

    def __init__(self, channels: int, out: int, *, stride: int = 1) -> None:
        """Make a block from `channels` to `out`, whose middle is twice as wide as its input."""
        super().__init__()
        wide = 2 * channels
        self.conv1, self.bn1 = nn.Conv2d(channels, wide, 1, bias=False), nn.BatchNorm2d(wide)
        self.conv2 = nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False)
        self.bn2 = nn.BatchNorm2d(wide)
        self.conv3, self.bn3 = nn.Conv2d(wide, out, 1, bias=False), nn.BatchNorm2d(out)
        self.residual = stride == 1 and channels == out

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, out, h / stride, w / stride), rounded up, of features (N, channels, h, w)."""
        inner = functional.relu(self.bn1(self.conv1(features)), inplace=True)
        inner = functional.relu(self.bn2(self.conv2(inner)), inplace=True)
        inner = self.bn3(self.conv3(inner))
        if self.residual:
            inner += features
        done: Tensor = inner
        return done


def _stage(channels: int, out: int, more: int) -> nn.Sequential:
    """Blocks at twice the stride: one that gets there, and more."""
    return nn.Sequential(
        InvertedBottleneck(channels, out, stride=2), *(InvertedBottleneck(out, out) for _ in range(more))
    )


def _at(features: Tensor, place: Tensor) -> Tensor:
    """Features (N, C, h, w), linear between the places of others."""
    return functional.interpolate(features, size=place.shape[-2:], mode="bilinear")


def traces(image: Tensor) -> Tensor:
    """What the first layer sees (N, 7, H, W) of an image (N, 3, H, W) in [0, 1].

    Its colours; then logarithms, of a step of grey and a half, of the distance to the next pixel on the right and
    below, and of red and of blue from green. Where there is no next pixel its distance is 0.
    """
    right = functional.pad((image[..., 1:] - image[..., :-1]).abs().mean(dim=1, keepdim=True), (0, 1, 0, 0))
    below = functional.pad((image[..., 1:, :] - image[..., :-1, :]).abs().mean(dim=1, keepdim=True), (0, 0, 0, 1))
    colors = (image[:, ::2] - image[:, 1:2]).abs()
    distances = torch.cat([right, below, colors], dim=1)
    return torch.cat([(image - MEAN) / STD, torch.log2(distances * STEPS_OF_GREY + 0.5) / 3 - 0.5], dim=1)


class DegradationMap(nn.Module):
    """A network from an image (N, 3, H, W) in [0, 1] to the level of degradation at places 8 px apart."""

    def __init__(self, width: int = 32) -> None:
        """Make it with random weights; `width` is the number of channels at stride 4."""
        super().__init__()
        self.width = width
        at_8, at_16, at_32 = 2 * width, 3 * width, 4 * width
        self.stem = _convolution(TRACES, width, PATCH, stride=PATCH)
        self.stride_4 = nn.Sequential(InvertedBottleneck(width, width), InvertedBottleneck(width, width))
        self.stride_8 = _stage(width, at_8, 2)
        self.stride_16 = _stage(at_8, at_16, 3)
        self.stride_32 = _stage(at_16, at_32, 2)
        self.whole = nn.Linear(at_32, at_32)
        self.from_32 = _convolution(at_32, at_16, 1)
        self.join_16 = nn.Sequential(_convolution(2 * at_16, at_8, 1), InvertedBottleneck(at_8, at_8))
        self.join_8 = nn.Sequential(_convolution(2 * at_8, at_8, 1), InvertedBottleneck(at_8, at_8))
        self.out = nn.Conv2d(at_8, 1, 1)

    def _patches(self, image: Tensor) -> Tensor:
        """The first features (N, C, H/4, W/4), rounded up; patches that reach out of the image see its border go on."""
        bands = []
        for top in range(0, image.shape[-2], BAND):
            seen = traces(image[..., top : top + BAND + 1, :])[..., :BAND, :]  # the next row, for the distance to it
            missing = (0, -seen.shape[-1] % PATCH, 0, -seen.shape[-2] % PATCH)
            bands.append(self.stem(functional.pad(seen, missing, mode="replicate") if any(missing) else seen))
        return torch.cat(bands, dim=2)

    def logits(self, image: Tensor) -> Tensor:
        """The level as a share of the strongest, before the sigmoid (N, h, w); h and w are H/8 and W/8, rounded up."""
        at_8 = self.stride_8(self.stride_4(self._patches(image)))
        at_16 = self.stride_16(at_8)
        at_32 = self.stride_32(at_16)
        at_32 = at_32 + self.whole(at_32.mean(dim=(2, 3)))[..., None, None]
        joined = self.join_16(torch.cat([_at(self.from_32(at_32), at_16), at_16], dim=1))
        joined = self.join_8(torch.cat([_at(joined, at_8), at_8], dim=1))
        found: Tensor = self.out(joined)
        return found[:, 0] - PRIOR

    @without_gradients()
    def levels(self, image: Tensor) -> Tensor:
        """The level of degradation (N, h, w) in [0, 5] at each place."""
        return MAX_LEVEL * torch.sigmoid(self.logits(image).float())

    def forward(self, image: Tensor) -> Tensor:
        """As `logits`."""
        return self.logits(image)
