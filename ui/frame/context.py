"""What every tab is built with: the page, the studio, the panel on the left, and how to follow it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from inspect import isgeneratorfunction
from typing import Any

import gradio as gr
from gradio.components import Component

from ui.files.downloads import DownloadFolder
from ui.guard import shown, shown_steps
from ui.studio.studio import Studio

from .panel import SubjectPanel

MODEL_QUEUE: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1}
SWEEP_QUEUE: dict[str, Any] = {"concurrency_id": "sweep", "concurrency_limit": 1}  # long: nobody else waits for it
PRIVATE: dict[str, Any] = {"api_visibility": "private", **MODEL_QUEUE}
BUTTONS: list[Any] = ["download", "fullscreen"]  # of pictures; Gradio's third one would send them to Hugging Face
# Gradio's default is lossy WebP.
LOSSLESS: dict[str, Any] = {"type": "pil", "format": "png", "interactive": False, "buttons": BUTTONS}
FIRST_TAB = "inspect"
ASK = "(active) => active === '{}' ? String(performance.now()) : {{__type__: 'update'}}"
CLICK = "() => document.querySelector('#{0} a, a#{0}, button#{0}').click()"


@dataclass
class PageContext:
    """The parts of the page that tabs share. `active` is the id of the tab that is open."""

    page: gr.Blocks
    studio: Studio
    downloads: DownloadFolder
    panel: SubjectPanel
    tabs: gr.Tabs
    active: gr.Textbox
    tab_items: dict[str, gr.Tab] = field(default_factory=dict)
    link_widgets: dict[str, Component] = field(default_factory=dict)  # of tabs, that a link restores, by name
    link_changes: list[Any] = field(default_factory=list)

    def live(
        self,
        tab: str,
        function: Callable[..., Any],
        *,
        inputs: Sequence[Component] = (),
        outputs: Sequence[Component],
        events: Sequence[Any] = (),
        **settings: Any,
    ) -> None:
        """Call `function` with the panel's values and those of `inputs` when they change while the tab is open.

        It is also called when the tab is opened; `events` are those of the tab's own widgets.
        """
        # A browser asks the listeners of one event in turn, and starts all of them anew when one of them had to wait:
        # two that keep each other waiting never stop. So the tabs that are closed are passed over in the browser.
        asked = gr.Textbox(visible=False)
        gr.on(
            [*self.panel.events, *events, self.active.change],  # that one comes after the tab is shown, and on loading
            None,
            self.active,
            asked,
            js=ASK.format(tab),
            api_visibility="private",
        )
        shared: dict[str, Any] = {"trigger_mode": "always_last", "show_progress": "minimal", **PRIVATE, **settings}
        guarded = shown_steps(function) if isgeneratorfunction(function) else shown(function)
        asked.change(guarded, [*self.panel.widgets, *inputs], list(outputs), **shared)


def download_button(
    label: Any, name: str, make: Callable[..., str], inputs: Sequence[Component], **settings: Any
) -> gr.Button:
    """A button that has a file made and then downloads it: Gradio's own can't make one when it is clicked."""
    button = gr.Button(label, size="sm", elem_id=f"get-{name}", **settings)
    file = gr.DownloadButton("Download", elem_id=f"file-{name}", elem_classes="offstage")
    made = button.click(shown(make), list(inputs), file, **PRIVATE)
    made.success(None, js=CLICK.format(file.elem_id), api_visibility="private")
    return button
