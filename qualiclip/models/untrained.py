"""The untrained twin of a model: the same network with random weights, to see what its training did."""

import copy
import hashlib
from typing import TypeVar

from torch import Generator, nn

from qualiclip.ambient import without_gradients

from .family import Family

FamilyModel = TypeVar("FamilyModel", bound=Family)

TRAINED, UNTRAINED = "compact", "compact-untrained"
SEED = 0
ABOUT = {
    "description": f"the network of {TRAINED} with random weights, never trained: for comparison only",
    "licence": "none: made from a seed",
    "seed": SEED,
}


def _fill(module: nn.Module, generator: Generator) -> None:
    for name, parameter in module.named_parameters(recurse=False):
        if parameter.dim() > 1:
            nn.init.kaiming_normal_(parameter, generator=generator)
        else:
            nn.init.constant_(parameter, 1.0 if name == "weight" else 0.0)
    for name, buffer in module.named_buffers(recurse=False):
        if name in ("running_mean", "running_var"):
            buffer.fill_(1.0 if name == "running_var" else 0.0)


@without_gradients()
def with_random_weights(model: FamilyModel, generator: Generator) -> FamilyModel:
    """A copy of a model with fresh weights in its whole image encoder, and the same prompts."""
    fresh = copy.deepcopy(model)
    for module in fresh.encoder.modules():
        _fill(module, generator)
    return fresh.eval().requires_grad_(False)


def state_sha256(model: nn.Module) -> str:
    """SHA-256 of a model's tensors, with their names, in hexadecimal: for weights that are in no file."""
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().numpy())  # its own memory, not a copy
    return digest.hexdigest()
