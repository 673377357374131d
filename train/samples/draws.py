"""Numbers drawn from a generator: the same in every worker process and on every machine."""

import torch
from torch import Generator


def uniform(generator: Generator, low: float, high: float) -> float:
    """A number from `low` to `high`."""
    return low + (high - low) * float(torch.rand((), generator=generator, dtype=torch.float32))
