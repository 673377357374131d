"""Sweeps for the tab and the API: each degradation of a picture is swept once, and then remembered."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from PIL import Image

from qualiclip.checks import check_several, is_whole
from qualiclip.crops import SMALLEST_SIDE, reduced
from qualiclip.degradations import DEGRADATIONS
from qualiclip.errors import UsageError, look_up, shown
from qualiclip.pictures import picture_to_image
from qualiclip.scoring.sweep import SweepRow, sweep

from .cache import MemoryCache
from .look import Look, file_digest
from .studio import Studio
from .subject import Subject

CACHE_BYTES = 128 * 1024**2


@dataclass(frozen=True)
class SweepRequest:
    """What to sweep: a picture file, reduced to `side` px (None: full size), by a model, with these degradations."""

    path: str
    model: str
    side: int | None
    seed: int
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check the names and the side.

        Raises:
            UsageError: if there is no such degradation, none at all, or the side is too short.
        """
        check_several("degradations", self.names)
        for name in self.names:
            look_up(DEGRADATIONS, name, kind="degradation")
        if not self.names:
            raise UsageError("choose at least one degradation")
        if self.side is not None and not (is_whole(self.side) and self.side >= SMALLEST_SIDE):
            raise UsageError(f"the side must be {SMALLEST_SIDE} px or more, got {shown(self.side)}")

    @cached_property
    def digest(self) -> str:
        """That of the picture file."""
        return file_digest(self.path)

    @property
    def subject(self) -> tuple[str, str, int | None, int]:
        """All but the degradations: equal where a degradation gives the same row."""
        return self.digest, self.model, self.side, self.seed

    @property
    def name(self) -> str:
        """Name of the picture file."""
        return Path(self.path).name


@dataclass(frozen=True)
class _SizedRow:
    row: SweepRow

    @property
    def nbytes(self) -> int:
        return sum(3 * detail.width * detail.height for detail in self.row.details)


class Sweeps:
    """Sweeps on one studio, in a cache with a cap on memory."""

    def __init__(self, studio: Studio) -> None:
        """Start with nothing swept."""
        self.studio = studio
        self.cache: MemoryCache[_SizedRow] = MemoryCache(CACHE_BYTES)

    def picture(self, request: SweepRequest) -> Image.Image:
        """The picture as it is swept.

        Raises:
            InputError: if the file can't be used.
        """
        return reduced(Look(self.studio, Subject(request.path, ""), request.digest).picture, request.side)

    def rows(self, request: SweepRequest) -> Iterator[SweepRow]:
        """The degradations one by one: all that is dear in a sweep happens here.

        Raises:
            InputError: if the file can't be used.
            UsageError: if the model is not served.
        """
        scorer = self.studio.scorer(request.model)
        image = picture_to_image(self.picture(request))
        pristine = scorer.score(image)
        for name in request.names:

            def make(name: str = name) -> _SizedRow:
                return _SizedRow(sweep(image, pristine, scorer, name, seed=request.seed))

            yield self.cache.get((*request.subject, name), make).row
