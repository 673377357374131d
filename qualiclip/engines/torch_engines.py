"""Engines that torch computes: as it is, with folded batch norms, compiled."""

import copy
from collections.abc import Iterable
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from qualiclip.ambient import without_gradients
from qualiclip.machine import trim
from qualiclip.models.family import Family

from .stages import Stages, Step

Network = TypeVar("Network", bound=nn.Module)


def _plain(step: Step, dtype: torch.dtype, memory_format: torch.memory_format) -> Step:
    @without_gradients()
    def run(values: Tensor) -> Tensor:
        return step(values.to(dtype, memory_format=memory_format)).float()

    return run


def _stages(steps: Iterable[Step], dtype: torch.dtype, memory_format: torch.memory_format) -> Stages:
    whole, lower, upper = (_plain(step, dtype, memory_format) for step in steps)
    return Stages(lambda image: whole(image).contiguous(), lower, lambda features: upper(features).contiguous())


def _steps(model: Family) -> tuple[Step, Step, Step]:
    return model.feature_map, model.lower, model.upper


def _dtype(precision: str) -> torch.dtype:
    return torch.bfloat16 if precision == "bf16" else torch.float32


class _Convolution(nn.Module):
    """A convolution that is always computed by oneDNN."""

    def __init__(self, convolution: nn.Conv2d, padding: tuple[int, ...]) -> None:
        super().__init__()
        self.weight, self.bias, self.groups = convolution.weight, convolution.bias, convolution.groups
        self.places = (padding, convolution.stride, convolution.dilation)

    def forward(self, values: Tensor) -> Tensor:
        return torch.mkldnn_convolution(values, self.weight, self.bias, *self.places, self.groups)


def steady(model: Network) -> Network:
    """The same network, sharing its tensors, with one way of computing convolutions.

    torch itself takes another way, with other roundings, on one thread than on several, and for small pictures alone
    than for many at once.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]  # torch's own
        return model
    own = copy.deepcopy(model, {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())})
    for module in list(own.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Conv2d) and not isinstance(child.padding, str):
                setattr(module, name, _Convolution(child, child.padding))
    return own


def eager_engine(model: Family, precision: str, key: str) -> Stages:
    """The model as it is."""
    own = model if precision == "fp32" else copy.deepcopy(model).to(_dtype(precision))
    return _stages(_steps(steady(own)), _dtype(precision), torch.contiguous_format)


def _fold(module: nn.Module, convolution: str, norm: str) -> None:
    folded = fuse_conv_bn_eval(getattr(module, convolution), getattr(module, norm))
    setattr(module, convolution, folded)
    setattr(module, norm, nn.Identity())


def fused_model(model: Network) -> Network:
    """A copy whose batch norms are folded into the convolutions before them, with channels last in memory."""
    fused = copy.deepcopy(model)
    for module in fused.modules():
        names = {name for name, _ in module.named_children()}
        for index in "123":
            if {f"conv{index}", f"bn{index}"} <= names:
                _fold(module, f"conv{index}", f"bn{index}")
        if {"0", "1"} <= names and isinstance(module.get_submodule("1"), nn.BatchNorm2d):
            _fold(module, "0", "1")  # the shortcut of a bottleneck
    fused = fused.to(memory_format=torch.channels_last)
    trim()  # of the copies on the way
    return fused


def fused_engine(model: Family, precision: str, key: str) -> Stages:
    """Batch norms folded into convolutions, channels last in memory."""
    fused = fused_model(model).to(_dtype(precision))
    return _stages(_steps(steady(fused)), _dtype(precision), torch.channels_last)


def compile_engine(model: Family, precision: str, key: str) -> Stages:
    """As `fused`, compiled by torch's inductor: needs a C++ compiler, and half a minute when first used."""
    fused = fused_model(model).to(_dtype(precision))
    build = partial(torch.compile, dynamic=True, options={"freezing": True})
    return _stages((build(step) for step in _steps(fused)), _dtype(precision), torch.channels_last)
