"""The methods of pytorch-grad-cam, on a throw-away head.

The library puts hooks on the model it is given and changes its mode, so it never sees the shared one: every request
makes a small head (a layer for the hooks, then the model's own way from feature map to evidence) and feeds it a
detached feature map. That gives the whole-model map, without a second pass through the trunk.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from qualiclip.models.family import Family
from qualiclip.models.targets import Value

if TYPE_CHECKING:
    from pytorch_grad_cam.base_cam import BaseCAM

MOST_POSITIONS = 1024  # of a feature map that is decomposed; 1 megapixel


class _Entrance(nn.Module):
    """The layer for the library's hooks; its output is its input, and never a leaf of the graph."""

    def forward(self, feature_map: Tensor) -> Tensor:
        return feature_map * 1.0


class _Head(nn.Module):
    """Feature map (1, C, h, w) → evidence (1, K, 2), with the model out of the library's sight."""

    def __init__(self, model: Family) -> None:
        super().__init__()
        self.entrance = _Entrance()
        self.place = nn.Parameter(
            torch.zeros(0, dtype=torch.float32), requires_grad=False
        )  # the library asks the first one for its device
        self._evidence = model.evidence  # a method, no submodule: the library sets modes and devices of submodules

    def forward(self, feature_map: Tensor) -> Tensor:
        return self._evidence(self.entrance(feature_map))


def cam_grid(model: Family, feature_map: Tensor, method: "Callable[..., BaseCAM]", value: Value) -> Tensor:
    """The library's own map (h, w), unscaled and signed, from a feature map (1, C, h, w).

    Not by calling the library's object, which erases sign and scale.
    """
    head = _Head(model)
    features = feature_map.detach().clone().requires_grad_()
    cam = method(model=head, target_layers=[head.entrance])
    recorder = cam.activations_and_grads
    try:
        with torch.enable_grad():  # the caller may have turned gradients off
            outcome = value(recorder(features)[0])
            torch.autograd.grad(outcome, features)
        recorded = (recorder.activations[0].numpy(), recorder.gradients[0].numpy())
        grid = cam.get_cam_image(features, head.entrance, [value], *recorded, False)
        return torch.from_numpy(np.asarray(grid[0], dtype=np.float32))
    finally:
        recorder.activations, recorder.gradients = [], []  # else it detaches them in place, which views refuse
        recorder.release()


@dataclass(frozen=True)
class LibraryCam:
    """A method of the library, by the name of its class.

    The library, 140 MB in memory, is imported when the first map is made: tables and texts don't need it.
    """

    class_name: str

    @property
    def cam(self) -> "Callable[..., BaseCAM]":
        """The library's class."""
        import pytorch_grad_cam

        cam: Callable[..., BaseCAM] = getattr(pytorch_grad_cam, self.class_name)
        return cam

    def __call__(self, model: Family, feature_map: Tensor, value: Value) -> Tensor:
        """Map (h, w) of a feature map (1, C, h, w)."""
        return cam_grid(model, feature_map, self.cam, value)


def features_alone(model: Family, feature_map: Tensor, value: Value) -> Tensor:
    """What EigenCAM decomposes: a feature map (1, C, h, w) as it is."""
    return feature_map


def gradient_times_features(model: Family, feature_map: Tensor, value: Value) -> Tensor:
    """What EigenGradCAM decomposes: a feature map (1, C, h, w) times the gradient of the target."""
    features = feature_map.detach().clone().requires_grad_()
    with torch.enable_grad():  # the caller may have turned gradients off
        (gradient,) = torch.autograd.grad(value(model.evidence(features)[0]), features)
    return gradient * feature_map


def first_component(feature_map: Tensor) -> Tensor:
    """Projection (h, w) of the positions of a feature map (1, C, h, w) on their first principal component.

    By iteration to full precision for that component alone; the library decomposes everything, which takes twenty times
    as long.
    """
    positions = feature_map[0].flatten(1).T.double().numpy()  # (P, C)
    centred = positions - positions.mean(axis=0)
    if not centred.any():
        return torch.zeros(feature_map.shape[-2:], dtype=torch.float32)
    from scipy.sparse.linalg import svds

    start = np.random.default_rng(0).standard_normal(min(centred.shape))  # any; the same, so that maps are
    left, value, _ = svds(centred, k=1, v0=start)
    return torch.from_numpy(left[:, 0] * value[0]).float().view(feature_map.shape[-2:])


@dataclass(frozen=True)
class PrincipalCam(LibraryCam):
    """A method that takes the first principal component of the positions.

    `decomposed` gives a feature map whose component that is; without it the library does all. A component has no sign
    of its own: the side that reaches further from the mean is taken as positive.
    Source: Chung and Ying, Seg-Eigen-CAM, 2025, equation 13.
    """

    decomposed: Callable[[Family, Tensor, Value], Tensor] | None = None

    def __call__(self, model: Family, feature_map: Tensor, value: Value) -> Tensor:
        """Map (h, w) of a feature map (1, C, h, w), by way of a pooled one if it has too many positions."""
        size = feature_map.shape[-2:]
        small = pooled(feature_map)
        if _is_flat(small):
            return torch.zeros(size, dtype=torch.float32)
        if self.decomposed is None:
            grid = super().__call__(model, small, value)
        else:
            grid = first_component(self.decomposed(model, small, value))
        oriented = -grid if grid.min().abs() > grid.max().abs() else grid
        if grid.shape == size:
            return oriented
        return functional.interpolate(oriented[None, None], size=size, mode="bilinear")[0, 0]


def pooled(feature_map: Tensor) -> Tensor:
    """A feature map of at most `MOST_POSITIONS` positions, by means over neighbours; a smaller one is left alone."""
    height, width = feature_map.shape[-2:]
    if height * width <= MOST_POSITIONS:
        return feature_map
    factor = math.sqrt(MOST_POSITIONS / (height * width))
    rows = min(max(1, int(height * factor)), MOST_POSITIONS)
    columns = min(max(1, int(width * factor)), MOST_POSITIONS // rows)
    return functional.adaptive_avg_pool2d(feature_map, (rows, columns))


def _is_flat(feature_map: Tensor) -> bool:
    """Whether all positions are the same but for rounding: their first component would be noise."""
    spread = (feature_map - feature_map.mean(dim=(2, 3), keepdim=True)).abs().max()
    return bool(spread <= 1e-6 * feature_map.abs().max())
