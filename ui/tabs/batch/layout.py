"""How the Batch tab looks: its widgets, and which of them does what."""

from typing import Any

import gradio as gr

from ui.files.uploads import files_input
from ui.frame.context import PageContext, download_button
from ui.guard import INTERNAL, shown, shown_steps
from ui.markup.parts import render_message
from ui.texts import say, t

from .tab import BatchTab, ask_to_stop, begin

# Not the model's queue: a batch takes minutes, and others only want to see a slider move.
BATCH_QUEUE: dict[str, Any] = {"concurrency_id": "batch", "concurrency_limit": 1, "api_visibility": "private"}
KEEP_SECONDS = 1800  # of the rows, for stopping and for the CSV file


def build_batch_tab(context: PageContext) -> None:
    """Lay out the widgets and connect them. Must be called inside the tab."""
    tab = BatchTab(context.studio, context.downloads)
    gr.Markdown(t("batch/intro"), elem_classes="clutter")
    files = files_input(label=t("batch/files"), height=170, elem_id="batch-files")
    with gr.Row(elem_id="batch-controls"):
        model = gr.Dropdown(
            list(context.studio.scorers),
            value=context.studio.default,
            label=t("panel/model"),
            visible=len(context.studio.scorers) > 1,
            elem_id="batch-model",
        )
        start = gr.Button(t("batch/start"), variant="primary", elem_id="batch-start")
        examples = gr.Button(t("batch/examples"), elem_id="batch-examples")
        stop = gr.Button(t("batch/stop"), elem_id="batch-stop")
    status = gr.HTML(render_message(say("batch/empty"), error=False), elem_id="batch-status")
    csv_place = gr.Row()
    results = gr.HTML(elem_id="batch-results")
    rows = gr.State(None, time_to_live=KEEP_SECONDS)
    flag = gr.State(None, time_to_live=KEEP_SECONDS)  # of the run that was begun last
    outputs = [status, results, rows]
    for button, function, inputs in ((start, tab.run, [model, files]), (examples, tab.examples, [model])):
        begun = button.click(shown(begin), None, [*outputs, flag], queue=False, api_visibility="private")
        run = begun.then(shown_steps(function), [flag, *inputs], outputs, show_progress="hidden", **BATCH_QUEUE)
        run.failure(shown(broken), None, status, queue=False, api_visibility="private")
    # No outputs: an event with outputs of a run makes the page ignore what the run still sends.
    stop.click(shown(ask_to_stop), flag, None, queue=False, api_visibility="private")
    with csv_place:
        download_button(t("download/csv"), "batch-csv", tab.save_csv, [rows])


def broken() -> str:
    """What is shown when the fault is ours."""
    return render_message(INTERNAL, error=True)
