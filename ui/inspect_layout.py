"""How the Inspect tab looks: its widgets, and which of them does what."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from explain.heatmaps import DEFAULT_METHOD, DEFAULT_TARGET, METHODS
from explain.overlay import COLORMAPS
from explain.targets import Target
from qualiclip.degradations import DEGRADATIONS, MAX_LEVEL, MAX_SEED

from .examples import Example
from .guard import shown
from .inspect_settings import DEGRADED, NONE, ORIGINAL, SLOTS
from .inspect_tab import InspectTab
from .render import render_choices, render_message
from .texts import EMPTY, HEATMAP_CHECK
from .uploads import photo_input

MODEL_QUEUE: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1}
LOSSLESS: dict[str, Any] = {"type": "pil", "format": "png", "interactive": False}  # Gradio's default is lossy WebP
HEATMAP_CHECK_FILE = Path(__file__).resolve().parent.parent / "assets" / "heatmap_check.md"
FIRST_VIEW = ("gaussian_blur", 3.0)
CLICK = "() => document.querySelector('#{0} a, a#{0}, button#{0}').click()"


def build_inspect_tab(page: gr.Blocks, tab: InspectTab, examples: Sequence[Example]) -> None:
    """Lay out the widgets and connect them. Must be called inside the context of `page`."""
    with gr.Row(elem_classes="inspect"):
        with gr.Column(scale=4, min_width=320):
            photo = _photo(examples)
            slots, seed = _degradations()
        with gr.Column(scale=8, min_width=320):
            results = _results()
            controls = _heatmap_controls(tab.studio.targets)
            results["pairs"] = gr.HTML(elem_id="pairs")
            downloads = _downloads(tab)
    settings = {
        "inputs": [photo, *chain.from_iterable(slots), seed, *controls.values()],
        "api_visibility": "private",
        **MODEL_QUEUE,
    }
    moved = chain.from_iterable((kind.change, dial.release) for kind, dial in slots)
    _connect_results(page, tab, results, [photo.change, *moved, seed.submit, seed.blur], settings)
    _connect_heatmap(tab, results, controls, settings)
    _connect_downloads(downloads, settings)


def _photo(examples: Sequence[Example]) -> gr.Image:
    photo = photo_input(
        value=str(examples[0].path),
        label="Photo",
        sources=["upload", "clipboard"],
        height=260,
        elem_id="photo",
        alt_text="The photo that is being examined",
    )
    gr.Examples(
        [[str(example.path)] for example in examples],
        inputs=photo,
        example_labels=[example.label for example in examples],
        label="Examples: click one",
        examples_per_page=len(examples),
        cache_examples=False,
        api_visibility="private",
    )
    return photo


def _degradations() -> tuple[list[tuple[gr.Dropdown, gr.Slider]], gr.Number]:
    with gr.Group():
        first, others = FIRST_VIEW, (NONE, 2.0)
        slots = [_slot(number, *(first if number == 1 else others)) for number in range(1, SLOTS + 1)]
        seed = gr.Number(
            0,
            label="Seed",
            info="Same seed, same random draws.",
            precision=0,
            minimum=0,
            maximum=MAX_SEED,
            elem_id="seed",
        )
    return slots, seed


def _slot(number: int, name: str, level: float) -> tuple[gr.Dropdown, gr.Slider]:
    choices = [("none", NONE), *((row.label, name) for name, row in DEGRADATIONS.items())]
    with gr.Row(elem_classes="slot", equal_height=True):
        kind = gr.Dropdown(choices, value=name, label=f"Degradation {number}", min_width=160)
        dial = gr.Slider(
            0, MAX_LEVEL, value=level, step=0.05, label=f"Level {number}", min_width=160, elem_classes="level"
        )
    return kind, dial


def _results() -> dict[str, Component]:
    scores = gr.HTML(render_message(EMPTY, error=False), elem_id="scores")
    with gr.Row():
        with gr.Column(min_width=300):
            slider = gr.ImageSlider(
                label="Original | degraded",
                elem_id="before-after",
                max_height=420,
                **LOSSLESS,
            )
        with gr.Column(min_width=300):
            heatmap = gr.Image(
                label="Where the model looks: a hint, not a proof",
                elem_id="heatmap",
                alt_text="The photo with a heatmap over it; the text below describes it",
                **LOSSLESS,
            )
    note = gr.HTML(elem_id="heatmap-note")
    return {"slider": slider, "scores": scores, "heatmap": heatmap, "note": note}


def _heatmap_controls(targets: Mapping[str, Target]) -> dict[str, Any]:
    """The widgets of the heatmap, in the order of the settings."""
    with gr.Row():
        subject = gr.Radio([DEGRADED, ORIGINAL], value=DEGRADED, label="Heatmap of", min_width=150)
        target = gr.Dropdown(_labels(targets), value=DEFAULT_TARGET, label="Target", min_width=150)
        method = gr.Dropdown(_labels(METHODS), value=DEFAULT_METHOD, label="Method", min_width=150)
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
    with gr.Accordion("What the methods and targets are", open=False):
        gr.HTML(render_choices(METHODS.values(), targets.values()))
    with gr.Accordion("How well the heatmaps find damage", open=False):
        gr.Markdown(f"{HEATMAP_CHECK}\n\n{HEATMAP_CHECK_FILE.read_text(encoding='utf-8')}", elem_id="heatmap-check")
    return {"subject": subject, "method": method, "target": target, "colormap": colormap, "opacity": opacity}


def _labels(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(row.label, name) for name, row in table.items()]


def _downloads(tab: InspectTab) -> list[tuple[gr.Button, gr.DownloadButton, Callable[..., str]]]:
    """Visible buttons that make a file, and hidden ones that hold it: Gradio's own can't make one when clicked."""
    jobs = {"picture": tab.save_picture, "figure": tab.save_figure, "CSV": tab.save_csv}
    with gr.Row():
        buttons = [gr.Button(f"Download {name}", size="sm") for name in jobs]
    files = [gr.DownloadButton("Download", elem_id=f"file-{name}", elem_classes="offstage") for name in jobs]
    return list(zip(buttons, files, jobs.values(), strict=True))


def _connect_results(
    page: gr.Blocks, tab: InspectTab, results: Mapping[str, Component], events: list[Any], settings: dict[str, Any]
) -> None:
    outputs = [results[name] for name in ("slider", "scores", "pairs", "heatmap", "note")]
    update = shown(tab.update)
    gr.on(events, update, outputs=outputs, trigger_mode="always_last", show_progress="minimal", **settings)
    page.load(update, outputs=outputs, show_progress="hidden", **settings)


def _connect_heatmap(
    tab: InspectTab, results: Mapping[str, Component], controls: Mapping[str, Any], settings: dict[str, Any]
) -> None:
    events = [controls[name].change for name in ("subject", "method", "target", "colormap")]
    gr.on(
        [*events, controls["opacity"].release],
        shown(tab.redraw),
        outputs=[results["heatmap"], results["note"]],
        trigger_mode="always_last",
        show_progress="hidden",
        **settings,
    )


def _connect_downloads(
    downloads: list[tuple[gr.Button, gr.DownloadButton, Callable[..., str]]], settings: dict[str, Any]
) -> None:
    for button, file, save in downloads:
        made = button.click(shown(save), outputs=file, **settings)
        made.success(None, js=CLICK.format(file.elem_id), api_visibility="private")
