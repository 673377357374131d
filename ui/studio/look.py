"""One look at a subject: its picture, what a model says of it, its heatmaps; each asked for once, when it is needed."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from torch import Tensor

from explain.maps.explanation import Explanation
from explain.maps.heatmaps import explain_image
from qualiclip.degradations import Region, Step, apply_steps
from qualiclip.pictures import image_to_picture, load_picture, picture_to_image
from qualiclip.scoring.reports import QualityReport
from qualiclip.scoring.scorer import Scorer
from qualiclip.weights.files import file_sha256

from .subject import Subject

if TYPE_CHECKING:
    from .studio import Studio


@dataclass(frozen=True)
class View:
    """A picture (by the hash of its file) and what was done to it: equal for all that gives the same result."""

    picture: str
    steps: tuple[Step, ...] = ()
    region: Region | None = None


@dataclass(frozen=True)
class Version:
    """A picture, and the image (3, H, W) of the same eight bits: what is shown and saved is what is scored."""

    picture: Image.Image
    image: Tensor

    @classmethod
    def of(cls, picture: Image.Image) -> "Version":
        """Both, from an RGB picture."""
        return cls(picture, picture_to_image(picture))

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


class Look:
    """What one request asks of a subject. Made by `Studio.look`, kept no longer than the request.

    Its parts raise an `InputError` if the file can't be used, and a `UsageError` if the model is not served.
    """

    def __init__(self, studio: "Studio", subject: Subject, digest: str, *, pristine: "Look | None" = None) -> None:
        """Keep what is looked at; `digest` is that of the subject's file. Nothing is computed."""
        self._studio = studio
        self.subject = subject
        self.digest = digest
        steps = subject.active_steps
        self.view = View(digest, steps, subject.region if steps else None)
        # Not as cached properties: before Python 3.12, those of all looks wait for each other.
        self._pristine = pristine
        self._version: Version | None = None
        self._analysis: Analysis | None = None

    @property
    def pristine(self) -> "Look":
        """The same picture as it is."""
        if not self.view.steps:
            return self
        if self._pristine is None:
            self._pristine = Look(self._studio, self.subject.pristine, self.digest)
        return self._pristine

    def after(self, *steps: Step, region: Region | None = None) -> "Look":
        """A look at the same picture after these steps instead."""
        subject = replace(self.subject, steps=steps, region=region)
        return Look(self._studio, subject, self.digest, pristine=self.pristine)

    @property
    def scorer(self) -> Scorer:
        """The model that is asked."""
        return self._studio.scorer(self.subject.model)

    @property
    def version(self) -> Version:
        """The subject in eight bits, as it is shown, saved and scored."""
        if self._version is None:
            self._version = self._studio.images.get(self.view, self._degraded if self.view.steps else self._read)
        return self._version

    @property
    def image(self) -> Tensor:
        """The image (3, H, W)."""
        return self.version.image

    @property
    def picture(self) -> Image.Image:
        """The same as a picture."""
        return self.version.picture

    @property
    def analysis(self) -> Analysis:
        """What the model says."""
        if self._analysis is None:
            self._analysis = self._studio.analyses.get((self.view, self.scorer.checkpoint.name), self._analysed)
            self._version = self._analysis.version
        return self._analysis

    def explanation(self, *, method: str, target: str) -> Explanation:
        """Heatmap by the model.

        Raises:
            UsageError: if a name is unknown.
        """

        def make() -> Explanation:
            analysis = self.analysis
            model = self.scorer.model
            return explain_image(model, analysis.image, analysis.feature_map, method=method, target=target)

        return self._studio.explanations.get((self.view, self.scorer.checkpoint.name, method, target), make)

    def _read(self) -> Version:
        return Version.of(load_picture(self.subject.path, limits=self._studio.scorer().limits))

    def _degraded(self) -> Version:
        image = apply_steps(self.pristine.image, self.view.steps, region=self.view.region)
        return Version.of(image_to_picture(image))

    def _analysed(self) -> Analysis:
        feature_map = self.scorer.encode(self.image)
        return Analysis(self.version, feature_map, self.scorer.report(self.image, feature_map))


def file_digest(path: str) -> str:
    """SHA-256 of a file's bytes, empty if it is not there (the loader then says why)."""
    file = Path(path)
    if not file.is_file():
        return ""
    state = file.stat()
    return _digest(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _digest(file: Path, changed: int, size: int) -> str:
    return file_sha256(file)  # the same for every request on a file; the other arguments only make the key
