"""How the feature map is computed. Every engine gives the same numbers; they differ in speed.

An engine is made once from a model and never changes it; it is a function from an image (1, 3, H, W) to a feature
map (1, C, h, w) and may be called from several threads.
"""

import copy
from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .errors import unknown_name
from .model import QualityModel

Encoder = Callable[[Tensor], Tensor]


def eager_encoder(model: QualityModel) -> Encoder:
    """The model as it is."""

    def encode(image: Tensor) -> Tensor:
        with torch.no_grad():  # not inference_mode: its tensors can't take part in a gradient later
            return model.feature_map(image)

    return encode


def _fold(module: nn.Module, convolution: str, norm: str) -> None:
    folded = fuse_conv_bn_eval(getattr(module, convolution), getattr(module, norm))
    setattr(module, convolution, folded)
    setattr(module, norm, nn.Identity())


def fused_model(model: QualityModel) -> QualityModel:
    """A copy whose batch norms are folded into the convolutions before them, with channels last in memory."""
    fused = copy.deepcopy(model)
    for module in fused.backbone.modules():
        names = {name for name, _ in module.named_children()}
        for index in "123":
            if {f"conv{index}", f"bn{index}"} <= names:
                _fold(module, f"conv{index}", f"bn{index}")
        if {"0", "1"} <= names and isinstance(module.get_submodule("1"), nn.BatchNorm2d):
            _fold(module, "0", "1")  # the shortcut of a bottleneck
    return fused.to(memory_format=torch.channels_last)


def fused_encoder(model: QualityModel) -> Encoder:
    """Batch norms folded into convolutions, channels last in memory."""
    encode = eager_encoder(fused_model(model))
    return lambda image: encode(image.contiguous(memory_format=torch.channels_last)).contiguous()


ENGINES: Mapping[str, Callable[[QualityModel], Encoder]] = MappingProxyType(
    {"eager": eager_encoder, "fused": fused_encoder}
)


def resolve_engine(name: str) -> str:
    """Name of an engine; "auto" is `fused`.

    Raises:
        UsageError: if there is no such engine.
    """
    if name == "auto":
        return "fused"
    if name not in ENGINES:
        raise unknown_name("engine", name, ["auto", *ENGINES])
    return name
