"""The page: title, tabs, endpoints, footer."""

import gradio as gr

from qualiclip import __version__

from .api import Api, build_api
from .downloads import DownloadFolder
from .examples import list_examples
from .inspect_layout import build_inspect_tab
from .inspect_tab import InspectTab
from .studio import Studio
from .texts import HOW_TO_READ, LIMITS, PRIVACY, PROMISE, TITLE
from .tidy import temporary_folder
from .uploads import forbid_fetching


def build_page(studio: Studio) -> gr.Blocks:
    """The studio's page for one scorer."""
    checkpoint = studio.scorer.checkpoint
    page = gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True)
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
