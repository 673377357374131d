"""How the Inspect tab looks: its widgets, and which of them does what."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component

from explain.maps.defaults import DEFAULT_COLORMAP, DEFAULT_METHOD, DEFAULT_OPACITY, DEFAULT_TARGET
from explain.maps.methods import METHODS
from qualiclip.assets import asset
from qualiclip.drawing.overlay import COLORMAPS
from qualiclip.models.targets import Target
from ui.frame.context import LOSSLESS, PRIVATE, PageContext, download_button
from ui.guard import shown
from ui.markup.parts import render_message
from ui.texts import core, say, t

from .extras_layout import build_code, build_inspect_extras
from .map_settings import DEGRADED, ORIGINAL, method_for_a_target
from .markup import render_choices
from .tab import InspectTab

HEATMAP_CHECK_FILE = asset("heatmap_check.md")


def build_inspect_tab(context: PageContext) -> None:
    """Lay out the widgets and connect them. Must be called inside the tab."""
    tab = InspectTab(context.studio, context.downloads)
    results = _results()
    targets = context.studio.targets()
    controls, choices = _heatmap_controls(targets)
    # In the visitor's language, which is not known before the visit.
    tell = shown(partial(render_choices, METHODS.values(), targets.values()))
    context.page.load(tell, None, choices, show_progress="hidden", api_visibility="private")
    results["pairs"] = gr.HTML(elem_id="pairs")
    inputs = [*context.panel.widgets, *controls.values()]
    with gr.Row():
        download_button(t("download/picture"), "picture", tab.save_picture, inputs)
        download_button(t("download/figure"), "figure", tab.save_figure, inputs)
        download_button(t("download/csv"), "csv", tab.save_csv, inputs)
    results |= build_code()
    build_inspect_extras(context, list(controls.values()))
    context.link_widgets |= {"map": controls["subject"], "method": controls["method"], "target": controls["target"]}
    drawn = [results[name] for name in ("heatmap", "note", "commands", "lines")]
    outputs = [*(results[name] for name in ("slider", "scores", "pairs")), *drawn]
    # Shown in one place: each part that tells how long it has been waiting has the browser draw sixty frames a second.
    context.live(
        "inspect", tab.update, inputs=list(controls.values()), outputs=outputs, show_progress_on=results["scores"]
    )
    _redraw_on_choice(controls, tab, inputs, drawn)


def _redraw_on_choice(
    controls: Mapping[str, Any], tab: InspectTab, inputs: list[Component], drawn: list[Component]
) -> None:
    """Draw the heatmap anew for what a visitor chooses; what a link sets is drawn by the tab itself."""
    how: dict[str, Any] = {"trigger_mode": "always_last", "show_progress": "hidden", **PRIVATE}
    choices = [*(controls[name].input for name in ("subject", "method", "colormap")), controls["opacity"].release]
    gr.on(choices, shown(tab.redraw), inputs, drawn, **how)
    method, quiet = controls["method"], {"show_progress": "hidden", "api_visibility": "private"}
    asked = controls["target"].input(method_for_a_target, method, method, queue=False, **quiet)
    asked.then(shown(tab.redraw), inputs, drawn, **how)


def _results() -> dict[str, Component]:
    scores = gr.HTML(render_message(say("empty"), error=False), elem_id="scores")
    with gr.Row():
        with gr.Column(min_width=300):
            slider = gr.ImageSlider(label=t("inspect/slider"), elem_id="before-after", max_height=420, **LOSSLESS)
        with gr.Column(min_width=300):
            heatmap = gr.Image(
                label=t("inspect/heatmap"), elem_id="heatmap", alt_text=t("inspect/heatmap-alt"), **LOSSLESS
            )
    note = gr.HTML(elem_id="heatmap-note")
    return {"slider": slider, "scores": scores, "heatmap": heatmap, "note": note}


def _heatmap_controls(targets: Mapping[str, Target]) -> tuple[dict[str, Any], gr.HTML]:
    """The widgets of the heatmap, in the order of `MapSettings`, and the place where the choices are told."""
    with gr.Row():
        subject = gr.Radio(
            [(t(name), name) for name in (DEGRADED, ORIGINAL)], value=DEGRADED, label=t("inspect/map-of"), min_width=165
        )
        target = gr.Dropdown(_labels(targets), value=DEFAULT_TARGET, label=t("inspect/target"), min_width=157)
        method = gr.Dropdown(_labels(METHODS), value=DEFAULT_METHOD, label=t("inspect/method"), min_width=245)
        colormap = gr.Dropdown(
            [(label, name) for name, label in COLORMAPS.items()],
            value=DEFAULT_COLORMAP,
            label=t("inspect/colours"),
            info=t("inspect/colours-info"),
            min_width=130,
        )
        opacity = gr.Slider(
            *(0, 1),
            value=DEFAULT_OPACITY,
            step=0.05,
            label=t("inspect/opacity"),
            min_width=130,
            elem_classes="level",
            elem_id="opacity",
        )
    with gr.Accordion(t("inspect/choices"), open=False):
        choices = gr.HTML()
    with gr.Accordion(t("inspect/check"), open=False):
        gr.Markdown(t("inspect/check-text"))
        gr.Markdown(HEATMAP_CHECK_FILE.read_text(encoding="utf-8"), elem_id="heatmap-check")
    controls = {"subject": subject, "method": method, "target": target, "colormap": colormap, "opacity": opacity}
    return controls, choices


def _labels(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(core(row.label), name) for name, row in table.items()]
