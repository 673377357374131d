"""The page: title, tabs, endpoints, footer."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import gradio as gr

from qualiclip.version import __version__
from qualiclip.weights.registry import REGISTRY
from ui.files.downloads import DownloadFolder
from ui.files.tidy import temporary_folder
from ui.files.uploads import forbid_fetching
from ui.frame.context import FIRST_TAB, PageContext
from ui.frame.examples import list_examples
from ui.frame.panel import SubjectPanel
from ui.frame.share import build_share, restore_on_load
from ui.server.api import Api, build_api
from ui.studio.studio import Studio
from ui.tabs.batch.layout import build_batch_tab
from ui.tabs.compare.layout import build_compare_tab
from ui.tabs.duel.layout import build_duel_tab
from ui.tabs.inspect.layout import build_inspect_tab
from ui.tabs.lesson.layout import build_lesson_tab
from ui.tabs.sweep.layout import build_sweep_tab

from .texts import ENGLISH, TABLES, t

TABS: Mapping[str, Callable[[PageContext], None]] = MappingProxyType(
    {
        "inspect": build_inspect_tab,
        "sweep": build_sweep_tab,
        "compare": build_compare_tab,
        "batch": build_batch_tab,
        "duel": build_duel_tab,
        "lesson": build_lesson_tab,
    }
)
PRESENT = "() => { document.body.classList.toggle('presenter') }"


def build_page(studio: Studio) -> gr.Blocks:
    """The studio's page."""
    page = gr.Blocks(title=TABLES[ENGLISH]["title"], analytics_enabled=False, fill_width=True)
    with page:
        with gr.Row(elem_id="head"):
            gr.Markdown(t("head"), elem_id="title")
            bar = gr.Row(elem_id="bar")
        below = gr.Column()
        with gr.Row(elem_id="studio"):
            with gr.Column(scale=4, min_width=300, elem_id="panel"):
                panel = SubjectPanel(studio, list_examples())
            active = gr.Textbox(visible=False)
            with gr.Column(scale=9, min_width=320), gr.Tabs(selected=FIRST_TAB, elem_id="tabs") as tabs:
                context = PageContext(page, studio, DownloadFolder(temporary_folder()), panel, tabs, active)
                for name, build in TABS.items():
                    _build_tab(context, name, build)
        with below:
            build_share(context, bar)
        with bar:
            present = gr.Button(t("present"), size="sm", min_width=120, elem_id="present")
            present.click(None, js=PRESENT, api_visibility="private")
        _build_footer(studio)
        restore_on_load(context)
        build_api(Api(studio))
    forbid_fetching(page)
    return page


def _build_tab(context: PageContext, name: str, build: Callable[[PageContext], None]) -> None:
    with gr.Tab(t(f"tab/{name}"), id=name, elem_id=f"tab-{name}") as item:
        build(context)
    item.select(None, None, context.active, js=f"() => '{name}'", api_visibility="private")
    context.tab_items[name] = item


def _licence(model: str) -> str:
    return f", {REGISTRY[model].licence}" if model in REGISTRY else ""


def _build_footer(studio: Studio) -> None:
    with gr.Accordion(t("how-to-read/title"), open=False):
        gr.Markdown(t("how-to-read"))
    gr.Markdown(t("limits"), elem_id="limits")
    gr.Markdown(t("privacy"))
    models = ", ".join(
        f"`{name}` (`{scorer.checkpoint.sha256[:12]}`, 0–1{_licence(name)})" for name, scorer in studio.scorers.items()
    )
    gr.Markdown(
        f"{models}, QualiCLIP Studio {__version__}. [QualiCLIP, arXiv 2403.11176](https://arxiv.org/abs/2403.11176)",
        elem_id="footer",
    )
