"""Scorer: pictures in, quality reports out."""

import math
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from qualiclip.ambient import without_gradients
from qualiclip.checks import check_several
from qualiclip.engines.stages import Stages
from qualiclip.engines.table import build_engine, check_engine, resolve_engine
from qualiclip.engines.tiling import encode
from qualiclip.errors import InputError, UsageError, WeightsError, shown
from qualiclip.models.family import Family
from qualiclip.models.prompts import PromptPair
from qualiclip.pictures import DEFAULT_LIMITS, PictureLimits, PictureSource, as_image
from qualiclip.version import __version__
from qualiclip.weights.loading import Checkpoint, load_checkpoint

from .reading import Source, decoded
from .reports import Failure, QualityReport


class Scorer:
    """Scores pictures with one model. It never changes its model and may be used from several threads."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        engine: str = "auto",
        precision: str = "fp32",
        limits: PictureLimits,
        progress: bool = False,
    ) -> None:
        """Make a scorer; with `progress` it shows a bar on a terminal while a large picture is computed.

        Raises:
            UsageError: if there is no such engine or precision, or it can't run here.
        """
        self.checkpoint = checkpoint
        self.engine = resolve_engine(engine)
        self.precision = precision
        self.limits = limits
        self.progress = progress
        self._stages = self._build()

    def _build(self) -> Stages:
        return build_engine(self.engine, self.model, precision=self.precision, key=self.checkpoint.sha256)

    def __getstate__(self) -> dict[str, Any]:
        """All but the engine: a copy, here or in another process, builds its own."""
        return {name: value for name, value in vars(self).items() if name != "_stages"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Build the engine.

        Raises:
            UsageError: if it can't run here.
        """
        vars(self).update(state)
        self._stages = self._build()

    @property
    def model(self) -> Family:
        """The model, in eval mode and without gradients."""
        return self.checkpoint.model

    @without_gradients()
    def read(self, source: PictureSource) -> Tensor:
        """Image (3, H, W) of whatever holds a picture, within this scorer's limits.

        Raises:
            InputError: if the source can't be used.
        """
        return as_image(source, limits=self.limits)

    def encode(self, image: Tensor) -> Tensor:
        """Feature map (1, C, h, w) of an image (3, H, W): the dear part, to be computed once per image.

        Raises:
            InputError: if it is no such tensor.
        """
        if not isinstance(image, Tensor):
            raise InputError(f"an image must be a floating tensor (3, H, W), got {shown(image)}; read() makes one")
        if image.dim() != 3 or len(image) != 3 or not image.is_floating_point():
            kind = f"{tuple(image.shape)} of {image.dtype}"
            raise InputError(f"an image must be a floating tensor (3, H, W), got {kind}; read() makes one")
        return self._encode(image[None])

    @without_gradients()
    def _encode(self, images: Tensor) -> Tensor:
        return encode(self._stages, images, progress=self.progress)

    @without_gradients()
    def report(self, image: Tensor, feature_map: Tensor, *, path: str | None = None) -> QualityReport:
        """Report of an image (3, H, W) whose feature map (1, C, h, w) is known.

        Raises:
            WeightsError: if the score is not a number: so are weights, then.
        """
        judgement = self.model.judge(feature_map)
        if not math.isfinite(judgement.score):
            raise WeightsError(f"{self.checkpoint.name}: gives a score that is no number; get its weights again")
        return QualityReport(
            path=path,
            score=judgement.score,
            model=self.checkpoint.name,
            weights_sha256=self.checkpoint.sha256,
            scale=self.model.scale,
            engine=self.engine,
            precision=self.precision,
            version=__version__,
            width=image.shape[-1],
            height=image.shape[-2],
            pairs=judgement.pairs,
            family=self.model.family,
            range=self.model.range,
            parts=judgement.parts,
        )

    def score(self, source: PictureSource) -> QualityReport:
        """Report of one picture: a path, the bytes of a file, a PIL picture, an array or an image tensor.

        Raises:
            InputError: if the source can't be used.
        """
        image = self.read(source)
        return self.report(image, self.encode(image), path=_path_of(source))

    def score_many(self, sources: Iterable[PictureSource]) -> Iterator[QualityReport | Failure]:
        """Reports in the order of the sources; a bad source gives a `Failure`.

        The next pictures are decoded while one is computed; each is computed alone, so that its score does not depend
        on its neighbours.
        Memory stays bounded: as many pictures as have `PIXELS_AHEAD` together, or two.

        Raises:
            UsageError: if the sources are a single one.
        """
        check_several("pictures to score", sources)
        if _is_one_picture(sources):
            raise UsageError("pictures to score must be a list, got a single one; put it into a list, or use score()")
        return self.score_read(sources, self.read)

    def score_read(
        self, sources: Iterable[Source], read: Callable[[Source], Tensor]
    ) -> Iterator[QualityReport | Failure]:
        """Like `score_many`, for whatever `read` turns into an image (3, H, W) or refuses with an `InputError`.

        `read` is called from threads, ahead of the results.
        """
        for item in decoded(read, sources):
            path = _path_of(item.source)
            if item.image is None:
                yield Failure(path, item.error)
            else:
                yield self.report(item.image, self.encode(item.image), path=path)


def _is_one_picture(sources: object) -> bool:
    """Whether something that can be gone through is one picture and not several."""
    if isinstance(sources, np.ndarray):
        return sources.ndim < 4 and sources.dtype.kind not in "OUST"  # arrays of objects and texts hold several
    return isinstance(sources, Image.Image) or (isinstance(sources, Tensor) and sources.dim() < 4)


def _path_of(source: object) -> str | None:
    return os.fsdecode(source) if isinstance(source, str | os.PathLike) else None


def load(
    model: str = "auto",
    *,
    pairs: tuple[PromptPair, ...] | None = None,
    scale: float | None = None,
    engine: str = "auto",
    precision: str = "fp32",
    limits: PictureLimits = DEFAULT_LIMITS,
    progress: bool = False,
) -> Scorer:
    """A scorer for a model given by name, by the path of a checkpoint, or as "auto".

    `pairs` are prompts of one's own, for models with a text encoder; `scale` is the factor before the softmax, None
    for the model's own.

    Raises:
        UsageError: if the model, engine or precision is unknown, or the scale not positive.
        WeightsError: if the weights are missing or damaged, or have no text encoder for `pairs`.
    """
    check_engine(engine, precision)
    checkpoint = load_checkpoint(model, pairs=pairs, scale=scale)
    return Scorer(checkpoint, engine=engine, precision=precision, limits=limits, progress=progress)
