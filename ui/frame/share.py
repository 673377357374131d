"""The share button, and the view that a link asks for when the page is opened."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from explain.maps.defaults import MODEL_METHOD
from qualiclip.errors import unknown_name
from ui.guard import shown
from ui.studio.subject import PANEL_SIZE, PanelValues
from ui.texts import say, t

from .context import FIRST_TAB, PageContext
from .examples import example_of
from .links import read_link, write_link

SHOW_LINK = """(query) => {
  const link = query ? location.origin + location.pathname + query : '';
  if (link) history.replaceState(null, '', link);
  return link;
}"""


def build_share(context: PageContext, bar: gr.Row) -> None:
    """A button in the bar, and below it the link to the present view that it makes.

    Must be called where the link is to stand, when all tabs are there.
    """
    with bar:
        button = gr.Button(t("share/button"), size="sm", min_width=120, elem_id="share")
    query = gr.Textbox(visible=False)
    link = gr.Textbox(
        label=t("share/link"), info=t("share/info"), buttons=["copy"], visible=False, elem_id="link", max_lines=1
    )
    others = list(context.link_widgets.values())

    def make(active: str, *values: Any) -> tuple[Any, Any]:
        panel = PanelValues.of(values[:PANEL_SIZE])
        names = zip(context.link_widgets, values[PANEL_SIZE:], strict=True)
        written = write_link(active, panel, {name: str(value) for name, value in names}, context.panel.examples)
        if panel.photo is not None and example_of(panel.photo, context.panel.examples) is None:
            gr.Info(say("share/upload"))
        return written, gr.update(visible=True)

    made = button.click(
        shown(make), [context.active, *context.panel.widgets, *others], [query, link], api_visibility="private"
    )
    made.success(None, query, link, js=SHOW_LINK, api_visibility="private")


def restore_on_load(context: PageContext) -> None:
    """Open the page as its address asks. `active` comes last: its change computes what is shown."""
    others = context.link_widgets

    def restore(request: gr.Request) -> list[Any]:
        query = {name: str(value) for name, value in dict(request.query_params).items()}
        link, complaints = read_link(
            query,
            context.panel.first,
            tabs=context.tab_items,
            models=context.studio.scorers,
            examples=context.panel.examples,
        )
        tab = link.tab or FIRST_TAB
        if not query:
            return [gr.skip()] * (len(outputs) - 1) + [tab]
        named, unknown = _choices(_with_method(link.others), others)
        for complaint in (*complaints, *unknown):
            gr.Warning(complaint)
        photo = query.get("img", "") if link.values.photo in photos.values() else ""
        return [gr.Tabs(selected=tab), photo, *_other_values(link.values), *named, tab]

    # The photo is asked for by name: an update would make the visitor a new component, without what ours refuses, and
    # a value on every visit would count as another photo.
    photos = {example.path.stem: str(example.path) for example in context.panel.examples}
    wanted = gr.Textbox(visible=False)
    outputs = [context.tabs, wanted, *context.panel.widgets[1:], *others.values(), context.active]
    wanted.change(
        lambda name: photos.get(name, context.panel.first.photo),
        wanted,
        context.panel.photo,
        show_progress="hidden",
        api_visibility="private",
    )
    context.page.load(shown(restore), None, outputs, show_progress="hidden", api_visibility="private")


def _with_method(asked: Mapping[str, str]) -> Mapping[str, str]:
    """What a link asks for; one that names a target alone means a heatmap that knows it."""
    return {**asked, "method": MODEL_METHOD} if "target" in asked and "method" not in asked else asked


def _choices(asked: Mapping[str, str], widgets: Mapping[str, Any]) -> tuple[list[Any], list[str]]:
    """Values of the tabs' widgets, and a line for each that is not among its choices; other names are let be."""
    values: list[Any] = []
    complaints = []
    for name, widget in widgets.items():
        known = [str(value) for _, value in widget.choices]
        values.append(asked[name] if asked.get(name) in known else gr.skip())
        if name in asked and asked[name] not in known:
            complaints.append(f"link, {name}: {unknown_name('choice', asked[name], known)}")
    return values, complaints


def _other_values(values: PanelValues) -> list[Any]:
    """Values of the panel's widgets but the photo."""
    slots = [part for slot in values.slots for part in slot]
    return [values.model, *slots, values.seed, values.region, *values.sides]
