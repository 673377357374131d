"""What the tabs and the API ask for: analyses of pictures, degraded copies and heatmaps, each computed once."""

from collections.abc import Mapping
from types import MappingProxyType

from explain.maps.explanation import Explanation
from qualiclip.errors import look_up
from qualiclip.models.targets import Target
from qualiclip.scoring.scorer import Scorer

from .cache import MemoryCache
from .look import Analysis, Look, Version, file_digest
from .subject import Subject

CACHE_BYTES = 512 * 1024**2


class Studio:
    """The models that are served, and the results they have already given."""

    def __init__(self, *scorers: Scorer) -> None:
        """Start with empty caches; the first model is the one that is used unless another is chosen."""
        self.scorers: Mapping[str, Scorer] = MappingProxyType({one.checkpoint.name: one for one in scorers})
        self.default = scorers[0].checkpoint.name
        self.images: MemoryCache[Version] = MemoryCache(CACHE_BYTES // 2)
        self.analyses: MemoryCache[Analysis] = MemoryCache(CACHE_BYTES)
        self.explanations: MemoryCache[Explanation] = MemoryCache(CACHE_BYTES // 4)

    def scorer(self, model: str = "") -> Scorer:
        """The model of that name, or the default one.

        Raises:
            UsageError: if it is not served.
        """
        return look_up(self.scorers, model or self.default, kind="model")

    def targets(self, model: str = "") -> dict[str, Target]:
        """What a heatmap can be asked for, the prompt pairs of the model among them."""
        return dict(self.scorer(model).model.targets)

    def look(self, subject: Subject) -> Look:
        """A look at a subject, for one request: its file is hashed now, everything else when it is asked for."""
        return self.looks(subject)[0]

    def looks(self, *subjects: Subject) -> tuple[Look, ...]:
        """Looks at several subjects; a file that they share is hashed once."""
        digests = {path: file_digest(path) for path in {subject.path for subject in subjects}}
        return tuple(Look(self, subject, digests[subject.path]) for subject in subjects)
