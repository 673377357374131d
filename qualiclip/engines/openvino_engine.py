"""A model in OpenVINO. Imported only where the package is installed."""

import tempfile
import warnings
from collections import deque
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from qualiclip.errors import UsageError
from qualiclip.kept import kept
from qualiclip.models.family import Family
from qualiclip.models.untrained import state_sha256
from qualiclip.version import __version__
from qualiclip.weights.files import cache_folder

from .untold import untold

with untold():
    import openvino

FORMAT = 2  # of what is kept; to be raised when the conversion changes
HINTS = {"fp32": "f32", "bf16": "bf16"}
warnings.filterwarnings("ignore", "`torch.jit")  # with which OpenVINO traces models: no concern of our users
SHARED_MEMORY = "/dev/shm"  # for temporary files, where there is no disk for them


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
    """A model for pictures of all sizes.

    Raises:
        UsageError: if what it computes depends on the size of a picture in a way that the conversion does not see.
    """
    module, example = _FeatureMap(model).eval(), torch.zeros((2, 3, 96, 128), dtype=torch.float32, device="cpu")
    other = torch.linspace(0, 1, 3 * 128 * 97, dtype=torch.float32, device="cpu").reshape(1, 3, 128, 97)
    with torch.no_grad(), torch.autocast("cpu", enabled=False):  # what is kept must not depend on who asked first
        converted = openvino.convert_model(module, example_input=example, input=[-1, 3, -1, -1])
        expected = module(other).numpy()
    found = _core().compile_model(converted, "CPU", {"INFERENCE_PRECISION_HINT": HINTS["fp32"]})(other.numpy())[0]
    if found.shape != expected.shape or abs(found - expected).max() > 1e-3 * abs(expected).max():
        raise UsageError("engine openvino can't convert this model for pictures of all sizes; choose engine fused")
    return converted


def _saved(converted: Any, folder: str | None) -> bytes:
    """A converted model as one file: the length of its XML (8 bytes), its XML, its weights."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / "model.xml"
        openvino.save_model(converted, path, compress_to_fp16=False)
        structure, weights = path.read_bytes(), path.with_suffix(".bin").read_bytes()
    return b"".join((len(structure).to_bytes(8, "little"), structure, weights))


def _converted(model: Family) -> bytes:
    """A model, converted and saved.

    Raises:
        UsageError: if no folder for temporary files has room for it.
    """
    converted = _convert(model)
    try:
        return _saved(converted, None)
    except (OSError, RuntimeError):  # no such folder, read-only, or full
        pass
    try:
        return _saved(converted, SHARED_MEMORY)
    except (OSError, RuntimeError) as error:
        raise UsageError(
            "engine openvino converts a model by way of a temporary file, and there is no room for it; "
            "name a folder in the environment's TMPDIR, or choose engine fused"
        ) from error


def _read(model: Family, fold: Callable[[Family], Family], key: str) -> Any:
    """A model in OpenVINO, always as it is read back: the one just converted rounds otherwise."""
    name = f"{key[:32]}-{state_sha256(model.encoder)[:32]}-{__version__}-torch-{torch.__version__}-{FORMAT}"
    path = cache_folder() / "openvino" / openvino.get_version().split("-")[0] / name
    content = kept(path, lambda: _converted(fold(model)))
    end = 8 + int.from_bytes(content[:8], "little")
    structure, weights = content[8:end], content[end:]
    del content  # as large as the weights
    return _core().read_model(structure, weights)


def build_runner(
    model: Family, fold: Callable[[Family], Family], precision: str, key: str
) -> Callable[[Tensor], Tensor]:
    """A function from an image (N, 3, H, W) to the feature map; `key` names the weights, for what is kept on disk.

    `fold` gives a copy without batch norms, for a model that was not converted yet.
    """
    options = {
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "CPU_RUNTIME_CACHE_CAPACITY": "256",  # its own 5000 keeps 3 MB for every size of picture, without any gain
    }
    compiled = _core().compile_model(_read(model, fold, key), "CPU", options)
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
