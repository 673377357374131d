"""How the feature map is computed. Every engine gives the same numbers; they differ in speed and in what they need.

An engine is made once from a model and never changes it. It may be called from several threads.
"""

import copy
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from types import MappingProxyType
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .errors import UsageError, unknown_name
from .memory import trim
from .model import QualityModel

Step = Callable[[Tensor], Tensor]
Built = TypeVar("Built")
PRECISIONS = ("fp32", "bf16")


@dataclass(frozen=True)
class Stages:
    """The steps from an image (N, 3, H, W) to the feature map (N, C, h, w), in float32.

    `whole` does it at once; `lower` ends at stride 16, after layer 3, and `upper` goes on from there: for pictures
    too large to be done at once.
    """

    whole: Step
    lower: Step
    upper: Step


Engine = Callable[[QualityModel, str, str], Stages]  # model, precision, key of its weights


def bf16_supported() -> bool:
    """Whether this processor computes with bfloat16; without it, bfloat16 is slower than float32."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _plain(step: Step, dtype: torch.dtype, memory_format: torch.memory_format) -> Step:
    def run(values: Tensor) -> Tensor:
        with torch.no_grad():  # not inference_mode: its tensors can't take part in a gradient later
            return step(values.to(dtype, memory_format=memory_format)).float()

    return run


def _stages(steps: Iterable[Step], dtype: torch.dtype, memory_format: torch.memory_format) -> Stages:
    whole, lower, upper = (_plain(step, dtype, memory_format) for step in steps)
    return Stages(lambda image: whole(image).contiguous(), lower, lambda features: upper(features).contiguous())


def _steps(model: QualityModel) -> tuple[Step, Step, Step]:
    return model.feature_map, model.lower, model.backbone.upper


def _dtype(precision: str) -> torch.dtype:
    return torch.bfloat16 if precision == "bf16" else torch.float32


def eager_engine(model: QualityModel, precision: str, key: str) -> Stages:
    """The model as it is."""
    own = model if precision == "fp32" else copy.deepcopy(model).to(_dtype(precision))
    return _stages(_steps(own), _dtype(precision), torch.contiguous_format)


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
    fused = fused.to(memory_format=torch.channels_last)
    trim()  # of the copies on the way
    return fused


def fused_engine(model: QualityModel, precision: str, key: str) -> Stages:
    """Batch norms folded into convolutions, channels last in memory."""
    return _stages(_steps(fused_model(model).to(_dtype(precision))), _dtype(precision), torch.channels_last)


def compile_engine(model: QualityModel, precision: str, key: str) -> Stages:
    """As `fused`, compiled by torch's inductor: needs a C++ compiler, and half a minute when first used."""
    fused = fused_model(model).to(_dtype(precision))
    build = partial(torch.compile, dynamic=True, options={"freezing": True})
    return _stages((build(step) for step in _steps(fused)), _dtype(precision), torch.channels_last)


def _once(build: Callable[[], Built]) -> Callable[[], Built]:
    """A function that builds when first called, and gives the same ever after, to all threads."""
    lock, built = threading.Lock(), list[Built]()

    def get() -> Built:
        with lock:
            if not built:
                built.append(build())
        return built[0]

    return get


def openvino_engine(model: QualityModel, precision: str, key: str) -> Stages:
    """OpenVINO on the processor: the fastest, from the optional extra `openvino`.

    Pictures that are too large to be done at once are computed as by `fused`, in half of the memory.
    """
    if find_spec("openvino") is None:
        raise UsageError("engine openvino needs the package openvino; pip install openvino, or choose another engine")
    from .openvino_engine import build_runner

    whole = _once(lambda: build_runner(fused_model(model), precision, key))
    tiles = _once(lambda: fused_engine(model, precision, key))
    return Stages(
        lambda image: whole()(image), lambda image: tiles().lower(image), lambda features: tiles().upper(features)
    )


ENGINES: Mapping[str, Engine] = MappingProxyType(
    {"eager": eager_engine, "fused": fused_engine, "openvino": openvino_engine, "compile": compile_engine}
)


def resolve_engine(name: str) -> str:
    """Name of an engine; "auto" is `openvino` where it is installed, else `fused`.

    Raises:
        UsageError: if there is no such engine.
    """
    if name == "auto":
        return "openvino" if find_spec("openvino") else "fused"
    if name not in ENGINES:
        raise unknown_name("engine", name, ["auto", *ENGINES])
    return name


def build_engine(name: str, model: QualityModel, *, precision: str, key: str) -> Stages:
    """The steps of an engine; `key` names the weights, for what is kept on disk.

    Raises:
        UsageError: if there is no such engine or precision, or it can't run here.
    """
    if precision not in PRECISIONS:
        raise unknown_name("precision", precision, PRECISIONS)
    if precision == "bf16" and not bf16_supported():
        raise UsageError("this processor does not compute with bfloat16; choose precision fp32")
    return ENGINES[resolve_engine(name)](model, precision, key)
