"""CLIP's ModifiedResNet, cut in two: an image becomes a feature map, a feature map becomes an embedding.

Not open_clip's class, whose import takes longer than all the rest of a score; a test compares the two. The attention
pooling differs: it is without positional embedding, and has the mean token as the only query, because only that
token's output is used.

Source: CLIP (arXiv 2103.00020), section 2.4, and its released weights, whose names the parameters have.
"""

from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from qualiclip.checks import check_several
from qualiclip.errors import UsageError, shown

EXPANSION = 4  # channels that leave a block, in parts of its width


@dataclass(frozen=True)
class BackboneSettings:
    """Shape of a ModifiedResNet: blocks per layer, width of the stem, heads of the pooling, embedding size."""

    blocks: tuple[int, int, int, int]
    width: int
    heads: int
    embedding_size: int

    def __post_init__(self) -> None:
        """Check that the parts fit together.

        Raises:
            UsageError: if a number is not positive or the heads do not divide the channels.
        """
        check_several("block counts of a backbone", self.blocks)
        if len(self.blocks) != 4:
            raise UsageError(f"a backbone needs four block counts, got {len(self.blocks)}")
        counts = [("block count", count) for count in self.blocks]
        others = [(name, getattr(self, name)) for name in ("width", "heads", "embedding_size")]
        for name, value in (*counts, *others):
            if type(value) is not int or value < 1:
                raise UsageError(f"settings of a backbone must be positive whole numbers; {name} is {shown(value)}")
        if self.channels % self.heads:
            raise UsageError(f"{self.channels} channels (32 × width) can't be split over {self.heads} heads")

    @property
    def channels(self) -> int:
        """Channels of the feature map."""
        return self.width * 32


RN50 = BackboneSettings(blocks=(3, 4, 6, 3), width=64, heads=32, embedding_size=1024)


class Bottleneck(nn.Module):
    """A residual block of three convolutions that are made smaller by averaging, never by a stride: no aliasing."""

    def __init__(self, channels: int, width: int, shrink: int) -> None:
        """Make a block from `channels` to 4 · `width`, whose output is `shrink` times smaller than its input."""
        super().__init__()
        wide = width * EXPANSION
        self.conv1, self.bn1 = nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, wide, 1, bias=False), nn.BatchNorm2d(wide)
        nn.init.zeros_(self.bn3.weight)  # as CLIP does: a fresh block adds nothing
        self.avgpool = nn.AvgPool2d(shrink) if shrink > 1 else nn.Identity()
        self.downsample: nn.Module = nn.Identity()
        if shrink > 1 or channels != wide:
            shortcut = nn.Conv2d(channels, wide, 1, bias=False)
            parts = {"-1": nn.AvgPool2d(shrink), "0": shortcut, "1": nn.BatchNorm2d(wide)}  # CLIP's names
            self.downsample = nn.Sequential(OrderedDict(parts))

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, 4 · width, h, w) of features (N, channels, h · shrink, w · shrink)."""
        inner = functional.relu(self.bn1(self.conv1(features)), inplace=True)
        inner = functional.relu(self.bn2(self.conv2(inner)), inplace=True)
        inner = self.bn3(self.conv3(self.avgpool(inner)))
        inner += self.downsample(features)
        return functional.relu(inner, inplace=True)


def _layer(blocks: int, channels: int, width: int, shrink: int) -> nn.Sequential:
    """Blocks one after the other; the first changes size and channels."""
    rest = (Bottleneck(width * EXPANSION, width, 1) for _ in range(blocks - 1))
    return nn.Sequential(Bottleneck(channels, width, shrink), *rest)


class MeanQueryPooling(nn.Module):
    """Multi-head attention pooling whose only query is the mean token, without positional embedding.

    Equal to token 0 of the pooling in the authors' code. Two products are moved to where they are small, which
    is exact: the query is multiplied into the key projection, and tokens are averaged before the value
    projection (key biases add the same number to all logits of a head and cancel in the softmax).
    """

    def __init__(self, channels: int, heads: int, embedding_size: int) -> None:
        """Make the four projections, under CLIP's names."""
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(channels, channels)
        self.k_proj = nn.Linear(channels, channels)
        self.v_proj = nn.Linear(channels, channels)
        self.c_proj = nn.Linear(channels, embedding_size)
        for projection in (self.q_proj, self.k_proj, self.v_proj, self.c_proj):
            nn.init.normal_(projection.weight, std=channels**-0.5)  # as CLIP does

    def attention(self, tokens: Tensor) -> Tensor:
        """Weight of every token for every head (N, heads, T), from tokens (N, T, C), the mean token first."""
        channels = tokens.shape[-1]
        size = channels // self.heads
        query = self.q_proj(tokens[:, 0]).view(-1, self.heads, size)  # (N, heads, size)
        keys = self.k_proj.weight.view(self.heads, size, channels)  # (heads, size, C)
        folded = torch.einsum("nhs,hsc->nhc", query, keys) * size**-0.5  # (N, heads, C)
        logits = folded @ tokens.transpose(1, 2)  # (N, heads, T)
        return torch.softmax(logits.float(), dim=-1).to(tokens.dtype)

    def forward(self, feature_map: Tensor) -> Tensor:
        """Embedding (N, D), not yet of unit length, from a feature map (N, C, h, w)."""
        positions = feature_map.flatten(2).transpose(1, 2)  # (N, h·w, C)
        tokens = torch.cat([positions.mean(dim=1, keepdim=True), positions], dim=1)  # (N, 1 + h·w, C)
        pooled = self.attention(tokens) @ tokens  # (N, heads, C)
        values = self.v_proj.weight.view(self.heads, -1, tokens.shape[-1])  # (heads, size, C)
        value = torch.einsum("nhc,hsc->nhs", pooled, values).flatten(1) + self.v_proj.bias  # (N, C)
        embedding: Tensor = self.c_proj(value)
        return embedding


class Backbone(nn.Module):
    """A ModifiedResNet split into `feature_map` and `pool`; parameter names are CLIP's own."""

    def __init__(self, settings: BackboneSettings) -> None:
        """Make a backbone with random weights."""
        super().__init__()
        width = settings.width
        self.conv1 = nn.Conv2d(3, width // 2, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width // 2)
        self.conv2, self.bn2 = nn.Conv2d(width // 2, width // 2, 3, padding=1, bias=False), nn.BatchNorm2d(width // 2)
        self.conv3, self.bn3 = nn.Conv2d(width // 2, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        self.avgpool = nn.AvgPool2d(2)
        self.layer1 = _layer(settings.blocks[0], width, width, 1)
        self.layer2 = _layer(settings.blocks[1], width * 4, width * 2, 2)
        self.layer3 = _layer(settings.blocks[2], width * 8, width * 4, 2)
        self.layer4 = _layer(settings.blocks[3], width * 16, width * 8, 2)
        self.attnpool = MeanQueryPooling(settings.channels, settings.heads, settings.embedding_size)

    def stem(self, pixels: Tensor) -> Tensor:
        """First features (N, width, H/4, W/4) of normalised pixels (N, 3, H, W)."""
        features = functional.relu(self.bn1(self.conv1(pixels)), inplace=True)
        features = functional.relu(self.bn2(self.conv2(features)), inplace=True)
        features = functional.relu(self.bn3(self.conv3(features)), inplace=True)
        reduced: Tensor = self.avgpool(features)
        return reduced

    def lower(self, pixels: Tensor) -> Tensor:
        """Output of layer 3 (N, C/2, H/16, W/16) of normalised pixels (N, 3, H, W)."""
        features: Tensor = self.layer3(self.layer2(self.layer1(self.stem(pixels))))
        return features

    def upper(self, features: Tensor) -> Tensor:
        """Feature map (N, C, h, w) of the output of layer 3."""
        feature_map: Tensor = self.layer4(features)
        return feature_map

    def feature_map(self, pixels: Tensor) -> Tensor:
        """Feature map (N, C, h, w) of normalised pixels (N, 3, H, W); h and w are about H/32 and W/32."""
        return self.upper(self.lower(pixels))

    def pool(self, feature_map: Tensor) -> Tensor:
        """Embedding (N, D), not of unit length, of a feature map (N, C, h, w)."""
        embedding: Tensor = self.attnpool(feature_map)
        return embedding

    def forward(self, pixels: Tensor) -> Tensor:
        """Embedding (N, D), not of unit length, of normalised pixels (N, 3, H, W)."""
        return self.pool(self.feature_map(pixels))
