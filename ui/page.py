"""The page: title, tabs, endpoints, footer; and how it is served."""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import gradio as gr

from qualiclip import __version__

from .api import Api, build_api
from .batch_layout import build_batch_tab
from .context import FIRST_TAB, PageContext
from .downloads import DownloadFolder
from .examples import list_examples
from .inspect_layout import build_inspect_tab
from .share import build_share, restore_on_load
from .studio import Studio
from .subject_panel import SubjectPanel
from .texts import ENGLISH, TABLES, t, translations
from .uploads import forbid_fetching

CSS = Path(__file__).resolve().parent.parent / "assets" / "studio.css"
SCRIPTS = CSS.parent / "scripts"
CACHE_SECONDS = 3600  # temporary files older than this are deleted, looked for as often
# Gradio's sliders report the end of a drag only; a key press or a typed number has to count as one, too.
SLIDER_KEYS = """
<script>
for (const [event, input] of [["keyup", ".level input[type=range]"], ["change", ".level input[type=number]"]])
  document.addEventListener(event, ({target}) => {
    if (target.matches?.(input)) target.dispatchEvent(new PointerEvent("pointerup", {bubbles: true}));
  });
</script>
"""


def scripts() -> str:
    """What the page's head runs: a file of `assets/scripts` per tab that needs one."""
    return SLIDER_KEYS + "".join(f"<script>{file.read_text('utf-8')}</script>" for file in sorted(SCRIPTS.glob("*.js")))


def temporary_folder() -> Path:
    """A new folder that is deleted when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="qualiclip-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


TABS: Mapping[str, Callable[[PageContext], None]] = MappingProxyType(
    {
        "inspect": build_inspect_tab,
        "batch": build_batch_tab,
    }
)
PRESENT = "() => { document.body.classList.toggle('presenter') }"


def build_page(studio: Studio) -> gr.Blocks:
    """The studio's page."""
    page = gr.Blocks(
        title=TABLES[ENGLISH]["title"],
        analytics_enabled=False,
        delete_cache=(CACHE_SECONDS, CACHE_SECONDS),
        fill_width=True,
    )
    with page:
        with gr.Row(elem_id="head"):
            gr.Markdown(t("head"), elem_id="title")
            bar = gr.Row(elem_id="bar")
        with gr.Row(elem_id="studio"):
            with gr.Column(scale=4, min_width=300, elem_id="panel"):
                panel = SubjectPanel(studio, list_examples())
            active = gr.Textbox(visible=False)
            with gr.Column(scale=9, min_width=320), gr.Tabs(selected=FIRST_TAB, elem_id="tabs") as tabs:
                context = PageContext(page, studio, DownloadFolder(temporary_folder()), panel, tabs, active)
                for name, build in TABS.items():
                    _build_tab(context, name, build)
        with bar:
            build_share(context)
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


def _build_footer(studio: Studio) -> None:
    with gr.Accordion(t("how-to-read/title"), open=False):
        gr.Markdown(t("how-to-read"))
    gr.Markdown(t("limits"), elem_id="limits")
    gr.Markdown(t("privacy"))
    models = ", ".join(f"`{name}` (`{scorer.checkpoint.sha256[:12]}`, 0–1)" for name, scorer in studio.scorers.items())
    gr.Markdown(
        f"{models}, QualiCLIP Studio {__version__}. [QualiCLIP, arXiv 2403.11176](https://arxiv.org/abs/2403.11176)",
        elem_id="footer",
    )


def launch_page(page: gr.Blocks, *, host: str, port: int) -> str:
    """Serve the page from threads of its own; returns its address.

    Raises:
        OSError: if the port is taken.
    """
    _, address, _ = page.queue(max_size=20).launch(
        server_name=host,
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        show_error=False,
        max_file_size="40mb",
        ssr_mode=False,
        i18n=translations(),
        theme=gr.themes.Default(
            primary_hue="indigo", neutral_hue="slate", font=["system-ui", "sans-serif"], font_mono=["monospace"]
        ),
        css_paths=[CSS],
        head=scripts(),
        footer_links=["api", "settings"],
    )
    return str(address)
