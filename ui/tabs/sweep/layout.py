"""How the Sweep tab looks: its widgets, and which of them does what."""

import json
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from qualiclip.degradations import DEGRADATIONS, GROUPS
from qualiclip.drawing.files import FORMATS
from ui.frame.context import FIRST_TAB, SWEEP_QUEUE, PageContext, download_button
from ui.guard import shown, shown_steps
from ui.texts import core, t

from .tab import SIDES, SweepTab

# A cell is a button, so keys work as the mouse does.
CELLS = """element.addEventListener('click', ({target}) => {
  const cell = target.closest('button[data-level]');
  if (cell) trigger('select', {degradation: cell.dataset.degradation, level: Number(cell.dataset.level)});
});"""
# Status, wall, curves, table; the buttons that start and stop; the results.
NOTHING_SWEPT = """() => ['', '', '', '', ...[{interactive: true}, {interactive: false}, {visible: false}].map(
  change => ({__type__: 'update', ...change}))]"""
TO_INSPECT = "() => document.querySelector('#tabs button[role=tab][data-tab-id=inspect]')?.focus()"


def build_sweep_tab(context: PageContext) -> None:
    """Lay out the widgets and connect them. Must be called inside the tab."""
    tab = SweepTab(context.studio, context.downloads)
    side, start, stop = _bar()
    groups = _groups()
    context.link_widgets["side"] = side
    plan, status = gr.HTML(elem_id="sweep-plan"), gr.HTML(elem_id="sweep-status")
    wall = gr.HTML(elem_id="sweep-wall", js_on_load=CELLS)
    done = gr.State()
    with gr.Column(visible=False, elem_id="sweep-results") as results:
        curves, table = gr.HTML(elem_id="sweep-curves"), gr.HTML(elem_id="sweep-order")
        _downloads(tab, done)
    asked = [*context.panel.widgets, *groups, side]
    outputs = [status, wall, curves, table, done, start, stop, results]
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    started = start.click(
        shown_steps(tab.run),
        asked,
        outputs,
        api_visibility="private",
        show_progress="minimal",
        show_progress_on=status,
        **SWEEP_QUEUE,
    )
    idle = {"fn": lambda: (gr.update(interactive=True), gr.update(interactive=False)), "outputs": [start, stop]}
    started.failure(**idle, **quiet)
    stop.click(shown(tab.stopped), done, [status, start, stop], cancels=[started], **quiet)
    _empty_for_another(context, [side.change], started, [status, wall, curves, table, start, stop, results])
    context.live(
        "sweep",
        tab.plan,
        inputs=[*groups, side],
        outputs=[plan],
        events=[*(group.change for group in groups), side.change],
        queue=False,
    )
    _open_in_inspect(context, tab, wall)


def _empty_for_another(context: PageContext, changes: list[Any], started: Dependency, outputs: list[Component]) -> None:
    """Of another photo, model, seed or size nothing is swept yet, and what was being swept ends.

    In the browser, at once: an answer of the server could come after the next sweep has begun.
    """
    panel = context.panel
    gr.on(
        [panel.photo.change, panel.model.change, panel.seed.change, *changes],
        None,
        None,
        outputs,
        js=NOTHING_SWEPT,
        cancels=[started],
        api_visibility="private",
        show_progress="hidden",
    )


def _bar() -> tuple[gr.Radio, gr.Button, gr.Button]:
    """The side in px, and what starts and stops a sweep."""
    with gr.Row(equal_height=False, elem_id="sweep-bar"):
        side = gr.Radio(
            [(t("sweep/full") if name == "full" else f"{name} px", name) for name in SIDES],
            value="384",
            label=t("sweep/side"),
            info=t("sweep/side-info"),
            elem_id="sweep-side",
        )
        start = gr.Button(t("sweep/start"), variant="primary", elem_id="sweep-start", min_width=110)
        stop = gr.Button(t("sweep/stop"), interactive=False, elem_id="sweep-stop", min_width=110)
    return side, start, stop


def _groups() -> list[gr.CheckboxGroup]:
    with gr.Accordion(t("sweep/which"), open=False, elem_id="sweep-types"):
        with gr.Row():
            every = gr.Button(t("sweep/all"), size="sm", min_width=80, elem_id="sweep-all")
            none = gr.Button(t("sweep/none"), size="sm", min_width=80, elem_id="sweep-none")
        groups = [
            gr.CheckboxGroup(
                [(core(DEGRADATIONS[name].label), name) for name in names],
                value=list(names),
                label=t(f"sweep/group-{group}"),
            )
            for group, names in GROUPS.items()
        ]
    for button, values in ((every, [list(names) for names in GROUPS.values()]), (none, [[] for _ in GROUPS])):
        button.click(None, None, groups, js=f"() => {json.dumps(values)}", api_visibility="private")
    return groups


def _downloads(tab: SweepTab, done: gr.State) -> None:
    with gr.Row():
        download_button(t("download/csv"), "sweep-csv", tab.save_csv, [done])
        suffix = gr.Dropdown(
            [(name.upper(), name) for name in FORMATS], value="png", label=t("sweep/format"), min_width=110
        )
        download_button(t("sweep/sheet"), "sweep-sheet", tab.save_sheet, [done, suffix])
        download_button(t("sweep/get-curves"), "sweep-curves-file", tab.save_curves, [done, suffix])


def _open_in_inspect(context: PageContext, tab: SweepTab, wall: gr.HTML) -> None:
    panel = context.panel
    slots = [widget for slot in panel.slots for widget in slot]
    opened = wall.select(
        shown(tab.open), None, [*slots, panel.region], show_progress="hidden", api_visibility="private", queue=False
    )
    # After the slots, for a change of `active` computes what is shown.
    there = opened.success(
        lambda: (gr.Tabs(selected=FIRST_TAB), FIRST_TAB),
        None,
        [context.tabs, context.active],
        show_progress="hidden",
        api_visibility="private",
        queue=False,
    )
    there.success(None, js=TO_INSPECT, api_visibility="private")
