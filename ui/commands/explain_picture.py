"""What `qualiclip explain` does: a picture in, the picture with a heatmap over it out."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explain.maps.defaults import COLORMAP_NAMES, METHOD_NAMES, PAIR_START, STRIDES, TARGET_NAMES
from qualiclip.checks import check_number
from qualiclip.errors import UsageError, unknown_name
from qualiclip.outputs import whole_file

if TYPE_CHECKING:  # loaded where they are needed, after settings that make no sense were refused
    from explain.maps.quality_map import Progress
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
            UsageError: if a name or the stride is unknown, or the method has no finer positions.
        """
        check_names([self.method], [self.target])
        if self.colormap not in COLORMAP_NAMES:
            raise unknown_name("colour map", self.colormap, COLORMAP_NAMES)
        check_number("opacity", self.opacity, 0, 1)
        if self.stride not in STRIDES:
            raise UsageError(f"stride must be one of {', '.join(map(str, STRIDES))} px, got {self.stride}")
        if self.stride != STRIDES[0] and self.method != "quality_map":
            raise UsageError(f"a stride of {self.stride} px is for the method quality_map, not {self.method}")


def explain_picture(
    load: "Callable[[], Scorer]", source: Path, out: Path, settings: ExplainSettings, *, raw: Path | None
) -> str:
    """Write the picture with its heatmap as PNG, and to `raw` the map itself as .npy; returns the map in words.

    The model is loaded once the picture was read, for that is dearer.

    Raises:
        UsageError: if the model has no such target.
        InputError: if the picture can't be used.
    """
    import numpy as np

    from explain.maps.drawing import draw_heatmap
    from explain.maps.heatmaps import explain
    from explain.maps.methods import METHODS
    from qualiclip.models.targets import find_target
    from qualiclip.pictures import load_picture

    picture = load_picture(source)
    scorer = load()
    method, target, stride = settings.method, settings.target, settings.stride
    find_target(target, scorer.model.targets)  # before anything dear is computed
    with _bar(METHODS[method].label if stride == STRIDES[0] else "encodings") as show:
        result = explain(scorer, picture, method=method, target=target, stride=stride, progress=show)
    drawn = draw_heatmap(picture, result, colormap=settings.colormap, opacity=settings.opacity)
    with whole_file(out) as draft:
        drawn.save(draft, format="PNG")
    if raw is not None:
        with whole_file(raw) as draft, draft.open("wb") as file:
            np.save(file, result.values)
    return result.note


def check_names(methods: Iterable[str], targets: Iterable[str]) -> None:
    """Refuse heatmap methods and targets that no model has; what pairs of prompts a model has, it must say itself.

    Raises:
        UsageError: if a name is unknown.
    """
    for method in methods:
        if method not in METHOD_NAMES:
            raise unknown_name("heatmap method", method, METHOD_NAMES)
    for target in targets:
        if target not in TARGET_NAMES and not target.startswith(PAIR_START):
            raise unknown_name("heatmap target", target, [*TARGET_NAMES, f"{PAIR_START}1"])


@contextmanager
def _bar(name: str) -> "Iterator[Progress]":
    """A bar on standard error, if that is a terminal and the work takes long, for work that says how far it is."""
    from tqdm import tqdm

    with ExitStack() as shown:
        bars: list[tqdm[object]] = []

        def show(done: int, total: int) -> None:
            if not bars:  # not before: the encoding has a bar of its own
                bars.append(shown.enter_context(tqdm(desc=name, disable=None, leave=False, delay=PATIENCE)))
            bars[0].total = total
            bars[0].update(done - bars[0].n)

        yield show
