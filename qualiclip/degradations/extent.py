"""Where a degradation degraded a picture: of some most pixels stay as they are."""

import torch
from torch import Tensor
from torch.nn import functional

from .table import DEGRADATIONS

LEAST_CHANGE = 1.5 / 255  # more than one step of grey
ENCLOSED = 5  # px, side of the largest square between changed pixels that counts as changed


def changed(degraded: Tensor, pristine: Tensor) -> Tensor:
    """Where (H, W) two images (3, H, W) differ by more than one step of grey, 0 or 1; small gaps are filled."""
    different = ((degraded - pristine).abs().amax(dim=0) > LEAST_CHANGE).float()[None]
    grown = functional.max_pool2d(different, ENCLOSED, 1, ENCLOSED // 2)
    return -functional.max_pool2d(-grown, ENCLOSED, 1, ENCLOSED // 2)[0]


def degraded_places(degraded: Tensor, pristine: Tensor, name: str) -> Tensor:
    """Where (H, W) an image is degraded by a type: everywhere, or where it changed, of a `sparse` one."""
    return changed(degraded, pristine) if DEGRADATIONS[name].sparse else torch.ones_like(pristine[0])
