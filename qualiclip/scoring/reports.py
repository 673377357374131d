"""What a score is reported as: data, ready for JSON."""

from dataclasses import asdict, dataclass
from typing import Any

from qualiclip.models.family import PairReport, Part


@dataclass(frozen=True)
class QualityReport:
    """A quality score, higher is better, with all that is needed to understand and repeat it.

    `path` is None for a picture that did not come from a file; `width` and `height` are in px. `range` holds the least
    and the largest score of the family, `parts` what the score is made of; `scale` and `pairs` are for families that
    compare pictures with prompts.
    """

    path: str | None
    score: float
    model: str
    weights_sha256: str
    scale: float | None
    engine: str
    precision: str
    version: str
    width: int
    height: int
    pairs: tuple[PairReport, ...]
    family: str = "QualiCLIP"
    range: tuple[float, float] = (0.0, 1.0)
    parts: tuple[Part, ...] = ()

    @property
    def bars(self) -> tuple[tuple[str, float], ...]:
        """What the score is made of, as labels and values for a chart."""
        if self.pairs:
            return tuple((f"{pair.positive} / {pair.negative}", pair.probability) for pair in self.pairs)
        return tuple((part.name, part.value) for part in self.parts)

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
