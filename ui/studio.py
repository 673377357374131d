"""What the tabs and the API ask for: analyses of pictures, degraded copies and heatmaps, each computed once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from explain.heatmaps import Explanation, explain_features
from explain.overlay import overlay
from explain.targets import Target, target_table
from qualiclip.degradations import degrade
from qualiclip.pictures import image_to_picture
from qualiclip.scoring import QualityReport, Scorer
from qualiclip.weights import file_sha256

from .cache import MemoryCache

CACHE_BYTES = 512 * 1024**2


@dataclass(frozen=True)
class Step:
    """One degradation at one level in [0, 5]."""

    name: str
    level: float


@dataclass(frozen=True)
class View:
    """A picture (by the hash of its file) and what was done to it; None keeps the place of a step that is off."""

    picture: str
    steps: tuple[Step | None, ...]
    seed: int


@dataclass(frozen=True)
class Analysis:
    """An image, its feature map and its report."""

    image: Tensor
    feature_map: Tensor
    report: QualityReport

    @property
    def nbytes(self) -> int:
        """Bytes held in memory."""
        return self.image.nbytes + self.feature_map.nbytes

    @property
    def picture(self) -> Image.Image:
        """The image as a picture."""
        return image_to_picture(self.image)


@dataclass(frozen=True)
class _SizedExplanation:
    explanation: Explanation

    @property
    def nbytes(self) -> int:
        return self.explanation.values.nbytes


class Studio:
    """One scorer and the results it has already computed."""

    def __init__(self, scorer: Scorer) -> None:
        """Start with empty caches."""
        self.scorer = scorer
        self.analyses: MemoryCache[Analysis] = MemoryCache(CACHE_BYTES)
        self.explanations: MemoryCache[_SizedExplanation] = MemoryCache(CACHE_BYTES // 4)

    @property
    def targets(self) -> dict[str, Target]:
        """What a heatmap can be asked for, the prompt pairs of the model among them."""
        return target_table(self.scorer.model.settings.pairs)

    def pristine(self, path: str) -> Analysis:
        """Analysis of a picture file as it is.

        Raises:
            InputError: if the file can't be used.
        """
        return self._pristine(path, View(file_digest(path), (), 0))

    def degraded(self, path: str, steps: Sequence[Step | None], *, seed: int) -> Analysis:
        """Analysis of a picture file after the steps, in their order; the n-th draws from seed + n.

        Raises:
            InputError: if the file can't be used.
            UsageError: if a step's name or level is unknown.
        """
        return self._degraded(path, make_view(path, steps, seed=seed))

    def explain(self, path: str, steps: Sequence[Step | None], *, seed: int, method: str, target: str) -> Explanation:
        """Heatmap of a picture file after the steps.

        Raises:
            InputError: if the file can't be used.
            UsageError: if a name or level is unknown.
        """
        view = make_view(path, steps, seed=seed)

        def make() -> _SizedExplanation:
            analysis = self._degraded(path, view)
            height, width = analysis.image.shape[-2:]
            return _SizedExplanation(
                explain_features(
                    self.scorer.model, analysis.feature_map, size=(height, width), method=method, target=target
                )
            )

        return self.explanations.get((view, method, target), make).explanation

    def _pristine(self, path: str, view: View) -> Analysis:
        return self.analyses.get(view, lambda: self._analyse(self.scorer.read(path)))

    def _degraded(self, path: str, view: View) -> Analysis:
        pristine = View(view.picture, (), 0)
        if view == pristine:
            return self._pristine(path, pristine)
        return self.analyses.get(view, lambda: self._analyse(self._apply(self._pristine(path, pristine), view)))

    def _apply(self, pristine: Analysis, view: View) -> Tensor:
        image = pristine.image
        for position, step in enumerate(view.steps):
            if step is not None:
                generator = torch.Generator().manual_seed(view.seed + position)
                image = degrade(image, step.name, level=step.level, generator=generator)
        # What is scored is what is shown and saved: eight bits.
        return self.scorer.read(image_to_picture(image))

    def _analyse(self, image: Tensor) -> Analysis:
        feature_map = self.scorer.encode(image)
        return Analysis(image, feature_map, self.scorer.report(image, feature_map))


def make_view(path: str, steps: Sequence[Step | None], *, seed: int) -> View:
    """The view of a picture file: equal for all settings that give the same result."""
    active = [step if step and step.level > 0 else None for step in steps]
    while active and active[-1] is None:
        active.pop()
    return View(file_digest(path), tuple(active), seed if active else 0)


def file_digest(path: str) -> str:
    """SHA-256 of a file's bytes, empty if it is not there (the loader then says why)."""
    file = Path(path)
    if not file.is_file():
        return ""
    state = file.stat()
    return _digest(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _digest(file: Path, changed: int, size: int) -> str:
    return file_sha256(file)  # asked for several times in one update; the other arguments only make the key


def draw_overlay(analysis: Analysis, explanation: Explanation, *, colormap: str, opacity: float) -> Image.Image:
    """The analysed picture with the heatmap over it.

    Raises:
        UsageError: if the colour map is unknown or the opacity is not in [0, 1].
    """
    return overlay(analysis.picture, explanation.values, colormap=colormap, signed=explanation.signed, opacity=opacity)
