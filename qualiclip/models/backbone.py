"""CLIP's ModifiedResNet, cut in two: an image becomes a feature map, a feature map becomes an embedding.

The trunk is open_clip's. The attention pooling is ours: without positional embedding, and with the mean token
as the only query, because only that token's output is used.
"""

from dataclasses import dataclass

import torch
from open_clip.modified_resnet import ModifiedResNet
from torch import Tensor, nn

from qualiclip.checks import check_several
from qualiclip.errors import UsageError, shown


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


class Backbone(ModifiedResNet):  # type: ignore[misc]  # open_clip ships no types
    """A ModifiedResNet split into `feature_map` and `pool`; parameter names are CLIP's own."""

    def __init__(self, settings: BackboneSettings) -> None:
        """Make a backbone with random weights."""
        super().__init__(
            layers=list(settings.blocks),
            output_dim=settings.embedding_size,
            heads=settings.heads,
            width=settings.width,
        )
        self.attnpool = MeanQueryPooling(settings.channels, settings.heads, settings.embedding_size)

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
