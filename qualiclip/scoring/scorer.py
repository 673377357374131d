"""Scorer: pictures in, quality reports out."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from torch import Tensor

from qualiclip.engines.stages import Stages
from qualiclip.engines.table import build_engine, check_engine, resolve_engine
from qualiclip.engines.tiling import encode
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

    def read(self, source: PictureSource) -> Tensor:
        """Image (3, H, W) of whatever holds a picture, within this scorer's limits.

        Raises:
            InputError: if the source can't be used.
        """
        return as_image(source, limits=self.limits)

    def encode(self, image: Tensor) -> Tensor:
        """Feature map (1, C, h, w) of an image (3, H, W): the dear part, to be computed once per image."""
        return encode(self._stages, image[None], progress=self.progress)

    def report(self, image: Tensor, feature_map: Tensor, *, path: str | None = None) -> QualityReport:
        """Report of an image (3, H, W) whose feature map (1, C, h, w) is known."""
        judgement = self.model.judge(feature_map)
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
        """
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
