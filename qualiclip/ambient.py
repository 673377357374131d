"""What a caller has set in torch for itself must not change our numbers: it is put aside while we compute.

Autocast, the default device, inference mode and the recording of gradients belong to a thread. The precision of
float32 products belongs to the whole process: while we compute, other threads get full precision, too. The default
dtype also does, and is not touched, for a tensor made meanwhile in another thread would have the wrong one; instead
every tensor that we make names its dtype (`tests/test_ambient.py` sees to it).

No generator may yield inside one of these contexts: they would then hold for its caller.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from typing import Any

import torch

AUTOCASTING = ("cpu", "cuda", "xpu", "mps")
FULL = {"none", "ieee"}  # names of full precision: that of the hardware, as nobody asked for less


@contextmanager
def undisturbed() -> Iterator[None]:
    """A context, or a decorator, in which our numbers come out the same whatever the caller has set.

    Gradients are recorded or not, as the caller wishes.
    """
    with ExitStack() as stack:
        for device in AUTOCASTING:
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        if torch.empty(0, dtype=torch.float32).device.type != "cpu":  # cheaper than get_default_device()
            stack.enter_context(torch.device("cpu"))
        stack.enter_context(_full_precision)
        yield


@contextmanager
def without_gradients() -> Iterator[None]:
    """As `undisturbed`, with tensors as outcome that record nothing, but can take part in a gradient later."""
    with undisturbed(), torch.inference_mode(False), torch.no_grad():
        yield


@cache
def _switches() -> tuple[Any, ...]:
    """What has an attribute `fp32_precision` that matters to us; nothing before torch 2.9."""
    backends: Any = torch.backends
    owners = (backends.cuda, "matmul"), (backends.mkldnn, "matmul"), (backends.mkldnn, "conv")
    parts = (getattr(owner, name, None) for owner, name in owners)
    return tuple(part for part in parts if hasattr(part, "fp32_precision"))


class _FullPrecision:
    """Full precision from the first thread that enters to the last one that leaves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._undo = _set_full()
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                for undo in self._undo:
                    undo()


def _set_full() -> list[Callable[[], None]]:
    """Set full precision where there is less; returns how to take that back, step by step."""
    undo: list[Callable[[], None]] = []
    precision = "highest"
    with suppress(RuntimeError):  # it does not answer where the newer switches say otherwise
        precision = torch.get_float32_matmul_precision()
    if precision != "highest":
        torch.set_float32_matmul_precision("highest")
        undo.append(lambda: torch.set_float32_matmul_precision(precision))
    for part in _switches():
        if part.fp32_precision not in FULL:
            undo.insert(0, partial(setattr, part, "fp32_precision", part.fp32_precision))
            part.fp32_precision = "ieee"
    return undo


_full_precision = _FullPrecision()
