"""The steps of a model in OpenVINO. Imported only where the package is installed."""

import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import openvino
import torch
from torch import Tensor, nn

from .engines import Stages, Step
from .model import QualityModel
from .weights import cache_folder

HINTS = {"fp32": "f32", "bf16": "bf16"}


class _Module(nn.Module):
    """A step as a module, for export; the parameters are those of the model it belongs to."""

    def __init__(self, model: QualityModel, step: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.model = model
        self.step = step

    def forward(self, values: Tensor) -> Tensor:
        return self.step(values)


def _convert(model: QualityModel, step: Callable[[Tensor], Tensor], example: Tensor) -> Any:
    dynamic = torch.export.Dim.DYNAMIC
    exported = torch.export.export(
        _Module(model, step).eval(), (example,), dynamic_shapes=({0: dynamic, 2: dynamic, 3: dynamic},)
    )
    return openvino.convert_model(exported)


def _read_or_convert(path: Path, convert: Callable[[], Any]) -> Any:
    """A model kept on disk, for converting takes seconds."""
    core = openvino.Core()
    if path.is_file() and path.with_suffix(".bin").is_file():
        return core.read_model(path)
    converted = convert()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{threading.get_native_id()}-{path.name}")
    openvino.save_model(converted, partial, compress_to_fp16=False)
    partial.with_suffix(".bin").replace(path.with_suffix(".bin"))
    partial.replace(path)
    return converted


def _runner(compiled: Any) -> Step:
    """A function that infers with a request of the calling thread's own: a request is not to be shared."""
    own = threading.local()

    def run(values: Tensor) -> Tensor:
        if not hasattr(own, "request"):
            own.request = compiled.create_infer_request()
        results = own.request.infer({0: values.contiguous().numpy()}, share_inputs=True)
        return torch.from_numpy(results[0].copy())  # its memory is used again by the next call

    return run


def build_stages(model: QualityModel, precision: str, key: str) -> Stages:
    """The steps of a model whose batch norms are folded; each is converted and compiled when first used."""
    folder = cache_folder() / "openvino" / openvino.get_version().split("-")[0]
    channels = model.settings.backbone.width * 16
    examples: dict[str, tuple[Callable[[Tensor], Tensor], tuple[int, ...]]] = {
        "whole": (model.feature_map, (2, 3, 96, 128)),
        "lower": (model.lower, (2, 3, 96, 128)),
        "upper": (model.backbone.upper, (2, channels, 6, 8)),
    }
    lock = threading.Lock()

    @cache
    def runner(name: str) -> Step:
        step, shape = examples[name]
        converted = _read_or_convert(
            folder / f"{key[:32]}-{name}.xml", lambda: _convert(model, step, torch.rand(shape))
        )
        options = {
            "INFERENCE_PRECISION_HINT": HINTS[precision],
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        }
        return _runner(openvino.Core().compile_model(converted, "CPU", options))

    def lazily(name: str) -> Step:
        def run(values: Tensor) -> Tensor:
            with lock:
                ready = runner(name)
            return ready(values)

        return run

    return Stages(*(lazily(name) for name in examples))
