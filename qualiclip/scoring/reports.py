"""What a score is reported as: data, ready for JSON."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from qualiclip.models.qualiclip import QualityModel


@dataclass(frozen=True)
class PairReport:
    """One prompt pair: the cosines to both prompts, and the probability in [0, 1] of the positive one."""

    positive: str
    negative: str
    probability: float
    similarity_positive: float
    similarity_negative: float


@dataclass(frozen=True)
class QualityReport:
    """A quality score in [0, 1], higher is better, with all that is needed to understand and repeat it.

    `path` is None for a picture that did not come from a file; `width` and `height` are in px.
    """

    path: str | None
    score: float
    model: str
    weights_sha256: str
    scale: float
    engine: str
    precision: str
    version: str
    width: int
    height: int
    pairs: tuple[PairReport, ...]

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Failure:
    """A source that could not be scored, and why."""

    path: str | None
    error: str

    def to_dict(self) -> dict[str, Any]:
        """The failure as plain data, ready for JSON."""
        return asdict(self)


def _pair_reports(model: QualityModel, feature_map: Tensor) -> tuple[Tensor, tuple[PairReport, ...]]:
    """Probabilities (1, K) of the pairs from a feature map (1, C, h, w), and what belongs to each."""
    with torch.no_grad():
        similarities = model.similarities(feature_map)  # (1, K, 2)
        probabilities = model.probabilities(similarities)
    rows = zip(model.settings.pairs, probabilities[0].tolist(), similarities[0].tolist(), strict=True)
    return probabilities, tuple(
        PairReport(pair.positive, pair.negative, probability, positive, negative)
        for pair, probability, (positive, negative) in rows
    )


def report_pairs(model: QualityModel, feature_map: Tensor) -> tuple[PairReport, ...]:
    """Similarities and probability of each prompt pair of a model, from a feature map (1, C, h, w)."""
    return _pair_reports(model, feature_map)[1]
