"""The page: title, tabs, endpoints, footer; and how it is served."""

import atexit
import shutil
import tempfile
from pathlib import Path

import gradio as gr

from qualiclip import __version__

from .api import Api, build_api
from .downloads import DownloadFolder
from .examples import list_examples
from .inspect_layout import build_inspect_tab
from .inspect_tab import InspectTab
from .studio import Studio
from .texts import HOW_TO_READ, LIMITS, PRIVACY, PROMISE, TITLE
from .uploads import forbid_fetching

CSS = Path(__file__).resolve().parent.parent / "assets" / "studio.css"
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


def temporary_folder() -> Path:
    """A new folder that is deleted when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="qualiclip-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def build_page(studio: Studio) -> gr.Blocks:
    """The studio's page for one scorer."""
    checkpoint = studio.scorer.checkpoint
    page = gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(CACHE_SECONDS, CACHE_SECONDS), fill_width=True)
    with page:
        gr.Markdown(f"# {TITLE}\n{PROMISE}", elem_id="title")
        with gr.Tab("Inspect"):
            build_inspect_tab(page, InspectTab(studio, DownloadFolder(temporary_folder())), list_examples())
        with gr.Accordion("How to read this", open=False):
            gr.Markdown(HOW_TO_READ)
        gr.Markdown(
            f"{LIMITS}\n\n{PRIVACY}\n\n"
            f"Model `{checkpoint.name}`, weights `{checkpoint.sha256[:12]}`, version {__version__}. "
            "Method: [QualiCLIP, arXiv 2403.11176](https://arxiv.org/abs/2403.11176).",
            elem_id="footer",
        )
        build_api(Api(studio))
    forbid_fetching(page)
    return page


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
        theme=gr.themes.Default(
            primary_hue="indigo", neutral_hue="slate", font=["system-ui", "sans-serif"], font_mono=["monospace"]
        ),
        css_paths=[CSS],
        head=SLIDER_KEYS,
        footer_links=["api", "settings"],
    )
    return str(address)
