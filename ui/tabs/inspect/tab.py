"""What the Inspect tab does: degrade a photo, compare the scores, draw the heatmap, make the downloads."""

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr
from PIL import Image

from explain.maps.explanation import Explanation
from qualiclip.errors import QualiclipError
from ui.files.downloads import DownloadFolder
from ui.markup.parts import render_message, render_note
from ui.studio.studio import Analysis, Studio, draw_overlay
from ui.studio.subject import Subject
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

    def both(self, subject: Subject) -> tuple[Analysis, Analysis]:
        """Analyses of the pristine and the degraded picture."""
        return self.studio.analyse(subject.pristine), self.studio.analyse(subject)

    def heatmap(self, subject: Subject, settings: MapSettings) -> tuple[Image.Image, Explanation]:
        """The picture with its heatmap, and the explanation."""
        looked_at = subject if settings.subject == DEGRADED else subject.pristine
        explanation = self.studio.explain(looked_at, method=settings.method, target=settings.target)
        analysis = self.studio.analyse(looked_at)
        return draw_overlay(analysis, explanation, colormap=settings.colormap, opacity=settings.opacity), explanation

    def update(self, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Everything on the right, for new settings: pictures, scores and heatmap, each as soon as it is there.

        A picture that can't be used is said in place of the scores.
        """
        try:
            subject, settings = read_settings(values)
            if subject is None:
                yield None, render_message(say("empty"), error=False), "", *NO_MAP
                return
            pictures = self.studio.picture(subject.pristine), self.studio.picture(subject)
            yield pictures, *_unchanged(6)  # the browser fetches them while the score is computed
            reports = [analysis.report for analysis in self.both(subject)]
            yield *_unchanged(1), render_scores(*reports), render_pairs(*reports), *_unchanged(4)
            yield *_unchanged(3), *self._map(subject, settings)
        except QualiclipError as error:
            yield None, render_message(str(error), error=True), "", *NO_MAP

    def redraw(self, *values: Any) -> tuple[Any, ...]:
        """The heatmap alone, for new colours, method or target."""
        subject, settings = read_settings(values)
        return NO_MAP if subject is None else self._map(subject, settings)

    def _map(self, subject: Subject, settings: MapSettings) -> tuple[Any, ...]:
        drawn, explanation = self.heatmap(subject, settings)
        return drawn, render_note(explanation), *as_code(subject, settings)

    def _require(self, values: Sequence[Any]) -> tuple[Subject, MapSettings]:
        subject, settings = read_settings(values)
        if subject is None:
            raise gr.Error(say("nothing-to-download"), print_exception=False)
        return subject, settings

    def save_picture(self, *values: Any) -> str:
        """The degraded picture as a PNG file."""
        subject, _ = self._require(values)
        path = self.downloads.new_path("degraded.png")
        self.studio.analyse(subject).picture.save(path)
        return str(path)

    def save_figure(self, *values: Any) -> str:
        """The figure as a PNG file."""
        subject, settings = self._require(values)
        heatmap, _ = self.heatmap(subject, settings)
        path = self.downloads.new_path("figure.png")
        write_figure(path, subject, settings, *self.both(subject), heatmap)
        return str(path)

    def save_csv(self, *values: Any) -> str:
        """Scores and similarities of both pictures as a CSV file."""
        subject, _ = self._require(values)
        path = self.downloads.new_path("scores.csv")
        write_scores(path, subject, *self.both(subject))
        return str(path)
