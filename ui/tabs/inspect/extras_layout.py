"""The accordions under the Inspect tab."""

from collections.abc import Sequence

import gradio as gr
from gradio.components import Component

from ui.frame.context import BUTTONS, LOSSLESS, PRIVATE, PageContext
from ui.guard import shown
from ui.texts import t

from .extras import InspectExtras


def build_inspect_extras(context: PageContext, controls: Sequence[Component]) -> None:
    """Lay out the accordions and connect them; `controls` are the widgets of the heatmap."""
    extras = InspectExtras(context.studio, context.downloads)
    inputs = [*context.panel.widgets, *controls]
    _build_seen(context, extras, inputs)
    if extras.own_prompts_possible:
        _build_own_pair(context, extras, inputs)


def build_code() -> dict[str, Component]:
    """The accordion with the code of the view; what is in it comes with the heatmap."""
    with gr.Accordion(t("code/title"), open=False, elem_id="code"):
        gr.Markdown(t("code/text"))
        commands = gr.Code(language="shell", label=t("code/commands"), interactive=False, elem_id="commands")
        lines = gr.Code(language="python", label="Python", interactive=False, elem_id="python")
    return {"commands": commands, "lines": lines}


def _build_seen(context: PageContext, extras: InspectExtras, inputs: list[Component]) -> None:
    with gr.Accordion(t("seen/title"), open=False, elem_id="seen") as accordion:
        text = gr.HTML()
        start = gr.Button(t("seen/start"), size="sm", elem_id="seen-start")
        figure = gr.Image(
            label=t("seen/figure"),
            alt_text=t("seen/figure-alt"),
            format="png",
            interactive=False,
            buttons=BUTTONS,
            elem_id="seen-figure",
        )
        table = gr.HTML(elem_id="seen-table")
    accordion.expand(shown(extras.seen), inputs, text, **PRIVATE)
    start.click(shown(extras.seen), inputs, text, **PRIVATE)
    start.click(shown(extras.sizes), inputs, [figure, table], **PRIVATE)


def _build_own_pair(context: PageContext, extras: InspectExtras, inputs: list[Component]) -> None:
    with gr.Accordion(t("own/title"), open=False, elem_id="own"):
        gr.Markdown(t("own/text"))
        with gr.Row():
            positive = gr.Textbox("Calm scene.", label=t("own/positive"), max_length=200, elem_id="own-positive")
            negative = gr.Textbox("Busy scene.", label=t("own/negative"), max_length=200, elem_id="own-negative")
        start = gr.Button(t("own/start"), size="sm", elem_id="own-start")
        said = gr.HTML(elem_id="own-said")
        picture = gr.Image(label=t("own/map"), alt_text=t("inspect/heatmap-alt"), elem_id="own-map", **LOSSLESS)
    gr.on(
        [start.click, positive.submit, negative.submit],
        shown(extras.own_pair),
        [*inputs, positive, negative],
        [picture, said],
        **PRIVATE,
    )
