"""What the tabs and the API ask for: analyses of pictures, degraded copies and heatmaps, each computed once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from PIL import Image
from torch import Tensor

from explain.maps.explanation import Explanation
from explain.maps.heatmaps import explain_features
from qualiclip.degradations import Region, Step, apply_steps
from qualiclip.drawing.overlay import overlay
from qualiclip.errors import look_up
from qualiclip.models.targets import Target
from qualiclip.pictures import image_to_picture
from qualiclip.scoring.reports import QualityReport
from qualiclip.scoring.scorer import Scorer
from qualiclip.weights.files import file_sha256

from .cache import MemoryCache
from .subject import Subject

CACHE_BYTES = 512 * 1024**2


@dataclass(frozen=True)
class View:
    """A picture (by the hash of its file) and what was done to it: equal for all that gives the same result."""

    picture: str
    steps: tuple[Step, ...] = ()
    region: Region | None = None


@dataclass(frozen=True)
class Version:
    """An image (3, H, W) in the eight bits in which it is shown, saved and scored, and the same as a picture."""

    image: Tensor
    picture: Image.Image

    @property
    def nbytes(self) -> int:
        """Bytes held in memory."""
        return self.image.nbytes + self.image.numel()  # the second: the picture


@dataclass(frozen=True)
class Analysis:
    """A version of a picture, its feature map and its report."""

    version: Version
    feature_map: Tensor
    report: QualityReport

    @property
    def nbytes(self) -> int:
        """Bytes held in memory."""
        return self.version.nbytes + self.feature_map.nbytes

    @property
    def image(self) -> Tensor:
        """The image (3, H, W)."""
        return self.version.image

    @property
    def picture(self) -> Image.Image:
        """The image as a picture."""
        return self.version.picture


@dataclass(frozen=True)
class _SizedExplanation:
    explanation: Explanation

    @property
    def nbytes(self) -> int:
        return self.explanation.values.nbytes


class Studio:
    """The models that are served, and the results they have already given."""

    def __init__(self, *scorers: Scorer) -> None:
        """Start with empty caches; the first model is the one that is used unless another is chosen."""
        self.scorers: Mapping[str, Scorer] = MappingProxyType({one.checkpoint.name: one for one in scorers})
        self.default = scorers[0].checkpoint.name
        self.images: MemoryCache[Version] = MemoryCache(CACHE_BYTES // 2)
        self.analyses: MemoryCache[Analysis] = MemoryCache(CACHE_BYTES)
        self.explanations: MemoryCache[_SizedExplanation] = MemoryCache(CACHE_BYTES // 4)

    def scorer(self, model: str = "") -> Scorer:
        """The model of that name, or the default one.

        Raises:
            UsageError: if it is not served.
        """
        return look_up(self.scorers, model or self.default, kind="model")

    def targets(self, model: str = "") -> dict[str, Target]:
        """What a heatmap can be asked for, the prompt pairs of the model among them."""
        return dict(self.scorer(model).model.targets)

    def image(self, subject: Subject) -> Tensor:
        """The image (3, H, W) of a subject, in the eight bits in which it is shown, saved and scored.

        Raises:
            InputError: if the file can't be used.
        """
        return self._version(subject).image

    def picture(self, subject: Subject) -> Image.Image:
        """The same as a picture.

        Raises:
            InputError: if the file can't be used.
        """
        return self._version(subject).picture

    def analyse(self, subject: Subject) -> Analysis:
        """What a model says of a subject.

        Raises:
            InputError: if the file can't be used.
            UsageError: if the model is not served.
        """
        scorer = self.scorer(subject.model)

        def make() -> Analysis:
            version = self._version(subject)
            feature_map = scorer.encode(version.image)
            return Analysis(version, feature_map, scorer.report(version.image, feature_map))

        return self.analyses.get((view_of(subject), scorer.checkpoint.name), make)

    def explain(self, subject: Subject, *, method: str, target: str) -> Explanation:
        """Heatmap of a subject by a model.

        Raises:
            InputError: if the file can't be used.
            UsageError: if a name is unknown.
        """
        scorer = self.scorer(subject.model)

        def make() -> _SizedExplanation:
            analysis = self.analyse(subject)
            size = (analysis.image.shape[-2], analysis.image.shape[-1])
            done = explain_features(scorer.model, analysis.feature_map, size=size, method=method, target=target)
            return _SizedExplanation(done)

        return self.explanations.get((view_of(subject), scorer.checkpoint.name, method, target), make).explanation

    def _version(self, subject: Subject) -> Version:
        view = view_of(subject)

        def read() -> Version:
            image = self.scorer().read(subject.path)
            return Version(image, image_to_picture(image))

        def degrade() -> Version:
            picture = image_to_picture(apply_steps(self.image(subject.pristine), view.steps, region=view.region))
            return Version(self.scorer().read(picture), picture)  # what is scored is what is shown: eight bits

        return self.images.get(view, degrade if view.steps else read)


def view_of(subject: Subject) -> View:
    """What decides how a subject looks."""
    steps = subject.active_steps
    return View(file_digest(subject.path), steps, subject.region if steps else None)


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
