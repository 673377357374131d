"""What a report of an evaluation is about."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AboutEvaluation:
    """What was evaluated on what.

    Attributes:
        model: Name or path as it was given; of older predictions the name of their file.
        data: Name of the set.
        unit: What an opinion is.
        short_side: Pixels to which the short side was shrunk; None if pictures were scored as they are.
        weights_sha256: Of the checkpoint; None for older predictions.
        version: Of this program.
        engine: How scores were computed; None for older predictions.
        precision: With which numbers; None likewise.
    """

    model: str
    data: str
    unit: str
    short_side: int | None
    weights_sha256: str | None
    version: str
    engine: str | None = None
    precision: str | None = None
