"""One picture by several models."""

from collections.abc import Iterable

from qualiclip.errors import UsageError
from qualiclip.pictures import PictureSource

from .reports import QualityReport
from .scorer import Scorer, _path_of, load


def compare(source: PictureSource, models: Iterable[str | Scorer]) -> tuple[QualityReport, ...]:
    """Reports of one picture by several models, in their order; the picture is read once.

    A model is a name, the path of a checkpoint, or a scorer that is loaded already. Scores of two models have no common
    scale: compare how each of them reacts.

    Raises:
        UsageError: if `models` is one string instead of several, or empty, or a model is unknown.
        WeightsError: if the weights of a model are missing or damaged.
        InputError: if the picture can't be used.
    """
    if isinstance(models, str):
        names = [name.strip() for name in models.split(",")]
        raise UsageError(f"models must be several names, got the string {models!r}; write {names}")
    scorers = [load(model) if isinstance(model, str) else model for model in models]
    if not scorers:
        raise UsageError("no model was named; give at least one, as ['compact']")
    image = scorers[0].read(source)
    return tuple(scorer.report(image, scorer.encode(image), path=_path_of(source)) for scorer in scorers)
