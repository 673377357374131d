"""The protocol of an evaluation: score a set, then compare with opinions as a whole, by split and by degradation."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from qualiclip.agreement.metrics import Agreement, MappedError, Statistics, agreement, mapped_error, statistics
from qualiclip.engines.table import check_engine
from qualiclip.errors import InputError, UsageError
from qualiclip.pictures import DEFAULT_LIMITS, PictureSource
from qualiclip.scoring.reports import Failure
from qualiclip.scoring.scorer import Scorer
from qualiclip.weights.loading import load_checkpoint
from train.evaluate.datasets.rated import Rated


@dataclass(frozen=True)
class Prediction:
    """A rated picture with its score, or with the reason why it has none."""

    rated: Rated
    score: float | None
    error: str = ""


def shrink(image: Tensor, short_side: int) -> Tensor:
    """Image (3, H, W) whose short side has that many pixels, antialiased bicubic; a smaller image as it is.

    The long side is rounded down. ARNIQA's code does the same with SPAQ, but enlarges smaller pictures, too.
    """
    height, width = image.shape[-2:]
    short = min(height, width)
    if short <= short_side:
        return image
    size = (height * short_side // short, width * short_side // short)
    shrunk = functional.interpolate(image[None], size=size, mode="bicubic", antialias=True)  # (1, 3, h, w)
    return shrunk.clamp(0, 1)[0]


class ShrinkingScorer(Scorer):
    """A scorer that first shrinks large pictures to a short side of `short_side` pixels."""

    short_side: int | None = None

    def read(self, source: PictureSource) -> Tensor:
        """Image (3, H, W) of whatever holds a picture, within the limits and shrunk."""
        image = super().read(source)
        return image if self.short_side is None else shrink(image, self.short_side)


def load_scorer(
    model: str, *, short_side: int | None = None, engine: str = "auto", precision: str = "fp32"
) -> ShrinkingScorer:
    """A scorer for a model by name or path, that shrinks pictures to a short side; None scores them as they are.

    Raises:
        UsageError: if there is no such model, engine or precision, or the side is below the 32 pixels that a picture
            needs.
        WeightsError: if its weights are missing or damaged.
    """
    if short_side is not None and short_side < DEFAULT_LIMITS.min_side:
        raise UsageError(f"short side {short_side}: expected at least {DEFAULT_LIMITS.min_side} pixels")
    check_engine(engine, precision)
    scorer = ShrinkingScorer(load_checkpoint(model), engine=engine, precision=precision, limits=DEFAULT_LIMITS)
    scorer.short_side = short_side
    return scorer


def predict(scorer: Scorer, folder: Path, rated: Sequence[Rated]) -> list[Prediction]:
    """A prediction for each picture of a folder, in their order; a missing or broken one has an error."""
    results = tqdm(
        scorer.score_many(folder / row.path for row in rated), total=len(rated), unit="picture", disable=None
    )
    return [
        Prediction(row, None, result.error) if isinstance(result, Failure) else Prediction(row, result.score)
        for row, result in zip(rated, results, strict=True)
    ]


@dataclass(frozen=True)
class Subset:
    """The pictures of one degradation, level or split.

    `agreement` and `mapped` are None if there are too few pictures, and the means if there are none; `note` says so.
    """

    name: str
    count: int
    mean_score: float | None
    mean_opinion: float | None
    agreement: Agreement | None
    mapped: MappedError | None
    note: str


@dataclass(frozen=True)
class SplitResult:
    """Results on each of several test subsets, and the median of each statistic over them."""

    subsets: tuple[Subset, ...]
    median: dict[str, float]


@dataclass(frozen=True)
class Evaluation:
    """Statistics over the pictures that could be scored, subsets of them, and what went wrong with the others."""

    statistics: Statistics
    degradations: tuple[Subset, ...]
    levels: tuple[Subset, ...]
    own_splits: tuple[Subset, ...]
    splits: SplitResult | None
    failures: tuple[Prediction, ...]

    @property
    def agreement(self) -> Agreement:
        """SRCC, KRCC and raw PLCC of the whole."""
        return self.statistics.agreement


def _columns(predictions: Iterable[Prediction]) -> tuple[list[float], list[float]]:
    pairs = [(row.score, row.rated.opinion) for row in predictions if row.score is not None]
    return [score for score, _ in pairs], [opinion for _, opinion in pairs]


def _subset(name: str, predictions: Iterable[Prediction]) -> Subset:
    scores, opinions = _columns(predictions)
    score, opinion = (mean(scores), mean(opinions)) if scores else (None, None)
    try:
        found, mapped = agreement(scores, opinions), mapped_error(scores, opinions)
    except InputError as error:
        return Subset(name, len(scores), score, opinion, None, None, str(error))
    return Subset(name, len(scores), score, opinion, found, mapped, mapped.mapping.note)


def _order(name: str) -> tuple[bool, int, str]:
    return (False, int(name), name) if name.isdecimal() else (True, 0, name)


def by(key: Callable[[Rated], str | None], predictions: Sequence[Prediction]) -> tuple[Subset, ...]:
    """A subset for each value of a property of the pictures, in the order of the values; empty if it has none."""
    names = sorted({name for row in predictions if (name := key(row.rated)) is not None}, key=_order)
    return tuple(_subset(name, (row for row in predictions if key(row.rated) == name)) for name in names)


def by_splits(predictions: Sequence[Prediction], splits: Sequence[tuple[str, Sequence[int]]]) -> SplitResult:
    """Results on test subsets given by name and the numbers of their pictures, and their median.

    Raises:
        InputError: if a subset has too few pictures for a correlation.
    """
    subsets = tuple(_subset(name, [predictions[index] for index in indices]) for name, indices in splits)
    rows = []
    for subset in subsets:
        if subset.agreement is None or subset.mapped is None:
            raise InputError(f"split {subset.name}: {subset.note}")
        found, mapped = subset.agreement, subset.mapped
        rows.append((found.srcc, found.krcc, found.plcc, mapped.plcc, mapped.rmse))
    medians = (median(column) for column in zip(*rows, strict=True))
    return SplitResult(subsets, dict(zip(("srcc", "krcc", "plcc", "plcc_mapped", "rmse"), medians, strict=True)))


def summarise(
    predictions: Sequence[Prediction], *, splits: Sequence[tuple[str, Sequence[int]]] | None = None
) -> Evaluation:
    """All statistics of predictions; pictures without a score are named and left out of the numbers.

    Raises:
        InputError: if fewer than three pictures have a score, or a split has too few.
    """
    failures = tuple(row for row in predictions if row.score is None)
    if len(predictions) - len(failures) < 3 and failures:
        first = failures[0]
        raise InputError(
            f"{len(failures)} of {len(predictions)} pictures can't be scored, at least 3 numbers are needed; "
            f"{first.rated.path.as_posix()}: {first.error}"
        )
    return Evaluation(
        statistics=statistics(*_columns(predictions)),
        degradations=by(lambda row: row.degradation, predictions),
        levels=by(lambda row: None if row.level is None else str(row.level), predictions),
        own_splits=by(lambda row: row.split, predictions),
        splits=None if splits is None else by_splits(predictions, splits),
        failures=failures,
    )
