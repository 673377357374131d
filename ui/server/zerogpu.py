"""ZeroGPU: hardware of Hugging Face Spaces that lends a GPU to single calls and stops a Space that never asks."""

from importlib.util import find_spec


def _asks_for_a_gpu() -> None:
    """Called by nobody: a call would spend a visitor's GPU time on work that the processor does."""


def announce() -> bool:
    """Give ZeroGPU the function that it wants to find when the page is launched; without effect on other hardware.

    The studio itself computes on the processor everywhere; docs/space.md says why. Returns whether the package
    `spaces`, which Hugging Face installs in every Gradio Space, is here.
    """
    if find_spec("spaces") is None:
        return False
    import spaces

    spaces.GPU(_asks_for_a_gpu)
    return True
