"""Heatmaps: where in the picture the model finds what raises or lowers its score.

Every map starts from the feature map of the score; none needs a second pass through the trunk, but for the finer map of
local quality, which is asked for by its stride.
"""

from collections.abc import Callable

from torch import Tensor

from qualiclip.ambient import without_gradients
from qualiclip.errors import InputError, UsageError, look_up, shown
from qualiclip.models.family import Family
from qualiclip.models.targets import TARGETS, Target, find_target
from qualiclip.pictures import PictureSource
from qualiclip.scoring.scorer import Scorer

from . import degradation
from .cams import MOST_POSITIONS, PrincipalCam
from .defaults import chosen
from .explanation import DegradationLevels, Explanation
from .methods import METHODS, Method
from .quality_map import STRIDE, STRIDES, Progress, fine_quality_grid
from .scale import difference_of_models, on_one_scale

__all__ = [
    "METHODS",
    "TARGETS",
    "Explanation",
    "check_method",
    "difference_of_models",
    "explain",
    "explain_alone",
    "explain_finely",
    "explain_image",
    "on_one_scale",
]


def _meaning(method: Method, target: Target, positions: int) -> str:
    if not method.knows_target:
        said = "Where the features differ most from their mean. This method does not know the target."
    elif isinstance(method.grid, PrincipalCam):
        said = "Places that matter most for this target; this method can't tell for it from against it."
    elif method.signed or not target.signed:
        said = target.description
    else:
        said = f"{target.rising} This method does not show what lowers it."
    if isinstance(method.grid, PrincipalCam) and positions > MOST_POSITIONS:
        said += f" Computed on a feature map pooled from {positions} to at most {MOST_POSITIONS} positions."
    return said


def _as_constant(what: str, values: Tensor, shape: str) -> Tensor:
    """The tensor without its past, fit to take part in a gradient."""
    if not isinstance(values, Tensor) or values.dim() != shape.count(",") + 1 or not values.is_floating_point():
        kind = f"{tuple(values.shape)} of {values.dtype}" if isinstance(values, Tensor) else shown(values)
        raise InputError(f"{what} must be a floating tensor {shape}, got {kind}")
    constant = values.detach()
    return constant.clone() if constant.is_inference() else constant


@without_gradients()
def explain_image(
    model: Family,
    image: Tensor,
    feature_map: Tensor,
    *,
    method: str,
    target: str,
    progress: Progress | None = None,
) -> Explanation:
    """Heatmap of an image (3, H, W) whose feature map (1, C, h, w) is known.

    `progress` is told by methods that take something away again and again (`Method.reports`) how often they have, of
    how many times; an exception raised in it stops the work.

    Raises:
        InputError: if the image or the feature map is no such tensor.
        UsageError: if the method or the target is unknown, or there are several feature maps.
    """
    image = _as_constant("an image", image, "(3, H, W)")
    feature_map = _as_constant("a feature map", feature_map, "(1, C, h, w)")
    if feature_map.shape[0] != 1:
        raise UsageError(f"one feature map at a time, got a batch of {feature_map.shape[0]}")
    wanted = find_target(target, model.targets)
    row = look_up(METHODS, method, kind="heatmap method")
    if row.image_alone:
        return explain_alone(image, method=method, target=target)
    if not isinstance(model, row.of):
        fitting = ", ".join(name for name, other in METHODS.items() if isinstance(model, other.of))
        raise UsageError(f"{method} can't explain a model of the family {model.family}; use one of {fitting}")
    told = {"progress": progress} if row.reports else {}
    grid = row.grid(model, feature_map, wanted.value, **told)
    signed, size = row.signed and wanted.signed, (image.shape[-2], image.shape[-1])
    return Explanation(method, target, grid.numpy(), size, signed, _meaning(row, wanted, grid.numel()))


@without_gradients()
def explain_alone(image: Tensor, *, method: str, target: str) -> Explanation:
    """Heatmap of an image (3, H, W) by a method that asks no model (`Method.image_alone`); the target changes nothing.

    Raises:
        InputError: if the image is no such tensor.
    """
    image, row, quiet = _as_constant("an image", image, "(3, H, W)"), METHODS[method], degradation.quiet_level()
    grid = row.grid(image)
    return DegradationLevels(
        *(method, target, grid.numpy(), (image.shape[-2], image.shape[-1])),
        meaning=row.description,
        stride=degradation.APART,
        first=degradation.FIRST,
        full_scale=degradation.FULL_SCALE,
        quiet=quiet,
    )


@without_gradients()
def explain_finely(
    model: Family,
    encode: Callable[[Tensor], Tensor],
    image: Tensor,
    *,
    target: str,
    stride: int,
    progress: Progress | None = None,
) -> Explanation:
    """Local quality of an image (3, H, W) at positions `stride` px apart: (32 / stride)² encodings by `encode`.

    `progress` is told how many are done, of how many; an exception raised in it stops the work.

    Raises:
        InputError: if the image is no such tensor.
        UsageError: if the target is unknown, or the stride is not 32, 16 or 8.
    """
    image = _as_constant("an image", image, "(3, H, W)")
    wanted = find_target(target, model.targets)
    grid = fine_quality_grid(model, encode, image, wanted.value, stride=stride, progress=progress)
    size = (image.shape[-2], image.shape[-1])
    return Explanation("quality_map", target, grid.numpy(), size, wanted.signed, wanted.description, stride)


def check_method(method: str, *, stride: int) -> None:
    """Check what can be checked without a model.

    Raises:
        UsageError: if the method or the stride is unknown, or the method has no finer positions.
    """
    look_up(METHODS, method, kind="heatmap method")
    if stride not in STRIDES:
        raise UsageError(f"stride must be one of {', '.join(map(str, STRIDES))} px, got {stride}")
    if stride != STRIDE and method != "quality_map":
        raise UsageError(f"a stride of {stride} px is for the method quality_map, not {method}")


def explain(
    scorer: Scorer,
    source: PictureSource,
    *,
    method: str | None = None,
    target: str | None = None,
    stride: int = STRIDE,
    progress: Progress | None = None,
) -> Explanation:
    """Heatmap of a picture: of a file, its bytes, a PIL picture, an array or an image tensor (3, H, W).

    By default the degradation map; where only a `target` is asked for, a map of the model's own that knows it.
    `stride` is the distance of the positions in px: 32, or 16 and 8 for the method `quality_map`. `progress` is told
    how much is done, of how much, by work that can tell; an exception raised in it stops the work.

    Raises:
        UsageError: if the method, the target or the stride is unknown, or the method has no finer positions.
        InputError: if the picture can't be used.
    """
    method, target = chosen(method, target)
    check_method(method, stride=stride)
    find_target(target, scorer.model.targets)  # before anything dear is computed
    image = scorer.read(source)
    if stride != STRIDE:
        return explain_finely(scorer.model, scorer.encode, image, target=target, stride=stride, progress=progress)
    if METHODS[method].image_alone:
        return explain_alone(image, method=method, target=target)
    return explain_image(scorer.model, image, scorer.encode(image), method=method, target=target, progress=progress)
