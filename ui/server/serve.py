"""How the page is served: theme, queue, limits, and the address."""

import gradio as gr
from markupsafe import Markup
from starlette.middleware import Middleware

from qualiclip.assets import asset
from qualiclip.errors import UsageError, digits
from ui.files.limits import KEEP_MINUTES, MOST_FILE_BYTES, QUEUE_SIZE, SESSIONS, RequestLimits
from ui.files.outputs import quick_pngs
from ui.files.tidy import temporary_folder, tidying
from ui.markup.templates import render
from ui.texts import translations

from .mcp_tools import use_uploads_only
from .shield import Shield


def scripts() -> str:
    """What the page's head runs: the files of `assets/scripts`."""
    files = sorted(asset("scripts").glob("*.js"))
    return render("page/scripts", codes=[Markup(file.read_text("utf-8")) for file in files])


def check_keep_minutes(minutes: float) -> None:
    """Check that temporary files go as soon as the page promises.

    Raises:
        UsageError: if they would be kept for longer, or not at all.
    """
    if not 0 < minutes <= KEEP_MINUTES:
        raise UsageError(f"--keep-minutes {digits(minutes)}: expected above 0, at most {KEEP_MINUTES:g}")


def launch_page(page: gr.Blocks, *, host: str, port: int, keep_minutes: float = KEEP_MINUTES, mcp: bool = False) -> str:
    """Serve the page from threads of its own, with `mcp` its endpoints as tools, too; returns its address.

    A temporary file is deleted `keep_minutes` after it was made, or at the next look: there are five in that time.

    Raises:
        OSError: if the port is taken.
    """
    folder, seconds = temporary_folder(), 60 * keep_minutes
    if mcp:
        use_uploads_only()
    quick_pngs(page)
    # api_open: a direct request would pass by the queue, and with it by "one at a time".
    _, address, _ = page.queue(max_size=QUEUE_SIZE, api_open=False).launch(
        server_name=host,
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        show_error=False,
        run_history=False,
        mcp_server=mcp,
        max_file_size=MOST_FILE_BYTES,
        state_session_capacity=SESSIONS,
        ssr_mode=False,
        i18n=translations(),
        theme=gr.themes.Default(
            primary_hue="indigo", neutral_hue="slate", font=["system-ui", "sans-serif"], font_mono=["monospace"]
        ),
        css_paths=sorted(asset("css").glob("*.css"), key=lambda file: file.stem != "studio"),
        head=scripts(),
        footer_links=["api", "settings"],
        app_kwargs={
            "middleware": [Middleware(Shield, folder=folder, limits=RequestLimits())],
            "lifespan": tidying(page, folder, every=seconds / 5, seconds=seconds),
        },
    )
    return str(address)
