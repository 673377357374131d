"""The training log that the lesson plays: `python -m train curve` made it from a real run (docs/training.md)."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from qualiclip.assets import asset

FILE = asset("training_log.json")
TERMS = ("consistency", "positive", "negative")


@dataclass(frozen=True)
class LogRow:
    """Means over a few steps: similarity of levels 0 to 5 to the good and the bad prompts, and the three losses."""

    step: int
    good: tuple[float, ...]
    bad: tuple[float, ...]
    terms: tuple[float, ...]

    @property
    def falling(self) -> int:
        """How many levels are less similar to the good prompts than the level before."""
        return _falls(self.good)

    @property
    def rising(self) -> int:
        """How many levels are more similar to the bad prompts than the level before."""
        return _falls([-value for value in self.bad])


@dataclass(frozen=True)
class TrainingLog:
    """A run: what is known about it, and its rows."""

    facts: Mapping[str, Any]
    rows: tuple[LogRow, ...]


def _falls(values: Sequence[float]) -> int:
    return sum(after < before for before, after in itertools.pairwise(values))


@cache
def training_log() -> TrainingLog:
    """The log that ships with the studio."""
    facts = json.loads(FILE.read_text(encoding="utf-8"))
    rows = tuple(
        LogRow(
            row["step"],
            tuple(row["positive_by_level"]),
            tuple(row["negative_by_level"]),
            tuple(row[term] for term in TERMS),
        )
        for row in facts.pop("rows")
    )
    return TrainingLog(facts, rows)
