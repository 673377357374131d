"""What the widgets of the Inspect tab's heatmap say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from explain.maps.defaults import ALONE, DEFAULT_TARGET, MODEL_METHOD
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


def method_for_a_target(method: str) -> str:
    """The method, or in place of one that knows no target the usual one of a model."""
    return MODEL_METHOD if method in ALONE else method


def read_settings(values: Sequence[Any]) -> tuple[Subject | None, MapSettings]:
    """Subject and heatmap that the widgets ask for; of a method that knows no target, whatever theirs says.

    Raises:
        UsageError: if a name, a level or the region does not exist.
    """
    subject, rest = read_values(values)
    settings = MapSettings(*rest)
    return subject, replace(settings, target=DEFAULT_TARGET) if settings.method in ALONE else settings
