"""A family of models as small as they come: the quality is the strength of edges and of colour. No prompts, no text."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from qualiclip.models.family import Family, Judgement, Part


class EdgeFamily(Family):
    """Scores by two filters: how much the picture changes from pixel to pixel, and how far it is from gray."""

    family = "Edges"
    range = (0.0, 2.0)

    def __init__(self, gain: float = 4.0) -> None:
        super().__init__()
        self.gain = gain
        self.conv1 = nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False)  # with a norm, so that engines can fold it
        self.bn1 = nn.BatchNorm2d(4)
        with torch.no_grad():
            self.conv1.weight.zero_()
            for place, sign in ((3, -1.0), (5, 1.0)):
                self.conv1.weight[:2].view(2, 3, 9)[0, :, place] = sign
            for place, sign in ((1, -1.0), (7, 1.0)):
                self.conv1.weight[:2].view(2, 3, 9)[1, :, place] = sign
            self.conv1.weight[2, :, 1, 1] = torch.tensor([1.0, -1.0, 0.0])
            self.conv1.weight[3, :, 1, 1] = torch.tensor([0.5, 0.5, -1.0])

    @property
    def part_names(self) -> tuple[str, ...]:
        return ("edges", "colour")

    def lower(self, image: Tensor) -> Tensor:
        features = self.bn1(self.conv1(image)).abs()
        for _ in range(3):
            features = functional.avg_pool2d(features, 2)
        return features  # (N, 4, H/16, W/16)

    def upper(self, features: Tensor) -> Tensor:
        return functional.avg_pool2d(features, 2)  # (N, 4, h, w)

    def evidence(self, feature_map: Tensor) -> Tensor:
        strong = torch.tanh(self.gain * feature_map.float().mean(dim=(2, 3)))  # (N, 4)
        parts = torch.stack([strong[:, :2].mean(dim=1), strong[:, 2:].mean(dim=1)], dim=1)  # (N, 2)
        return torch.stack([parts, -parts], dim=-1)  # (N, 2, 2)

    def score(self, feature_map: Tensor) -> Tensor:
        return self.evidence(feature_map)[..., 0].sum(dim=1)

    @torch.no_grad()
    def judge(self, feature_map: Tensor) -> Judgement:
        values = self.evidence(feature_map)[0, :, 0].tolist()
        meanings = ("how much changes from pixel to pixel", "how far from gray")
        parts = zip(self.part_names, values, meanings, strict=True)
        return Judgement(self.score(feature_map).item(), tuple(Part(*part) for part in parts))

    def settings_dict(self) -> dict[str, Any]:
        return {"gain": self.gain}

    @classmethod
    def from_settings(cls, data: Mapping[str, Any]) -> "EdgeFamily":
        return cls(float(data["gain"]))
