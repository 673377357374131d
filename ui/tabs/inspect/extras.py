"""What the Inspect tab tells on request: what the model saw, other sizes, a prompt pair of one's own."""

from pathlib import Path
from typing import Any

import gradio as gr
import torch

from explain.figures.resolution import resolution_figure
from explain.maps.drawing import draw_heatmap
from explain.maps.heatmaps import explain_image
from explain.numbers.resolution import Resolution, ResolutionSettings, measure_resolution
from qualiclip.drawing.files import model_line, save_figure
from qualiclip.errors import QualiclipError
from qualiclip.models.prompts import PromptPair
from qualiclip.weights.own_prompts import OwnPrompts
from ui.files.downloads import DownloadFolder
from ui.markup.parts import render_message
from ui.markup.templates import render
from ui.studio.studio import Studio
from ui.studio.subject import Subject
from ui.texts import say

from .map_settings import DEGRADED, method_for_a_target, read_settings


class InspectExtras:
    """What the accordions under the Inspect tab do, on one studio."""

    def __init__(self, studio: Studio, downloads: DownloadFolder) -> None:
        """Keep the studio and the place for downloads."""
        self.studio = studio
        self.downloads = downloads
        self.prompts = {name: OwnPrompts(scorer.checkpoint) for name, scorer in studio.scorers.items()}

    @property
    def own_prompts_possible(self) -> bool:
        """Whether any served model has a text encoder."""
        return any(prompts.possible for prompts in self.prompts.values())

    def seen(self, *values: Any) -> str:
        """What the model saw of the picture, as HTML."""
        try:
            subject, _ = read_settings(values)
            if subject is None:
                return render_message(say("empty"), error=False)
            analysis = self.studio.look(subject).analysis
        except QualiclipError as error:
            return render_message(str(error), error=True)
        (height, width), (rows, columns) = analysis.image.shape[-2:], analysis.feature_map.shape[-2:]
        return render("inspect/seen", width=width, height=height, rows=rows, columns=columns)

    def sizes(self, *values: Any, progress: gr.Progress = gr.Progress()) -> tuple[Any, str]:  # noqa: B008
        """The picture scored at other sizes and in windows: the figure, and the same as a table."""
        subject, _ = read_settings(values)
        if subject is None:
            return None, render_message(say("empty"), error=False)
        look = self.studio.look(subject)
        measured = measure_resolution(
            look.image,
            look.scorer,
            settings=ResolutionSettings(),
            progress=lambda done, total: progress((done, total), unit=say("seen/unit")),
        )
        path = self.downloads.new_path("resolution.png")
        title = f"{Path(subject.path).name}: {subject.describe_steps()}"
        figure = resolution_figure(look.picture, measured, title=title, facts=[model_line(measured.own)])
        save_figure(figure, path, description=measured.note, version=measured.own.version, facts={})
        return str(path), render_sizes(measured)

    def own_pair(self, *values: Any) -> tuple[Any, str]:
        """A prompt pair of one's own: the heatmap it gives, and its probability before and after."""
        *panel, positive, negative = values
        try:
            subject, settings = read_settings(panel)
            if subject is None:
                return None, render_message(say("empty"), error=False)
            subject = self._named(subject)
            twin = self.prompts[subject.model].model(PromptPair(positive.strip(), negative.strip()))
            look = self.studio.look(subject)
            looked_at = (look if settings.subject == DEGRADED else look.pristine).analysis
        except QualiclipError as error:
            return None, render_message(str(error), error=True)
        (before,), (after,) = (twin.judge(one.analysis.feature_map).pairs for one in (look.pristine, look))
        with torch.no_grad():
            explanation = explain_image(
                twin,
                looked_at.image,
                looked_at.feature_map,
                method=method_for_a_target(settings.method),
                target="pair:1",
            )
        drawn = draw_heatmap(looked_at.picture, explanation, colormap=settings.colormap, opacity=settings.opacity)
        return drawn, render("inspect/own_pair", before=before, after=after, explanation=explanation)

    def _named(self, subject: Subject) -> Subject:
        name = self.studio.scorer(subject.model).checkpoint.name
        return Subject(subject.path, name, subject.steps, subject.region)


def render_sizes(measured: Resolution) -> str:
    """The scores at other sizes and of windows, as text and a table."""
    spread = say("sizes/windows", count=len(measured.windows), low=f"{measured.spread[0]:.3f}",
                 high=f"{measured.spread[1]:.3f}") if measured.spread else say("sizes/no-windows")  # fmt: skip
    return render("inspect/sizes", measured=measured, windows=spread)
