"""The Inspect tab: degrade a photo, compare the scores, see the heatmap, take the figure along."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import gradio as gr
from PIL import Image

from explain.heatmaps import METHODS, TARGETS, Explanation
from explain.overlay import COLORMAPS
from qualiclip.degradations import DEGRADATIONS, MAX_LEVEL
from qualiclip.errors import QualiclipError

from .downloads import DownloadFolder
from .examples import Example
from .exports import write_figure, write_scores
from .guard import shown
from .inspect_settings import DEGRADED, NONE, ORIGINAL, Settings
from .photo_input import photo_input
from .render import render_message, render_note, render_pairs, render_scores
from .studio import Analysis, Studio, draw_overlay
from .texts import EMPTY

MODEL_QUEUE: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1}
CLICK = "() => document.querySelector('#{0} a, a#{0}, button#{0}').click()"


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
        before, after = self.both(settings)
        subject, steps = (before, ()) if settings.subject == ORIGINAL else (after, settings.steps)
        explanation = self.studio.explain(
            settings.path or "", steps, seed=settings.seed, method=settings.method, target=settings.target
        )
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


def _degradation_choices() -> list[tuple[str, str]]:
    return [("none", NONE), *((row.label, name) for name, row in DEGRADATIONS.items())]


def _slot(number: int, name: str, level: float) -> tuple[gr.Dropdown, gr.Slider]:
    with gr.Row(elem_classes="slot", equal_height=True):
        kind = gr.Dropdown(_degradation_choices(), value=name, label=f"Degradation {number}", min_width=160)
        dial = gr.Slider(
            0, MAX_LEVEL, value=level, step=0.05, label=f"Level {number}", min_width=160, elem_classes="level"
        )
    return kind, dial


def build_inspect_tab(blocks: gr.Blocks, tab: InspectTab, examples: Sequence[Example]) -> None:
    """Lay out the widgets and connect them. Must be called inside the context of `blocks`."""
    with gr.Row(elem_classes="inspect"):
        with gr.Column(scale=4, min_width=320):
            picture = photo_input(
                value=str(examples[0].path),
                label="Photo",
                sources=["upload", "clipboard"],
                height=260,
                elem_id="photo",
                alt_text="The photo that is being examined",
            )
            gr.Examples(
                [[str(example.path)] for example in examples],
                inputs=picture,
                example_labels=[example.label for example in examples],
                label="Examples: click one",
                examples_per_page=len(examples),
                cache_examples=False,
                api_visibility="private",
            )
            with gr.Group():
                slots = [_slot(1, "gaussian_blur", 3.0), _slot(2, NONE, 2.0), _slot(3, NONE, 2.0)]
                seed = gr.Number(
                    0, label="Seed", info="Same seed, same random draws.", precision=0, minimum=0, elem_id="seed"
                )
        with gr.Column(scale=8, min_width=320):
            scores = gr.HTML(render_message(EMPTY, error=False), elem_id="scores")
            with gr.Row():
                with gr.Column(min_width=300):
                    slider = gr.ImageSlider(
                        label="Original | degraded",
                        type="pil",
                        format="png",
                        interactive=False,
                        elem_id="before-after",
                        max_height=420,
                    )
                with gr.Column(min_width=300):
                    heatmap = gr.Image(
                        label="Where the model looks",
                        type="pil",
                        format="png",
                        interactive=False,
                        elem_id="heatmap",
                        alt_text="The photo with a heatmap over it; the text below describes it",
                    )
            note = gr.HTML(elem_id="heatmap-note")
            with gr.Row():
                subject = gr.Radio([DEGRADED, ORIGINAL], value=DEGRADED, label="Heatmap of", min_width=150)
                target = gr.Dropdown(
                    [(row.label, name) for name, row in TARGETS.items()],
                    value="difference",
                    label="Target",
                    min_width=150,
                )
                method = gr.Dropdown(
                    [(row.label, name) for name, row in METHODS.items()], value="gradcam", label="Method", min_width=150
                )
                colormap = gr.Dropdown(
                    [(label, name) for name, label in COLORMAPS.items()],
                    value="viridis",
                    label="Colours",
                    info="For good or bad alone",
                    min_width=150,
                )
                opacity = gr.Slider(
                    0, 1, value=0.7, step=0.05, label="Opacity", min_width=150, elem_classes="level", elem_id="opacity"
                )
            pairs = gr.HTML(elem_id="pairs")
            with gr.Row():
                buttons = [
                    (gr.Button("Download picture", size="sm"), "dl-picture", tab.save_picture),
                    (gr.Button("Download figure", size="sm"), "dl-figure", tab.save_figure),
                    (gr.Button("Download CSV", size="sm"), "dl-csv", tab.save_csv),
                ]
            files = [gr.DownloadButton("Download", elem_id=name, elem_classes="offstage") for _, name, _ in buttons]

    widgets = [picture, *chain.from_iterable(slots), seed, subject, method, target, colormap, opacity]
    everything = [slider, scores, pairs, heatmap, note]
    private: dict[str, Any] = {"inputs": widgets, "api_visibility": "private", **MODEL_QUEUE}
    gr.on(
        [
            picture.change,
            *(event for kind, dial in slots for event in (kind.change, dial.release)),
            seed.submit,
            seed.blur,
        ],
        shown(tab.update),
        outputs=everything,
        trigger_mode="always_last",
        show_progress="minimal",
        **private,
    )
    gr.on(
        [subject.change, method.change, target.change, colormap.change, opacity.release],
        shown(tab.redraw),
        outputs=[heatmap, note],
        trigger_mode="always_last",
        show_progress="hidden",
        **private,
    )
    for (button, name, save), file in zip(buttons, files, strict=True):
        button.click(shown(save), outputs=file, **private).then(None, js=CLICK.format(name), api_visibility="private")
    blocks.load(shown(tab.update), outputs=everything, show_progress="hidden", **private)
