"""DegradationMap: an image → the level of degradation at each place, by a small network of its own.

It explains no score. It was taught where photos were degraded and how much, without any human label, and says where
another picture looks alike. It sees the fine structure of the picture at strides 2 to 8, 68 px around each place,
then larger surroundings at stride 32, and the mean of the whole: whether a place lacks colour or contrast can only be
told beside the others.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from qualiclip.ambient import without_gradients
from qualiclip.degradations import MAX_LEVEL

STRIDE = 8  # px between the places
COARSER = 4  # times the stride, of the larger surroundings
MEAN, STD = 0.45, 0.25  # of photos, about
PRIOR = 1.5  # by so much the logits of an untrained network are lower: most places are hardly degraded


def _convolution(channels: int, out: int, size: int, *, stride: int = 1) -> nn.Sequential:
    parts = {
        "0": nn.Conv2d(channels, out, size, stride=stride, padding=size // 2, bias=False),
        "1": nn.BatchNorm2d(out),
        "relu": nn.ReLU(inplace=True),
    }
    return nn.Sequential(OrderedDict(parts))


class InvertedBottleneck(nn.Module):
    """A residual block whose middle is wide and computed channel by channel. Source: MobileNetV2, arXiv 1801.04381."""

    def __init__(self, channels: int, out: int, *, widen: int, stride: int = 1, dilation: int = 1) -> None:
        """Make a block from `channels` to `out`, whose middle is `widen` times as wide as its input."""
        super().__init__()
        wide = channels * widen
        self.conv1, self.bn1 = nn.Conv2d(channels, wide, 1, bias=False), nn.BatchNorm2d(wide)
        self.conv2 = nn.Conv2d(wide, wide, 3, stride, dilation, dilation, groups=wide, bias=False)
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


class DegradationMap(nn.Module):
    """A network from an image (N, 3, H, W) in [0, 1] to the level of degradation at places 8 px apart."""

    def __init__(self, width: int = 16) -> None:
        """Make it with random weights; `width` is the number of channels at stride 2."""
        super().__init__()
        self.width = width
        fine, local = width * 3 // 2, width * 3
        self.stem = _convolution(3, width, 5, stride=2)
        self.fine = nn.Sequential(
            InvertedBottleneck(width, fine, widen=2, stride=2), InvertedBottleneck(fine, fine, widen=3)
        )
        self.local = nn.Sequential(
            InvertedBottleneck(fine, local, widen=3, stride=2),
            InvertedBottleneck(local, local, widen=3),
            InvertedBottleneck(local, local, widen=2, dilation=2),
            InvertedBottleneck(local, local, widen=2, dilation=4),
        )
        self.surroundings = nn.Sequential(
            _convolution(local, local, 1),
            InvertedBottleneck(local, local, widen=2),
            InvertedBottleneck(local, local, widen=2, dilation=2),
        )
        self.join = _convolution(3 * local, local, 1)
        self.out = nn.Conv2d(local, 1, 1)

    def logits(self, image: Tensor) -> Tensor:
        """The level as a share of the strongest, before the sigmoid (N, h, w); h and w are H/8 and W/8, rounded up."""
        local = self.local(self.fine(self.stem((image - MEAN) / STD)))
        coarse = functional.avg_pool2d(local, COARSER, ceil_mode=True, count_include_pad=False)
        around = functional.interpolate(self.surroundings(coarse), size=local.shape[-2:], mode="bilinear")
        whole = local.mean(dim=(2, 3), keepdim=True).expand_as(local)
        found: Tensor = self.out(self.join(torch.cat([local, around, whole], dim=1)))
        return found[:, 0] - PRIOR

    @without_gradients()
    def levels(self, image: Tensor) -> Tensor:
        """The level of degradation (N, h, w) in [0, 5] at each place."""
        return MAX_LEVEL * torch.sigmoid(self.logits(image).float())

    def forward(self, image: Tensor) -> Tensor:
        """As `logits`."""
        return self.logits(image)
