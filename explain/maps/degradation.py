"""The degradation map: where a picture is degraded and how much, by a network that scores nothing."""

from functools import lru_cache

import torch
from torch import Tensor

from qualiclip.assets import asset
from qualiclip.degradations import MAX_LEVEL
from qualiclip.engines.torch_engines import fused_model, steady
from qualiclip.models.degradation_map import STRIDE, DegradationMap
from qualiclip.weights.map_files import load_map

FULL_SCALE = float(MAX_LEVEL)
APART = STRIDE  # px between the places
FIRST = STRIDE / 2  # px, the middle of the first one


@lru_cache(maxsize=1)
def _loaded() -> tuple[DegradationMap, float]:
    network, training = load_map(asset("weights", "degradation_map.safetensors"))
    network = steady(fused_model(network)).to(memory_format=torch.channels_last)  # in half the time
    return network, float(training["quiet_level"])


def degradation_grid(image: Tensor) -> Tensor:
    """The level of degradation (h, w) in [0, 5] at places 8 px apart, of an image (3, H, W)."""
    return _loaded()[0].levels(image[None].float())[0]


def quiet_level() -> float:
    """The level that no place reaches in 95 of 100 photos that are not degraded."""
    return _loaded()[1]
