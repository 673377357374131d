"""Pages of the gallery as HTML: one for all photos, one for each. Every word from elsewhere is escaped."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path

from explain.figures.sweep import DEGRADED, RISE, order_in_words
from explain.maps.methods import METHODS
from qualiclip.assets import asset
from qualiclip.degradations import DEGRADATIONS
from qualiclip.scoring.reports import QualityReport
from qualiclip.scoring.sweep import LEVELS, SweepRow
from ui.texts import verdict

from .gallery_parts import (
    TITLE,
    render_before_after,
    render_number,
    render_page,
    render_picture,
    render_score,
    render_section,
    render_sparkline,
    render_table,
)

HEATMAP_METHOD, HEATMAP_TARGET = "quality_windows", "difference"
SRCC = "SRCC is the rank correlation of level and score: −1 where each level scores lower than the one before."
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
class HeatmapView:
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
    heatmaps: tuple[HeatmapView, ...]
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


def _source(photo: Photo, name: str) -> str:
    return f"{photo.slug}/{name}"


# The page of all photos


def _whole(photo: Photo, name: str, alt: str, *, lazy: bool = True) -> str:
    return render_picture(_source(photo, name), alt, (photo.report.width, photo.report.height), lazy=lazy)


def _card(photo: Photo) -> str:
    steps = len(photo.rows) * len(DEGRADED)
    words = f"{verdict(photo.report.score)}; {steps - photo.rises} of {steps} steps lower the score"
    return (
        f'<li><a href="{escape(photo.slug)}.html">{_whole(photo, "original.jpg", find_credit(photo.path.name).shows)}'
        f'<span class="name">{escape(photo.label)}</span>'
        f'<span class="number">{render_number(photo.report.score)}</span><span class="quiet">{words}</span></a></li>'
    )


def _over_photos(photos: Sequence[Photo]) -> str:
    """How well scores follow levels, for each degradation over all photos."""

    def cells(rows: Sequence[SweepRow]) -> Sequence[str]:
        falls = [sum(row.scores[level] for row in rows) / len(rows) for level in LEVELS]
        srcc = sum(row.srcc for row in rows) / len(rows)
        rises = sum(len(row.rises) for row in rows)
        return [escape(rows[0].label), render_number(srcc, 2), str(rises), *map(render_number, falls)]

    rows = (cells(same) for same in zip(*(photo.rows for photo in photos), strict=True))
    head = ["Degradation", "SRCC", f"{RISE} of {len(photos) * len(DEGRADED)}", *(f"Level {level}" for level in LEVELS)]
    return render_table("Mean over the photos: order of levels and scores", head, rows, kind="numbers")


def index_page(photos: Sequence[Photo]) -> str:
    """The page of all photos."""
    rows = photos[0].rows
    lead = (
        f"Photos made worse on purpose, by {len(rows)} types of damage at {len(DEGRADED)} levels, and the quality "
        "score of every step. No reference picture is needed."
    )
    reading = (
        "<p>The score runs from 0 to 1; higher is better. It is the mean, over pairs of opposite descriptions, of the "
        "probability that the better one fits. It ranks pictures; it is no percentage of anything. More damage should "
        f"give a lower score; where it does not, you see {RISE}.</p>"
    )
    order = f"<p>{SRCC} {RISE} counts the steps that do not fall.</p>{_over_photos(photos)}"
    body = (
        f'<header><h1>{TITLE}: the gallery</h1><p class="lead">{lead}</p></header>\n<main>'
        f'<ul class="cards">{"".join(map(_card, photos))}</ul>{render_section("How to read this", reading)}'
        f"{render_section('Does more damage give a lower score?', order)}</main>"
    )
    return render_page(f"{TITLE}: the gallery", body, photos[0].report, rows[0].seed)


def readme() -> str:
    """README.md of the gallery as a static Space."""
    return README


# The page of a photo


def _cell(photo: Photo, row: SweepRow, level: int) -> str:
    source, title = _source(photo, f"{row.name}-{level}.jpg"), f"{row.label}, level {level}"
    return (
        f'<td><a class="cell" href="{escape(source)}" data-title="{escape(title)}" '
        f'data-score="{render_number(row.scores[level])}">{render_picture(source, title, photo.detail)}'
        f"<span>{render_score(row, level)}</span></a></td>"
    )


def _wall_line(photo: Photo, row: SweepRow) -> str:
    cells = "".join(_cell(photo, row, level) for level in DEGRADED)
    return f'<tr><th scope="row">{escape(row.label)}</th>{cells}</tr>'


def _wall(photo: Photo) -> str:
    parts = []
    for group, rows in groupby(photo.rows, key=lambda row: DEGRADATIONS[row.name].group):
        title = group.replace("_", " and ").replace("color", "colour").capitalize()
        lines = "".join(_wall_line(photo, row) for row in rows)
        head = f'<tr><th class="group" colspan="{len(LEVELS)}" scope="rowgroup">{escape(title)}</th></tr>'
        parts.append(f"<tbody>{head}{lines}</tbody>")
    levels = "".join(f'<th scope="col">Level {level}</th>' for level in DEGRADED)
    return (
        '<table class="wall"><caption class="unseen">Scores of the whole picture at levels 1 to 5</caption>'
        f'<thead><tr><th scope="col">Degradation</th>{levels}</tr></thead>{"".join(parts)}</table>'
    )


def _dialog(photo: Photo) -> str:
    source = _source(photo, "detail.jpg")
    before = render_picture(source, "The same part of the original", photo.detail)
    after = render_picture(source, "", photo.detail)  # the script puts the chosen one here
    return (
        '<dialog aria-labelledby="chosen"><h2 id="chosen"></h2>'
        f'<p id="chosen-score" data-original="{render_number(photo.report.score)}"></p>'
        f"{render_before_after(before, after, ('Original', 'Degraded'), edge=50)}"
        '<form method="dialog"><button type="button" data-step="-1">Previous</button>'
        '<button type="button" data-step="1">Next</button><button>Close</button></form></dialog>'
    )


def _heatmap(photo: Photo, view: HeatmapView) -> str:
    before = _whole(photo, f"{view.slug}.jpg", view.title)
    after = _whole(photo, f"{view.slug}-heatmap.jpg", f"Heatmap of it. {view.note}")
    return (
        f"<figure>{render_before_after(before, after, ('Photo', 'Heatmap'), edge=0)}"
        f"<figcaption><b>{escape(view.title)}</b>, score {render_number(view.score)}. {escape(view.note)}</figcaption>"
        "</figure>"
    )


def _order(photo: Photo) -> str:
    rows = (
        [escape(row.label), render_sparkline(row), render_number(row.srcc, 2), str(len(row.rises))]
        + [render_score(row, level) for level in LEVELS]
        for row in photo.rows
    )
    head = ["Degradation", "Curve", "SRCC", f"{RISE} of {len(DEGRADED)}", *(f"Level {level}" for level in LEVELS)]
    return render_table("Scores at levels 0 to 5, and how well they follow the levels", head, rows, kind="numbers")


def _pairs(report: QualityReport) -> str:
    rows = ([escape(pair.positive), escape(pair.negative), render_number(pair.probability)] for pair in report.pairs)
    head = ["First", "Second", "Probability"]
    return render_table("Probability that the first of two descriptions fits the original", head, rows)


def _ways(photos: Sequence[Photo], index: int) -> str:
    links = ['<a href="index.html">All photos</a>']
    links += [
        f'<a href="{escape(photos[other].slug)}.html" rel="{rel}">{word}: {escape(photos[other].label)}</a>'
        for other, rel, word in ((index - 1, "prev", "Previous"), (index + 1, "next", "Next"))
        if 0 <= other < len(photos)
    ]
    return f'<nav aria-label="Photos">{"".join(links)}</nav>'


def _top(photo: Photo) -> str:
    report, credit = photo.report, find_credit(photo.path.name)
    source = f"Source: {escape(credit.origin)}. {escape(credit.licence)}." if credit.origin else ""
    score = render_number(report.score)
    return (
        f'<div class="top">{_whole(photo, "original.jpg", credit.shows or photo.label, lazy=False)}'
        f'<div><h1>{escape(photo.label)}</h1><p class="number">{score}</p>'
        f'<p class="lead">{verdict(report.score)}, before any damage</p><p>{order_in_words(photo.rows)}</p>'
        f'<p class="quiet">Scored at {report.width} × {report.height} px. {source}</p>'
        f"<details><summary>How {score} is made</summary><p>The mean of these probabilities.</p>"
        f"{_pairs(report)}</details></div></div>"
    )


def _curves(photo: Photo) -> str:
    words = f"Curves of the score over the level, a small plot for each degradation. {order_in_words(photo.rows)}"
    return (
        '<div class="scroll figure" role="region" tabindex="0" aria-label="Curves">'
        f'<img src="{escape(_source(photo, "curves.svg"))}" alt="{escape(words)}" loading="lazy"></div>'
    )


def _heatmaps(photo: Photo) -> str:
    method = METHODS[HEATMAP_METHOD]
    return (
        f"<p>{escape(method.label)}: {escape(method.description)} Red places lower the score, blue ones raise it. Each "
        "map has a scale of its own, from its strongest place to nothing, so colours of two maps can’t be compared. "
        "A heatmap is not proof. The dial shows the photo beneath.</p>"
        f'<div class="heatmaps">{"".join(_heatmap(photo, view) for view in photo.heatmaps)}</div>'
    )


def photo_page(photos: Sequence[Photo], index: int) -> str:
    """The page of one of the photos."""
    photo = photos[index]
    about_wall = (
        "<p>The middle of the picture; the number is the score of the whole. "
        f"{RISE} marks a score that did not fall. Choose a picture to see it beside the original.</p>"
    )
    sections = {
        "Every degradation at every level": about_wall + _wall(photo),
        "Does more damage give a lower score?": f"<p>{SRCC}</p>{_curves(photo)}{_order(photo)}",
        "Where does the model look?": _heatmaps(photo),
    }
    main = _top(photo) + "".join(render_section(title, content) for title, content in sections.items())
    body = f"{_ways(photos, index)}<main>{main}</main>{_dialog(photo)}"
    return render_page(f"{photo.label} – {TITLE}", body, photo.report, photo.rows[0].seed)
