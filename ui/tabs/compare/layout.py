"""How the Compare tab looks: its widgets, and which of them does what."""

import json
from typing import Any

import gradio as gr
from gradio.components import Component

from explain.maps.heatmaps import METHODS, TARGETS
from qualiclip.degradations import DEGRADATIONS
from qualiclip.drawing.files import FORMATS
from ui.files.uploads import photo_input
from ui.frame.context import LOSSLESS, SWEEP_QUEUE, PageContext, download_button
from ui.frame.panel import model_choices
from ui.guard import shown_steps
from ui.markup.templates import render
from ui.studio.partners import other_model
from ui.texts import core, t

from .sides import MODEL, OWN, PICTURE, SAME
from .tab import MOST_TYPES, CompareTab

FIRST_TYPES = ("gaussian_blur", "white_noise", "jpeg")
SHOW_IF = "(value) => ({{__type__: 'update', visible: value === '{}'}})"
SHOW_UNLESS = "(value) => ({{__type__: 'update', visible: value !== '{}'}})"


def build_compare_tab(context: PageContext) -> None:
    """Lay out the widgets and connect them. Must be called inside the tab."""
    tab = CompareTab(context.studio, context.downloads, context.panel.examples)
    choices = _choices(context)
    results = _results()
    with gr.Row():
        method = gr.Dropdown(_labels(METHODS), value="quality_map", label=t("inspect/method"), min_width=150)
        target = gr.Dropdown(_labels(TARGETS), value="difference", label=t("inspect/target"), min_width=150)
    curves = _curves()
    results.append(gr.HTML(elem_id="compare-pairs"))
    inputs = [*context.panel.widgets, *choices.values(), method, target]
    with gr.Row(elem_id="compare-downloads"):
        kind = gr.Dropdown(list(FORMATS), value="png", label=t("compare/format"), min_width=120, scale=0)
        download_button(t("download/figure"), "compare-figure", tab.save_figure, [*inputs, kind])
        download_button(t("download/csv"), "compare-csv", tab.save_csv, [*inputs, kind])
    _connect_curves(tab, curves, [*inputs, curves["types"], curves["drawn"]])
    widgets = [*choices.values(), method, target]
    context.link_widgets |= {"with": choices["mode"], "other": choices["other"], "beside": choices["picture"]}
    context.live(
        "compare",
        tab.update,
        inputs=[*widgets, curves["types"], curves["drawn"]],
        outputs=[choices["other"], *results, curves["status"], curves["plots"]],
        events=[
            *(choices[name].input for name in ("mode", "other", "picture", "alike")),
            *(choices["upload"].change, method.input, target.input, curves["types"].input),
        ],
    )


def _choices(context: PageContext) -> dict[str, Any]:
    """What is on the right, in the order of `CompareSettings`."""
    studio, several = context.studio, len(context.studio.scorers) > 1
    modes = [(t("compare/model"), MODEL)] * several + [(t("compare/picture"), PICTURE)]
    pictures = [
        (t("compare/same"), SAME),
        (t("compare/own"), OWN),
        *((t(f"example/{example.path.stem}"), example.path.stem) for example in context.panel.examples),
    ]
    with gr.Row(equal_height=False):
        mode = gr.Radio(modes, value=modes[0][1], label=t("compare/with"), min_width=220, elem_id="compare-with")
        with gr.Column(visible=several, min_width=220) as by_model:
            other = gr.Dropdown(
                model_choices(studio),
                value=other_model(studio.default, "", studio.scorers) if several else studio.default,
                label=t("compare/other"),
                info=t("compare/other-info"),
                elem_id="compare-other",
            )
        with gr.Column(visible=not several, min_width=220) as by_picture:
            picture = gr.Dropdown(pictures, value=SAME, label=t("compare/beside"), elem_id="compare-picture")
            with gr.Column(visible=False) as degrading:
                alike = gr.Checkbox(True, label=t("compare/alike"), elem_id="compare-alike")
            with gr.Column(visible=False) as uploading:
                upload = photo_input(
                    label=t("compare/upload"),
                    sources=["upload", "clipboard"],
                    height=200,
                    elem_id="compare-upload",
                    alt_text=t("compare/upload"),
                )
    for widget, column, script in (
        (mode, by_model, SHOW_IF.format(MODEL)),
        (mode, by_picture, SHOW_IF.format(PICTURE)),
        (picture, uploading, SHOW_IF.format(OWN)),
        (picture, degrading, SHOW_UNLESS.format(SAME)),
    ):
        widget.change(None, widget, column, js=script, api_visibility="private")
    return {"mode": mode, "other": other, "picture": picture, "upload": upload, "alike": alike}


def _results() -> list[Component]:
    """Scores, four pictures and what the maps say, in the order of `CompareTab.update`."""
    scores = gr.HTML(elem_id="compare-scores")
    frames = []
    for row in ("first", "second"):
        with gr.Row():
            for side in ("left", "right"):
                with gr.Column(min_width=300):
                    frames.append(gr.Image(elem_id=f"compare-{row}-{side}", elem_classes="compare-frame", **LOSSLESS))
    return [scores, *frames, gr.HTML(elem_id="compare-notes")]


def _curves() -> dict[str, Any]:
    gr.Markdown(t("compare/curves"), elem_id="compare-curves-head")
    with gr.Row(equal_height=True):
        types = gr.Dropdown(
            _labels(DEGRADATIONS),
            value=list(FIRST_TYPES),
            multiselect=True,
            max_choices=MOST_TYPES,
            label=t("compare/types"),
            info=t("compare/types-info"),
            scale=3,
            min_width=280,
            elem_id="compare-types",
        )
        with gr.Column(min_width=140):
            start = gr.Button(t("compare/draw"), variant="primary", elem_id="compare-draw")
            stop = gr.Button(t("compare/stop"), elem_id="compare-stop")
    status = gr.HTML(elem_id="compare-progress")
    return {
        "types": types,
        "start": start,
        "stop": stop,
        "status": status,
        "plots": gr.HTML(elem_id="compare-curves"),
        "drawn": gr.State(""),
    }


def _connect_curves(tab: CompareTab, curves: dict[str, Any], inputs: list[Component]) -> None:
    drawing = curves["start"].click(
        shown_steps(tab.draw_curves),
        inputs,
        [curves["status"], curves["plots"], curves["drawn"]],
        show_progress="hidden",
        api_visibility="private",
        **SWEEP_QUEUE,
    )
    # In the browser, at once: an answer of the server could come after the next curves have begun.
    curves["stop"].click(
        None,
        None,
        curves["status"],
        js=f"() => {json.dumps(render('compare/stopped'))}",
        cancels=[drawing],
        show_progress="hidden",
        api_visibility="private",
    )


def _labels(table: Any) -> list[tuple[str, str]]:
    return [(core(row.label), name) for name, row in table.items()]
