"""What the widgets of the Inspect tab's heatmap say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ui.studio.subject import Subject, read_values

ORIGINAL, DEGRADED = "original", "degraded"


@dataclass(frozen=True)
class MapSettings:
    """What the widgets of the heatmap say, in their order."""

    subject: str
    method: str
    target: str
    colormap: str
    opacity: float


def read_settings(values: Sequence[Any]) -> tuple[Subject | None, MapSettings]:
    """Subject and heatmap that the widgets ask for.

    Raises:
        UsageError: if a name, a level or the region does not exist.
    """
    subject, rest = read_values(values)
    return subject, MapSettings(*rest)
