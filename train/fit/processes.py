"""One process or many: who computes what, and how the batch comes together again."""

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor

from qualiclip.errors import TrainingError
from train.recipes.settings import Recipe


def build_accelerator(recipe: Recipe, *, device: str) -> Accelerator:
    """The processes of this run, as `accelerate launch` or `torchrun` started them, or one alone.

    Raises:
        TrainingError: if there is no such device, it can't compute in the recipe's precision, or a batch can't be
            shared out.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise TrainingError("device cuda is not available here; use cpu")
    if device == "cpu" and recipe.precision == "fp16":
        raise TrainingError("precision fp16 needs a GPU; use bf16 or fp32")
    # accelerate keeps one state per program and refuses another precision; a program may run several recipes.
    AcceleratorState._reset_state(reset_partial_state=not torch.distributed.is_initialized())
    precision = "no" if recipe.precision == "fp32" else recipe.precision
    accelerator = Accelerator(cpu=device == "cpu", mixed_precision=precision)
    share, rest = divmod(recipe.batch, recipe.accumulate * accelerator.num_processes)
    if not share or rest:
        raise TrainingError(
            f"a batch of {recipe.batch} can't be shared out to {accelerator.num_processes} processes, "
            f"{recipe.accumulate} parts each; change batch or accumulate"
        )
    return accelerator


def sample_numbers(recipe: Recipe, *, start: int, process: int, processes: int) -> list[int]:
    """Numbers of the samples of one process from step `start` on: of each part of a batch its share, in order."""
    part = recipe.batch // recipe.accumulate
    share = part // processes
    firsts = range(start * recipe.batch, recipe.steps * recipe.batch, part)
    return [first + process * share + index for first in firsts for index in range(share)]


def gather_whole(tensor: Tensor, accelerator: Accelerator) -> Tensor:
    """The tensors (N, …) of all processes as one (N · processes, …); gradients flow to one's own part alone."""
    if accelerator.num_processes == 1 or not tensor.numel():
        return tensor
    parts = list(accelerator.gather(tensor.detach()).split(len(tensor)))
    parts[accelerator.process_index] = tensor
    return torch.cat(parts)
