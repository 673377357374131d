"""How the How-it-works tab looks: a row of steps, the words and the results of one of them, back and next."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import gradio as gr

from qualiclip.assets import asset
from qualiclip.degradations import DEGRADATIONS, MAX_LEVEL
from ui.frame.context import PRIVATE, PageContext, download_button
from ui.guard import shown
from ui.texts import core, t

from .tab import FIRST_LEVEL, KINDS, PLACES, LessonTab

SCRIPTS = asset("lesson")
STEPS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "degrade": ("lesson/degrade", "lesson/degrade-text"),
        "rank": ("lesson/rank", "lesson/rank-text"),
        "prompts": ("lesson/prompts", "lesson/prompts-text"),
        "losses": ("lesson/losses", "lesson/losses-text"),
        "arithmetic": ("lesson/arithmetic", "lesson/arithmetic-text"),
        "heatmap": ("lesson/heatmap", "lesson/heatmap-text"),
    }
)
OF_THE_LEVEL = ("prompts", "arithmetic", "heatmap")
OF_THE_KIND = ("degrade", "rank", *OF_THE_LEVEL)
# The page shows what belongs to the step named here: assets/css/lesson.css. The body is there before the tab is.
SHOW = "(step) => { document.body.dataset.lesson = step }"
MOVE = """(step) => {{
  const steps = {steps};
  document.querySelector('#lesson').scrollIntoView({{block: 'start'}});
  return steps[Math.min(Math.max(steps.indexOf(step) + {by}, 0), steps.length - 1)];
}}"""


def _only_in(*steps: str) -> list[str]:
    return ["lesson-part", *(f"in-{step}" for step in steps)]


def _results(name: str) -> gr.HTML:
    script = SCRIPTS / f"{name}.js"
    code = script.read_text(encoding="utf-8") if script.is_file() else None
    return gr.HTML(elem_id=f"lesson-{name}", elem_classes=_only_in(name), js_on_load=code)


def build_lesson_tab(context: PageContext) -> None:
    """Lay out the widgets and connect them. Must be called inside the tab."""
    tab = LessonTab(context.studio, context.downloads)
    with gr.Column(elem_id="lesson"):
        step = gr.Radio(
            [(t(label), name) for name, (label, _) in STEPS.items()],
            value=next(iter(STEPS)),
            label=t("lesson/steps"),
            elem_id="lesson-steps",
        )
        for name, (_, text) in STEPS.items():
            gr.Markdown(t(text), elem_classes=["lesson-text", *_only_in(name)])
        choices = _choices()
        results = [_results(name) for name in STEPS]
        inputs = [*context.panel.widgets, step, *choices]
        with gr.Row(elem_classes=_only_in("arithmetic")):
            download_button(t("lesson/figure"), "lesson-figure", tab.save_figure, inputs)
        untrained = _untrained(tab, inputs)
        _back_and_next(step)
    step.change(None, step, None, js=SHOW, api_visibility="private")
    kind, level, place = choices
    context.link_widgets |= {"step": step, "damage": kind}
    context.live(
        "lesson",
        tab.update,
        inputs=[step, *choices],
        outputs=[*results, untrained],
        events=[step.change, kind.change, level.release, place.change],
    )


def _choices() -> tuple[gr.Radio, gr.Slider, gr.Radio]:
    """The lesson's own widgets, in the order of `Choice`."""
    kinds = [(core(DEGRADATIONS[name].label), name) for name in KINDS]
    with gr.Row(elem_classes=_only_in(*OF_THE_KIND)):
        kind = gr.Radio(kinds, value=KINDS[0], label=t("lesson/kind"), elem_id="lesson-kind")
    with gr.Row(elem_classes=_only_in(*OF_THE_LEVEL)):
        level = gr.Slider(
            *(0, MAX_LEVEL),
            value=FIRST_LEVEL,
            step=1,
            label=t("lesson/level"),
            min_width=200,
            elem_id="lesson-level",
            elem_classes="level",
        )
        places = [(t(f"region/{name}"), name) for name in PLACES]
        place = gr.Radio(
            places, value=PLACES[1], label=t("lesson/place"), min_width=280, elem_classes=_only_in("heatmap")
        )
    return kind, level, place


def _untrained(tab: LessonTab, inputs: list[Any]) -> gr.HTML:
    with gr.Column(elem_classes=_only_in("heatmap")):
        gr.Markdown(t("lesson/weights-ask"))
        button = gr.Button(t("lesson/weights-button"), size="sm", elem_id="lesson-weights")
        result = gr.HTML(elem_id="lesson-untrained")
    button.click(shown(tab.untrained), inputs, result, show_progress="minimal", **PRIVATE)
    return result


def _back_and_next(step: gr.Radio) -> None:
    with gr.Row(elem_id="lesson-move"):
        back = gr.Button(t("lesson/back"), min_width=120, elem_id="lesson-back")
        onwards = gr.Button(t("lesson/next"), variant="primary", min_width=120, elem_id="lesson-next")
        for button, by in ((back, -1), (onwards, 1)):
            move = MOVE.format(steps=list(STEPS), by=by)
            button.click(None, step, step, js=move, api_visibility="private")
