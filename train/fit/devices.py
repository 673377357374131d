"""Where a command computes."""

import torch

from qualiclip.errors import UsageError


def choose_device(name: str) -> str:
    """The device of that name; "auto" is a GPU where there is one.

    Raises:
        UsageError: if there is no such device.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name not in ("cpu", "cuda") or (name == "cuda" and not torch.cuda.is_available()):
        raise UsageError(f"device {name!r} is not available here; use cpu")
    return name
