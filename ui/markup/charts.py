"""Where values lie in the charts of the pages; `assets/templates/charts.html` draws them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True)
class Plot:
    """A plot in a drawing of `width` × `height` units, all numbers in these: its edges, and the values at its ends.

    `across` runs from left to right, the first and the last value `inset` from the edges; `up` from bottom to top.
    """

    width: int
    height: int
    left: int
    top: int
    right: int
    bottom: int
    across: Range
    up: Range = (0.0, 1.0)
    inset: tuple[int, int] = (0, 0)

    def x(self, value: float) -> float:
        """Where a value of the axis that goes across lies."""
        return _between(self.left + self.inset[0], self.right - self.inset[1], value, self.across)

    def y(self, value: float) -> float:
        """Where a value of the axis that goes up lies."""
        return _between(self.bottom, self.top, value, self.up)

    def points(self, values: Iterable[float], places: Iterable[float] | None = None) -> str:
        """A line through values, at these places of the axis that goes across; without places at 0, 1, 2 and so on."""
        pairs = enumerate(values) if places is None else zip(places, values, strict=True)
        return " ".join(f"{self.x(place)},{self.y(value)}" for place, value in pairs)


def _between(start: float, end: float, value: float, ends: Range) -> float:
    low, high = ends
    return round(start + (end - start) * (value - low) / (high - low), 1)


def round_ticks(low: float, high: float) -> Sequence[float]:
    """Three to six round numbers that span a range; the first and the last lie outside or on its ends."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    size = next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough)
    first = math.floor(low / size)
    return [size * number for number in range(first, math.ceil(high / size) + 1)]
