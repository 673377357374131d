"""A model in OpenVINO. Imported only where the package is installed."""

import os
import tempfile
import threading
from collections import deque
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import openvino
import torch
from torch import Tensor, nn

from qualiclip.models.family import Family
from qualiclip.version import __version__
from qualiclip.weights.files import cache_folder

HINTS = {"fp32": "f32", "bf16": "bf16"}


@cache
def _core() -> Any:
    """OpenVINO's plugins, loaded once and never let go.

    The plugin for processors gives the thread that loads it a stack for signals, and frees that stack when it is
    unloaded, by whichever thread. The next Ctrl-C, or end of a child process, would end this process without a word.
    """
    return openvino.Core()


class _FeatureMap(nn.Module):
    """The step to the feature map as a module, for export."""

    def __init__(self, model: Family) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Tensor:
        return self.model.feature_map(image)


def _convert(model: Family) -> Any:
    dynamic = torch.export.Dim.DYNAMIC
    shapes = ({0: dynamic, 2: dynamic, 3: dynamic},)
    exported = torch.export.export(_FeatureMap(model).eval(), (torch.rand(2, 3, 96, 128),), dynamic_shapes=shapes)
    return openvino.convert_model(exported)


def _read_or_convert(path: Path, model: Family) -> Any:
    """A converted model kept on disk, for converting takes seconds; always what the file gives.

    The model that was just converted differs from that by rounding: the same picture would have another score at first.
    """
    weights = path.with_suffix(".bin")
    if not (path.is_file() and weights.is_file()):
        converted = _convert(model)
        try:
            _save(converted, path)
        except (OSError, RuntimeError):  # a disk that is full or not ours costs seconds at each start, not the score
            return _through_a_file(converted)
    return _core().read_model(path)


def _save(converted: Any, path: Path) -> None:
    """Write a converted model, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{os.getpid()}-{threading.get_native_id()}-{path.name}")
    openvino.save_model(converted, unfinished, compress_to_fp16=False)
    unfinished.with_suffix(".bin").replace(path.with_suffix(".bin"))
    unfinished.replace(path)


def _through_a_file(converted: Any) -> Any:
    """The model as a file would give it, where none can be kept."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.xml")
        openvino.save_model(converted, path, compress_to_fp16=False)
        return _core().read_model(path.read_bytes(), path.with_suffix(".bin").read_bytes())


def build_runner(model: Family, precision: str, key: str) -> Callable[[Tensor], Tensor]:
    """A function from an image (N, 3, H, W) to the feature map; `key` names the weights, for what is kept on disk."""
    folder = cache_folder() / "openvino" / openvino.get_version().split("-")[0]
    options = {
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "CPU_RUNTIME_CACHE_CAPACITY": "256",  # its own 5000 keeps 3 MB for every size of picture, without any gain
    }
    compiled = _core().compile_model(_read_or_convert(folder / f"{key[:32]}-{__version__}.xml", model), "CPU", options)
    idle: deque[Any] = deque()  # requests, each with its buffers: as many as were ever needed at once

    def run(image: Tensor) -> Tensor:
        try:
            request = idle.pop()
        except IndexError:
            request = compiled.create_infer_request()
        results = request.infer({0: image.contiguous().numpy()}, share_inputs=True)
        feature_map = torch.from_numpy(results[0].copy())  # its memory is used again by the next call
        idle.append(request)
        return feature_map

    return run
