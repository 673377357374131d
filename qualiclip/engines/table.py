"""The table of engines, and how one is chosen."""

import threading
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from types import MappingProxyType
from typing import TypeVar

import torch
from torch import Tensor

from qualiclip.ambient import without_gradients
from qualiclip.errors import UsageError, unknown_name
from qualiclip.models.family import Family

from .stages import Stages
from .torch_engines import compile_engine, eager_engine, fused_engine, fused_model

Built = TypeVar("Built")

PRECISIONS = ("fp32", "bf16")


Engine = Callable[[Family, str, str], Stages]  # model, precision, key of its weights


def bf16_supported() -> bool:
    """Whether this processor computes with bfloat16; without it, bfloat16 is slower than float32."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _once(build: Callable[[], Built]) -> Callable[[], Built]:
    """A function that builds when first called, and gives the same ever after, to all threads."""
    lock, built = threading.Lock(), list[Built]()

    def get() -> Built:
        with lock:
            if not built:
                built.append(build())
        return built[0]

    return get


def openvino_engine(model: Family, precision: str, key: str) -> Stages:
    """OpenVINO on the processor: the fastest, from the optional extra `openvino`.

    Pictures that are too large to be done at once are computed as by `fused`, in half of the memory.
    """
    from .openvino_engine import build_runner

    whole = _once(lambda: build_runner(model, fused_model, precision, key))
    tiles = _once(lambda: fused_engine(model, precision, key))

    @without_gradients()
    def run(image: Tensor) -> Tensor:
        return whole()(image.detach().float())

    return Stages(run, lambda image: tiles().lower(image), lambda features: tiles().upper(features))


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
    if not isinstance(name, str) or name not in ENGINES:
        raise unknown_name("engine", name, ["auto", *ENGINES])
    return name


def check_engine(name: str, precision: str) -> None:
    """Refuse an engine or a precision that there is not, or not here, before a model is loaded for it.

    Raises:
        UsageError: if it is unknown or can't run here.
    """
    if resolve_engine(name) == "openvino" and find_spec("openvino") is None:
        raise UsageError("engine openvino needs the package openvino; pip install openvino, or choose another engine")
    if precision not in PRECISIONS:
        raise unknown_name("precision", precision, PRECISIONS)
    if precision == "bf16" and not bf16_supported():
        raise UsageError("this processor does not compute with bfloat16; choose precision fp32")


@without_gradients()
def build_engine(name: str, model: Family, *, precision: str, key: str) -> Stages:
    """The steps of an engine; `key` names the weights, for what is kept on disk.

    Raises:
        UsageError: if there is no such engine or precision, or it can't run here.
    """
    check_engine(name, precision)
    return ENGINES[resolve_engine(name)](model, precision, key)
