"""Pages of the gallery as HTML: one for all photos, one for each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from explain.figures.sweep import DEGRADED, RISE, order_in_words
from explain.maps.defaults import DEFAULT_METHOD
from explain.maps.methods import METHODS
from qualiclip.assets import asset
from qualiclip.degradations import DEGRADATIONS
from qualiclip.scoring.reports import QualityReport
from qualiclip.scoring.sweep import LEVELS, SweepRow
from qualiclip.weights.registry import REGISTRY
from ui.markup.charts import Plot
from ui.markup.templates import render
from ui.texts import ENGLISH, TABLES

SPARKLINE = Plot(98, 32, left=4, top=2, right=94, bottom=30, across=(0, LEVELS[-1]))
WORDS = {
    "product": TABLES[ENGLISH]["title"],
    "rise": RISE,
    "degraded": DEGRADED,
    "level_names": tuple(f"Level {level}" for level in LEVELS),
    "srcc": "SRCC is the rank correlation of level and score: −1 where each level scores lower than the one before.",
}
CREDITS = asset("README.md")
README = """---
title: QualiCLIP Studio, the gallery
emoji: 🔎
colorFrom: indigo
colorTo: yellow
sdk: static
app_file: index.html
short_description: Degraded photos, their quality scores and heatmaps
license: apache-2.0
tags:
  - image-quality-assessment
  - no-reference-iqa
  - explainability
  - education
---

# QualiCLIP Studio, the gallery

Photos made worse in many ways, with the quality score of every step. Open `index.html` in a browser; nothing else is
needed. Method: [QualiCLIP](https://arxiv.org/abs/2403.11176). The photos are public domain or CC0; their pages name the
sources.
"""


@dataclass(frozen=True)
class GalleryHeatmap:
    """A heatmap in the gallery: `slug` names its two pictures, `note` is the map in words."""

    slug: str
    title: str
    score: float
    note: str


@dataclass(frozen=True)
class Photo:
    """What the gallery shows of a photo: its report, its sweeps and its heatmaps."""

    path: Path
    label: str
    report: QualityReport
    rows: tuple[SweepRow, ...]
    heatmaps: tuple[GalleryHeatmap, ...]
    detail: tuple[int, int]

    @property
    def slug(self) -> str:
        """Name of its page and of its folder."""
        return self.path.stem

    @property
    def rises(self) -> int:
        """Steps of the sweeps whose score did not fall."""
        return sum(len(row.rises) for row in self.rows)

    @property
    def srcc(self) -> float:
        """Mean rank correlation of level and score."""
        return sum(row.srcc for row in self.rows) / len(self.rows)


@dataclass(frozen=True)
class Credit:
    """What a photo shows, and where it is from."""

    shows: str = ""
    origin: str = ""
    licence: str = ""


def find_credit(name: str) -> Credit:
    """The row of an example photo in assets/README.md; an empty one for another picture."""
    for line in CREDITS.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"| `{name}` |"):
            _, _, shows, _, origin, licence, *_ = (re.sub(r"`| \[\d+\]", "", cell).strip() for cell in line.split("|"))
            return Credit(shows, origin, licence)
    return Credit()


def _frame(photos: Sequence[Photo]) -> dict[str, Any]:
    """What the foot of every page says of the model and the seed."""
    return {"about": REGISTRY.get(photos[0].report.model), "seed": photos[0].rows[0].seed}


def _over_photos(photos: Sequence[Photo]) -> list[dict[str, Any]]:
    """How well scores follow levels, for each degradation over all photos."""

    def means(rows: Sequence[SweepRow]) -> dict[str, Any]:
        falls = [sum(row.scores[level] for row in rows) / len(rows) for level in LEVELS]
        srcc = sum(row.srcc for row in rows) / len(rows)
        return {"label": rows[0].label, "srcc": srcc, "rises": sum(len(row.rises) for row in rows), "scores": falls}

    return [means(same) for same in zip(*(photo.rows for photo in photos), strict=True)]


def index_page(photos: Sequence[Photo]) -> str:
    """The page of all photos."""
    cards = [{"photo": photo, "shows": find_credit(photo.path.name).shows} for photo in photos]
    return render(
        "gallery/index_page", photos=cards, over_photos=_over_photos(photos), frame=_frame(photos), words=WORDS
    )


def readme() -> str:
    """README.md of the gallery as a static Space."""
    return README


# The page of a photo


def _groups(photo: Photo) -> list[tuple[str, list[SweepRow]]]:
    """The rows of each group of degradations, under its title."""
    groups = groupby(photo.rows, key=lambda row: DEGRADATIONS[row.name].group)
    return [(name.replace("_", " and ").replace("color", "colour").capitalize(), list(rows)) for name, rows in groups]


def _neighbours(photos: Sequence[Photo], index: int) -> list[tuple[Photo, str, str]]:
    both = ((index - 1, "prev", "Previous"), (index + 1, "next", "Next"))
    return [(photos[other], rel, word) for other, rel, word in both if 0 <= other < len(photos)]


def photo_page(photos: Sequence[Photo], index: int) -> str:
    """The page of one of the photos."""
    photo = photos[index]
    return render(
        "gallery/photo_page",
        photo=photo,
        credit=find_credit(photo.path.name),
        neighbours=_neighbours(photos, index),
        groups=_groups(photo),
        curve=SPARKLINE,
        method=METHODS[DEFAULT_METHOD],
        frame=_frame([photo]),
        words={**WORDS, "order": order_in_words(photo.rows)},
    )
