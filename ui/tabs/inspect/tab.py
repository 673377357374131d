"""What the Inspect tab does: degrade a photo, compare the scores, draw the heatmap, make the downloads."""

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr
from PIL import Image

from explain.maps.drawing import draw_heatmap
from explain.maps.explanation import Explanation
from qualiclip.errors import QualiclipError
from ui.files.downloads import DownloadFolder
from ui.markup.parts import render_message, render_note
from ui.studio.look import Look
from ui.studio.studio import Studio
from ui.texts import say

from .exports import write_figure, write_scores
from .map_settings import DEGRADED, MapSettings, read_settings
from .markup import render_pairs, render_scores
from .reproduce import as_code

NO_MAP = (None, "", "", "")  # heatmap, what it says, the code of the view in two languages


def _unchanged(count: int) -> list[Any]:
    return [gr.skip()] * count


class InspectTab:
    """What the tab's buttons and sliders do, on one studio."""

    def __init__(self, studio: Studio, downloads: DownloadFolder) -> None:
        """Keep the studio and the place for downloads."""
        self.studio = studio
        self.downloads = downloads

    def update(self, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Everything on the right, for new settings: pictures, scores and heatmap, each as soon as it is there.

        A picture that can't be used is said in place of the scores.
        """
        try:
            subject, settings = read_settings(values)
            if subject is None:
                yield None, render_message(say("empty"), error=False), "", *NO_MAP
                return
            look = self.studio.look(subject)
            yield (look.pristine.picture, look.picture), *_unchanged(6)  # fetched while the score is computed
            reports = look.pristine.analysis.report, look.analysis.report
            yield *_unchanged(1), render_scores(*reports), render_pairs(*reports), *_unchanged(4)
            yield *_unchanged(3), *_map(look, settings)
        except QualiclipError as error:
            yield None, render_message(str(error), error=True), "", *NO_MAP

    def redraw(self, *values: Any) -> tuple[Any, ...]:
        """The heatmap alone, for new colours, method or target."""
        subject, settings = read_settings(values)
        return NO_MAP if subject is None else _map(self.studio.look(subject), settings)

    def _require(self, values: Sequence[Any]) -> tuple[Look, MapSettings]:
        subject, settings = read_settings(values)
        if subject is None:
            raise gr.Error(say("nothing-to-download"), print_exception=False)
        return self.studio.look(subject), settings

    def save_picture(self, *values: Any) -> str:
        """The degraded picture as a PNG file."""
        look, _ = self._require(values)
        path = self.downloads.new_path("degraded.png")
        look.picture.save(path)
        return str(path)

    def save_figure(self, *values: Any) -> str:
        """The figure as a PNG file."""
        look, settings = self._require(values)
        heatmap, _ = draw_map(look, settings)
        path = self.downloads.new_path("figure.png")
        write_figure(path, look.subject, settings, look.pristine.analysis, look.analysis, heatmap)
        return str(path)

    def save_csv(self, *values: Any) -> str:
        """Scores and similarities of both pictures as a CSV file."""
        look, _ = self._require(values)
        path = self.downloads.new_path("scores.csv")
        write_scores(path, look.subject, look.pristine.analysis, look.analysis)
        return str(path)


def draw_map(look: Look, settings: MapSettings) -> tuple[Image.Image, Explanation]:
    """The picture that is wanted, degraded or not, with its heatmap over it; and the explanation."""
    looked_at = look if settings.subject == DEGRADED else look.pristine
    explanation = looked_at.explanation(method=settings.method, target=settings.target)
    drawn = draw_heatmap(looked_at.picture, explanation, colormap=settings.colormap, opacity=settings.opacity)
    return drawn, explanation


def _map(look: Look, settings: MapSettings) -> tuple[Any, ...]:
    drawn, explanation = draw_map(look, settings)
    return drawn, render_note(explanation), *as_code(look, settings)
