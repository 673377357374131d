"""What the Compare tab does: two models or two pictures, their scores and heatmaps, and how both follow the levels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from PIL import Image
from torch import Tensor

from explain.maps.drawing import draw_heatmap
from explain.maps.explanation import Explanation
from explain.maps.methods import LOGITS, METHODS
from explain.maps.scale import difference_of_models, on_one_scale
from qualiclip.crops import reduced
from qualiclip.degradations import DEGRADATIONS
from qualiclip.errors import QualiclipError, look_up
from qualiclip.pictures import picture_to_image
from qualiclip.scoring.reports import QualityReport
from qualiclip.scoring.scorer import Scorer
from qualiclip.scoring.sweep import SweepRow, sweep
from ui.files.downloads import DownloadFolder
from ui.frame.examples import Example
from ui.markup.parts import render_message
from ui.studio.look import Look
from ui.studio.studio import Studio
from ui.studio.subject import Subject
from ui.texts import say, say_core

from .curves import render_curves, render_progress
from .exports import write_comparison, write_comparison_figure
from .markup import render_common_pairs, render_map_notes, render_sides
from .sides import MODEL, CompareSettings, Sides, find_sides, picture_title, read_seed, read_settings

CURVE_SIDE = 384  # px, the longer one: many scores in seconds
DETAIL_SIDE = 16  # px; details of a sweep are not shown here
MOST_TYPES = 6


@dataclass(frozen=True)
class Maps:
    """Heatmaps of both sides, and their difference where it means something; `shared` if they are on one scale."""

    left: Explanation
    right: Explanation
    difference: Explanation | None
    shared: bool


@dataclass(frozen=True)
class Series:
    """The curves of one side, under its title."""

    title: str
    rows: tuple[SweepRow, ...]


class CompareTab:
    """What the tab's widgets do, on one studio."""

    def __init__(self, studio: Studio, downloads: DownloadFolder, examples: Sequence[Example]) -> None:
        """Keep the studio, the place for downloads and the example photos."""
        self.studio = studio
        self.downloads = downloads
        self.examples = examples

    def sides(self, subject: Subject | None, settings: CompareSettings) -> Sides | None:
        """What is compared, or None as long as a picture is missing.

        Raises:
            UsageError: if a name is unknown.
        """
        if subject is None:
            return None
        return find_sides(self.studio, subject, settings, self.examples)

    def maps(self, sides: Sides, settings: CompareSettings) -> Maps:
        """Heatmaps of both sides, on one scale where the method has a unit that both share.

        Raises:
            UsageError: if the method or target is unknown.
            InputError: if a picture can't be used.
        """
        method = look_up(METHODS, settings.method, kind="heatmap method")
        left, right = (look.explanation(method=settings.method, target=settings.target) for look in sides.looks)
        if method.unit is None:
            return Maps(left, right, None, shared=False)
        difference = difference_of_models(left, right) if sides.mode == MODEL and method.unit == LOGITS else None
        (left, right), _ = on_one_scale(left, right)
        return Maps(left, right, difference, shared=True)

    def update(self, *values: Any) -> tuple[Any, ...]:
        """Everything but new curves, for new settings; a picture that can't be used is said in place."""
        subject, settings, (types, drawn) = read_settings(values)
        try:
            sides = self.sides(subject, settings)
            if sides is None:
                return _empty(render_message(say("empty" if subject is None else "compare/empty"), error=False))
            reports = sides.left.analysis.report, sides.right.analysis.report
            untouched = sides.left.pristine.analysis.report, sides.right.pristine.analysis.report
            maps = self.maps(sides, settings)
        except QualiclipError as error:
            return _empty(render_message(str(error), error=True))
        kept = (gr.skip(), gr.skip()) if drawn == curves_key(sides, types, read_seed(values)) else ("", "")
        return (
            sides.right.subject.model if sides.mode == MODEL else gr.skip(),
            render_sides(sides, reports, untouched),
            *frames(sides, maps),
            render_map_notes(sides, maps.left, maps.right, maps.difference, shared=maps.shared),
            render_common_pairs(reports, sides.names),
            *kept,
        )

    def draw_curves(self, *values: Any) -> Iterator[tuple[str, str, str]]:
        """Progress, curves so far and what they are of, again and again until all types are done.

        Raises:
            gr.Error: if there is nothing to draw.
            QualiclipError: if a picture or a name can't be used.
        """
        subject, settings, (types, _) = read_settings(values)
        sides = self.sides(subject, settings)
        if sides is None:
            raise gr.Error(say("compare/empty"), print_exception=False)
        if not types:
            raise gr.Error(say("compare/no-types"), print_exception=False)
        seed = read_seed(values)
        key = curves_key(sides, types, seed)
        looks = curve_looks(sides, self.examples)
        done: list[Series] = [Series(title, ()) for title, _ in looks]
        yield render_progress(0, len(types) * len(done)), "", key
        starts = [_reduced(one) for _, one in looks]
        for name in types[:MOST_TYPES]:
            for place, (scorer, image, pristine) in enumerate(starts):
                row = sweep(image, pristine, scorer, name, seed=seed, side=DETAIL_SIDE)
                done[place] = Series(done[place].title, (*done[place].rows, row))
                finished = sum(len(series.rows) for series in done)
                yield render_progress(finished, len(types) * len(done)), gr.skip(), key
            yield render_progress(finished, len(types) * len(done)), render_curves(done), key

    def _require(self, values: Sequence[Any]) -> tuple[Sides, CompareSettings, Sequence[Any]]:
        subject, settings, rest = read_settings(values)
        sides = self.sides(subject, settings)
        if sides is None:
            raise gr.Error(say("nothing-to-download"), print_exception=False)
        return sides, settings, rest

    def save_figure(self, *values: Any) -> str:
        """The figure as a PNG, SVG or PDF file."""
        sides, settings, (suffix,) = self._require(values)
        maps = self.maps(sides, settings)
        path = self.downloads.new_path(f"comparison.{suffix}")
        write_comparison_figure(path, sides, (maps.left, maps.right), shared=maps.shared)
        return str(path)

    def save_csv(self, *values: Any) -> str:
        """Scores and similarities of both sides as a CSV file."""
        sides, _, _ = self._require(values)
        path = self.downloads.new_path("comparison.csv")
        write_comparison(path, sides, [look.analysis.report for look in sides.looks])
        return str(path)


def _reduced(look: Look) -> tuple[Scorer, Tensor, QualityReport]:
    """What scores, and a smaller copy of the picture with its report."""
    image = picture_to_image(reduced(look.picture, CURVE_SIDE))
    return look.scorer, image, look.scorer.score(image)


def curve_looks(sides: Sides, examples: Sequence[Example]) -> list[tuple[str, Look]]:
    """Untouched pictures, with titles, whose curves are drawn; one, if both sides are the same photo and model."""
    looks = [look.pristine for look in sides.looks]
    if sides.mode == MODEL:
        return list(zip(sides.titles, looks, strict=True))
    different = {(look.view, look.subject.model): look for look in looks}
    return [(picture_title(look, examples), look) for look in different.values()]


def curves_key(sides: Sides, types: Sequence[str], seed: int) -> str:
    """What curves are of, in one line: equal if drawing them again would give the same."""
    subjects = [f"{look.digest} {look.subject.model}" for look in sides.looks]
    return ", ".join([*subjects, str(seed), *(name for name in types if name in DEGRADATIONS)])


def frames(sides: Sides, maps: Maps) -> tuple[Any, ...]:
    """The four pictures of the tab, row by row.

    Two models: both heatmaps, then the picture and the difference. Two pictures: both pictures, then the heatmaps.
    """
    heatmaps = [
        _frame(draw_heatmap(look.picture, one), say("compare/map", title=title), say_core(one.note))
        for look, one, title in zip(sides.looks, (maps.left, maps.right), sides.names, strict=True)
    ]
    if sides.mode != MODEL:
        pictures = [_frame(look.picture, title) for look, title in zip(sides.looks, sides.titles, strict=True)]
        return (*pictures, *heatmaps)
    words = say("degraded") if sides.left.view.steps else say("original")
    if maps.difference is None:
        return (*heatmaps, _frame(sides.left.picture, words), _frame(None, say("compare/no-difference")))
    drawn = draw_heatmap(sides.right.picture, maps.difference)
    return (
        *heatmaps,
        _frame(sides.left.picture, words),
        _frame(drawn, say("compare/difference"), say_core(maps.difference.note)),
    )


def _frame(picture: Image.Image | None, label: str, alt: str = "") -> Any:
    return gr.update(value=picture, label=label, alt_text=alt or label)


def _empty(message: str) -> tuple[Any, ...]:
    return gr.skip(), message, None, None, None, None, "", "", "", ""
