"""What `qualiclip explain` does: a picture in, the picture with a heatmap over it out."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor
from tqdm import tqdm

from explain.maps.explanation import Explanation
from explain.maps.heatmaps import explain_features, explain_finely
from explain.maps.methods import METHODS
from explain.maps.quality_map import STRIDE, STRIDES, Progress
from qualiclip.drawing.overlay import overlay
from qualiclip.errors import UsageError, look_up
from qualiclip.models.targets import find_target
from qualiclip.pictures import image_to_picture
from qualiclip.scoring.scorer import Scorer

PATIENCE = 0.5  # seconds before a progress bar appears


@dataclass(frozen=True)
class ExplainSettings:
    """Which map, and how it is drawn; `stride` is the distance of its positions [px]."""

    method: str
    target: str
    stride: int
    colormap: str
    opacity: float

    def __post_init__(self) -> None:
        """Check what can be checked without a model.

        Raises:
            UsageError: if the method or the stride is unknown, or the method has no finer positions.
        """
        look_up(METHODS, self.method, kind="heatmap method")
        if self.stride not in STRIDES:
            raise UsageError(f"stride must be one of {', '.join(map(str, STRIDES))} px, got {self.stride}")
        if self.stride != STRIDE and self.method != "quality_map":
            raise UsageError(f"a stride of {self.stride} px is for the method quality_map, not {self.method}")


def explain_picture(scorer: Scorer, source: Path, out: Path, settings: ExplainSettings, *, raw: Path | None) -> str:
    """Write the picture with its heatmap as PNG, and to `raw` the map itself as .npy; returns the map in words.

    Raises:
        UsageError: if the target or the colour map is unknown.
        InputError: if the picture can't be used.
    """
    find_target(settings.target, scorer.model.targets)  # before anything dear is computed
    image = scorer.read(source)
    picture = image_to_picture(image)
    result = _explain(scorer, image, settings)
    del image  # of a large picture, a large part of the memory
    drawn = overlay(picture, result.values, colormap=settings.colormap, signed=result.signed, opacity=settings.opacity)
    drawn.save(out)
    if raw is not None:
        np.save(raw, result.values)
    return result.note


@contextmanager
def _bar(name: str) -> Iterator[Progress]:
    """A bar on standard error, if that is a terminal and the work takes long, for work that says how far it is."""
    with tqdm(desc=name, disable=None, leave=False, delay=PATIENCE) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show


def _explain(scorer: Scorer, image: Tensor, settings: ExplainSettings) -> Explanation:
    height, width = image.shape[-2:]
    model, method, target, stride = scorer.model, settings.method, settings.target, settings.stride
    if stride == STRIDE:
        features = scorer.encode(image)
        with _bar(METHODS[method].label) as show:
            return explain_features(model, features, size=(height, width), method=method, target=target, progress=show)
    with _bar("encodings") as show:
        return explain_finely(model, scorer.encode, image, target=target, stride=stride, progress=show)
