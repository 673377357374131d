"""Heatmaps: where in the picture the model finds what raises or lowers its score.

pytorch-grad-cam puts hooks on the model it is given, so it never sees the shared one: every request makes a small
throw-away head (an identity layer, the pooling, the similarities) and feeds it a detached feature map. That gives the
whole-model map, without a second pass through the trunk.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from qualiclip.errors import UsageError, look_up
from qualiclip.model import QualityModel

if TYPE_CHECKING:
    from pytorch_grad_cam.base_cam import BaseCAM


@dataclass(frozen=True)
class Method:
    """A way to make a heatmap: its name for people, one plain sentence, and the name of the library's class.

    The library, 140 MB in memory, is imported when the first heatmap is made: tables and texts don't need it.
    """

    label: str
    description: str
    class_name: str

    @property
    def cam(self) -> "Callable[..., BaseCAM]":
        """The library's class."""
        import pytorch_grad_cam

        cam: Callable[..., BaseCAM] = getattr(pytorch_grad_cam, self.class_name)
        return cam


@dataclass(frozen=True)
class Target:
    """What a heatmap is asked for: a number made of the similarities (K, 2) to the prompts."""

    label: str
    description: str
    value: Callable[[Tensor], Tensor]
    signed: bool


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "gradcam": Method("Grad-CAM", "Weighs each channel by its mean gradient. The usual choice.", "GradCAM"),
        "hirescam": Method("HiResCAM", "Multiplies gradient and activation at each place.", "HiResCAM"),
        "layercam": Method("LayerCAM", "Keeps only gradients that raise the target.", "LayerCAM"),
        "gradcam++": Method("Grad-CAM++", "Grad-CAM that counts several places.", "GradCAMPlusPlus"),
        "xgradcam": Method("XGradCAM", "Grad-CAM with channels scaled by their activation.", "XGradCAM"),
    }
)

TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "good": Target(
            "Good quality",
            "Places that raise the similarity to the positive prompts.",
            lambda similarities: similarities[:, 0].mean(),
            signed=False,
        ),
        "bad": Target(
            "Bad quality",
            "Places that raise the similarity to the negative prompts.",
            lambda similarities: similarities[:, 1].mean(),
            signed=False,
        ),
        "difference": Target(
            "Difference",
            "Places that raise the score (blue) and places that lower it (red).",
            lambda similarities: (similarities[:, 0] - similarities[:, 1]).mean(),
            signed=True,
        ),
    }
)


@dataclass(frozen=True)
class Explanation:
    """A heatmap for an image of height H and width W.

    `values` (H, W) lie in [0, 1], or in [-1, 1] for a signed target; the largest magnitude is 1, or all are 0 where
    nothing speaks for the target. `grid` (h, w) holds the method's own values at the model's positions, unscaled.
    """

    method: str
    target: str
    values: NDArray[np.float32]
    grid: NDArray[np.float32]

    @property
    def has_evidence(self) -> bool:
        """Whether any place speaks for the target (for a signed target: for or against)."""
        return bool(np.any(self.values))

    @property
    def note(self) -> str:
        """The map in words: what it shows and where it is strongest, or that it shows nothing."""
        if not self.has_evidence:
            return "No place in this picture speaks for this target: the map is empty."
        return f"{TARGETS[self.target].description} {describe_places(self.values)}"


def describe_places(values: NDArray[np.float32]) -> str:
    """Where in the picture a heatmap (H, W) is strongest, for those who can't see it."""
    places = []
    if values.max() > 0:
        places.append(f"Most for it: {_strongest_place(np.maximum(values, 0))}.")
    if values.min() < 0:
        places.append(f"Most against it: {_strongest_place(np.maximum(-values, 0))}.")
    return " ".join(places)


def _strongest_place(values: NDArray[np.float32]) -> str:
    rows = [np.array_split(band, 3, axis=1) for band in np.array_split(values, 3, axis=0)]
    means = np.array([[part.mean() for part in row] for row in rows])
    row, column = np.unravel_index(int(means.argmax()), means.shape)
    if row == column == 1:
        return "the centre"
    return " ".join(word for word in (("top", "", "bottom")[row], ("left", "", "right")[column]) if word)


class _Head(nn.Module):
    """Feature map (1, C, h, w) → similarities (1, K, 2), with a layer of its own for the library's hooks."""

    def __init__(self, model: QualityModel) -> None:
        super().__init__()
        self.entrance = nn.Identity()
        self.pooling = model.backbone.attnpool
        self.prompt_features = model.prompt_features

    def forward(self, feature_map: Tensor) -> Tensor:
        features = self.entrance(feature_map) * 1.0
        embedding = functional.normalize(self.pooling(features), dim=-1)
        return torch.einsum("nd,kpd->nkp", embedding, self.prompt_features)


def cam_grid(
    model: QualityModel, feature_map: Tensor, method: "Callable[..., BaseCAM]", value: Callable[[Tensor], Tensor]
) -> NDArray[np.float32]:
    """The library's own map (h, w), unscaled and signed, from a feature map (1, C, h, w)."""
    head = _Head(model)
    features = feature_map.detach().clone().requires_grad_()
    cam = method(model=head, target_layers=[head.entrance])
    try:
        recorder = cam.activations_and_grads
        with torch.enable_grad():  # the caller may have turned gradients off
            value(recorder(features)[0]).backward()  # type: ignore[no-untyped-call]
        activations, gradients = recorder.activations[0].numpy(), recorder.gradients[0].numpy()
        grid = cam.get_cam_image(features, head.entrance, [value], activations, gradients, False)
        return np.asarray(grid[0], dtype=np.float32)
    finally:
        recorder.release()


def explain_features(
    model: QualityModel, feature_map: Tensor, *, size: tuple[int, int], method: str, target: str
) -> Explanation:
    """Heatmap of an image of the given size (H, W) [px] from its feature map (1, C, h, w).

    Raises:
        UsageError: if the method or the target is unknown.
    """
    if feature_map.shape[0] != 1:
        raise UsageError(f"one feature map at a time, got a batch of {feature_map.shape[0]}")
    wanted = look_up(TARGETS, target, kind="heatmap target")
    grid = cam_grid(model, feature_map, look_up(METHODS, method, kind="heatmap method").cam, wanted.value)
    kept = grid if wanted.signed else np.maximum(grid, 0)
    enlarged = functional.interpolate(torch.from_numpy(kept)[None, None], size=size, mode="bilinear")[0, 0]
    peak = enlarged.abs().max()
    values = enlarged / peak if peak > 0 else torch.zeros_like(enlarged)
    return Explanation(method, target, values.numpy(), grid)
