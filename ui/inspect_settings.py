"""What the Inspect tab's widgets say, as one value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qualiclip.degradations import DEGRADATIONS

from .studio import Step

SLOTS = 3
NONE = "none"
ORIGINAL, DEGRADED = "original", "degraded"


@dataclass(frozen=True)
class Settings:
    """Everything the tab's widgets say, in the order of the widgets."""

    path: str | None
    steps: tuple[Step | None, ...]
    seed: int
    subject: str
    method: str
    target: str
    colormap: str
    opacity: float

    @classmethod
    def of(cls, values: Sequence[Any]) -> "Settings":
        """Settings from the values of the widgets."""
        path, slots, rest = values[0], values[1 : 1 + 2 * SLOTS], values[1 + 2 * SLOTS :]
        names, levels = slots[::2], slots[1::2]
        steps = tuple(
            None if name == NONE else Step(name, float(level)) for name, level in zip(names, levels, strict=True)
        )
        seed, subject, method, target, colormap, opacity = rest
        return cls(path, steps, int(seed or 0), subject, method, target, colormap, float(opacity))

    @property
    def active_steps(self) -> list[tuple[Step, int]]:
        """The degradations that are on, at a level above 0, each with the seed it draws from."""
        return [
            (step, self.seed + place) for place, step in enumerate(self.steps) if step is not None and step.level > 0
        ]

    def describe_steps(self) -> str:
        """The degradations in words."""
        words = [
            f"{DEGRADATIONS[step.name].label} at level {step.level:g} (seed {seed})" for step, seed in self.active_steps
        ]
        return ", then ".join(words) or "Nothing degraded"
