"""What the Inspect tab does: degrade a photo, compare the scores, draw the heatmap, make the downloads."""

from collections.abc import Sequence
from typing import Any

import gradio as gr
from PIL import Image

from explain.heatmaps import Explanation
from qualiclip.errors import QualiclipError

from .downloads import DownloadFolder
from .exports import write_figure, write_scores
from .inspect_settings import DEGRADED, Settings
from .render import render_message, render_note, render_pairs, render_scores
from .studio import Analysis, Studio, draw_overlay
from .texts import EMPTY


class InspectTab:
    """What the tab's buttons and sliders do, on one studio."""

    def __init__(self, studio: Studio, downloads: DownloadFolder) -> None:
        """Keep the studio and the place for downloads."""
        self.studio = studio
        self.downloads = downloads

    def both(self, settings: Settings) -> tuple[Analysis, Analysis]:
        """Analyses of the pristine and the degraded picture."""
        path = settings.path or ""
        return self.studio.pristine(path), self.studio.degraded(path, settings.steps, seed=settings.seed)

    def heatmap(self, settings: Settings) -> tuple[Image.Image, Explanation]:
        """The picture with its heatmap, and the explanation."""
        path, seed = settings.path or "", settings.seed
        steps = settings.steps if settings.subject == DEGRADED else ()
        explanation = self.studio.explain(path, steps, seed=seed, method=settings.method, target=settings.target)
        subject = self.studio.degraded(path, steps, seed=seed)
        drawn = draw_overlay(subject, explanation, colormap=settings.colormap, opacity=settings.opacity)
        return drawn, explanation

    def update(self, *values: Any) -> tuple[Any, ...]:
        """Everything on the right, for new settings; a picture that can't be used is said in place."""
        settings = Settings.of(values)
        if settings.path is None:
            return None, render_message(EMPTY, error=False), "", None, ""
        try:
            before, after = self.both(settings)
            drawn, explanation = self.heatmap(settings)
        except QualiclipError as error:
            return None, render_message(str(error), error=True), "", None, ""
        scores, pairs = render_scores(before.report, after.report), render_pairs(before.report, after.report)
        return (before.picture, after.picture), scores, pairs, drawn, render_note(explanation)

    def redraw(self, *values: Any) -> tuple[Any, ...]:
        """The heatmap alone, for new colours, method or target."""
        settings = Settings.of(values)
        if settings.path is None:
            return None, ""
        drawn, explanation = self.heatmap(settings)
        return drawn, render_note(explanation)

    def _require(self, values: Sequence[Any]) -> Settings:
        settings = Settings.of(values)
        if settings.path is None:
            raise gr.Error("There is nothing to download yet: choose or upload a photo first.")
        return settings

    def save_picture(self, *values: Any) -> str:
        """The degraded picture as a PNG file."""
        _, after = self.both(self._require(values))
        path = self.downloads.new_path("degraded.png")
        after.picture.save(path)
        return str(path)

    def save_figure(self, *values: Any) -> str:
        """The figure as a PNG file."""
        settings = self._require(values)
        heatmap, _ = self.heatmap(settings)
        path = self.downloads.new_path("figure.png")
        write_figure(path, settings, *self.both(settings), heatmap)
        return str(path)

    def save_csv(self, *values: Any) -> str:
        """Scores and similarities of both pictures as a CSV file."""
        settings = self._require(values)
        path = self.downloads.new_path("scores.csv")
        write_scores(path, settings, *self.both(settings))
        return str(path)
