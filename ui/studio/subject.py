"""What the visitor examines: a photo, what is done to it, and the model that scores it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from qualiclip.degradations import DEGRADATIONS, Region, Step

SLOTS = 3
NONE = "none"
WHOLE, OWN = "whole", "own"
REGIONS: Mapping[str, Region] = MappingProxyType(
    {
        "left": Region(0, 0, 0.5, 1),
        "right": Region(0.5, 0, 1, 1),
        "top": Region(0, 0, 1, 0.5),
        "bottom": Region(0, 0.5, 1, 1),
        "top-left": Region(0, 0, 0.5, 0.5),
        "top-right": Region(0.5, 0, 1, 0.5),
        "bottom-left": Region(0, 0.5, 0.5, 1),
        "bottom-right": Region(0.5, 0.5, 1, 1),
        "centre": Region(0.25, 0.25, 0.75, 0.75),
    }
)


@dataclass(frozen=True)
class Subject:
    """A picture file, the steps done to it (all of it, or one region), and the name of a model."""

    path: str
    model: str
    steps: tuple[Step, ...] = ()
    region: Region | None = None

    @property
    def pristine(self) -> "Subject":
        """The picture as it is."""
        return replace(self, steps=(), region=None)

    @property
    def active_steps(self) -> tuple[Step, ...]:
        """The steps that do something."""
        return tuple(step for step in self.steps if step.level > 0)

    def describe_steps(self) -> str:
        """What is done to the picture, in words; for figures and files, so in English."""
        words = [
            f"{DEGRADATIONS[step.name].label} at level {step.level:g} (seed {step.seed})" for step in self.active_steps
        ]
        if not words:
            return "Nothing degraded"
        return ", then ".join(words) + (f", in the region {self.region}" if self.region else "")


@dataclass(frozen=True)
class PanelValues:
    """What the widgets of the panel on the left say, in their order."""

    photo: str | None
    model: str
    slots: tuple[tuple[str, float], ...]
    seed: int
    region: str
    sides: tuple[float, float, float, float]

    @classmethod
    def of(cls, values: Sequence[Any]) -> "PanelValues":
        """From the values of the widgets."""
        photo, model, *rest = values
        slots, (seed, region, *sides) = rest[: 2 * SLOTS], rest[2 * SLOTS :]
        pairs = zip(slots[::2], slots[1::2], strict=True)
        left, top, right, bottom = (float(side) for side in sides)
        return cls(
            *(photo, str(model), tuple((name, float(level)) for name, level in pairs)),
            *(int(seed or 0), region, (left, top, right, bottom)),
        )

    def subject(self) -> Subject | None:
        """What they ask for, or None without a photo; the n-th slot, counted from 0, draws from seed + n.

        Raises:
            UsageError: if a name, a level or the region does not exist.
        """
        if self.photo is None:
            return None
        steps = tuple(
            Step(name, level, self.seed + place) for place, (name, level) in enumerate(self.slots) if name != NONE
        )
        own = Region(*(side / 100 for side in self.sides)) if self.region == OWN else None
        return Subject(self.photo, self.model, steps, own or REGIONS.get(self.region))


PANEL_SIZE = 2 + 2 * SLOTS + 2 + 4  # widgets


def read_values(values: Sequence[Any]) -> tuple[Subject | None, Sequence[Any]]:
    """The subject that the panel's widgets ask for, and the values of the other widgets.

    Raises:
        UsageError: if a name, a level or the region does not exist.
    """
    return PanelValues.of(values[:PANEL_SIZE]).subject(), values[PANEL_SIZE:]
