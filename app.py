"""Entry point of the studio, here and on a Hugging Face Space: parse, load, launch."""

import argparse
import atexit
import gc
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ui.files.limits import KEEP_MINUTES, MEGAPIXELS
from ui.server.port import port_is_taken, port_number

if TYPE_CHECKING:
    from qualiclip.scoring.scorer import Scorer


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Open the studio in the browser.")
    parser.add_argument(
        "--models",
        default=os.environ.get("QUALICLIP_MODELS", "auto"),
        help="names or paths of models, with commas; the first is shown first",
    )
    parser.add_argument("--engine", default="auto", help="how to compute: auto, eager, fused, openvino, compile")
    parser.add_argument("--precision", default="fp32", help="numbers to compute with: fp32, or bf16 where it is fast")
    address = "0.0.0.0" if "SPACE_ID" in os.environ else "127.0.0.1"  # a Space is reached from outside of its container
    parser.add_argument("--host", default=os.environ.get("GRADIO_SERVER_NAME", address))
    parser.add_argument("--port", type=port_number, default=os.environ.get("GRADIO_SERVER_PORT", "7860"))
    parser.add_argument("--megapixels", type=float, default=MEGAPIXELS, help="largest picture that is accepted")
    parser.add_argument(
        "--keep-minutes", type=float, default=KEEP_MINUTES, help="temporary files are deleted after these"
    )
    parser.add_argument(
        "--mcp",
        action="store_true",
        default=os.environ.get("GRADIO_MCP_SERVER", "").lower() == "true",
        help="offer the endpoints as tools of the Model Context Protocol, too",
    )
    return parser.parse_args()


def set_environment(host: str) -> None:
    """What Gradio reads: whether to count visitors, where to put files, how to reach its own server."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    if "GRADIO_TEMP_DIR" not in os.environ:  # Gradio's own choice is one folder for all programs of the machine
        os.environ["GRADIO_TEMP_DIR"] = folder = tempfile.mkdtemp(prefix="qualiclip-files-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    direct = ",".join(filter(None, [os.environ.get("no_proxy"), "127.0.0.1", "localhost", host]))
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = direct


@contextmanager
def nothing_thrown_away() -> Iterator[None]:
    """For the start: what is imported stays, and to look through it again and again takes a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def load_scorers(arguments: argparse.Namespace) -> "list[Scorer]":
    """The models to serve, and beside our own its untrained twin.

    Raises:
        QualiclipError: if a model can't be had, or an option is out of range.
    """
    from qualiclip.models.untrained import TRAINED, UNTRAINED
    from qualiclip.pictures import PictureLimits
    from qualiclip.scoring.scorer import load

    limits = PictureLimits(megapixels=arguments.megapixels)
    names = [name.strip() for name in arguments.models.split(",")]
    options = {"engine": arguments.engine, "precision": arguments.precision, "limits": limits}
    scorers = [load(name, **options) for name in names]
    known = [scorer.checkpoint.name for scorer in scorers]
    if TRAINED in known and UNTRAINED not in known:
        scorers.append(load(UNTRAINED, **options))
    return scorers


def refuse_port(arguments: argparse.Namespace, reason: str) -> int:
    """Say why the studio can't listen there. Returns the exit status."""
    from qualiclip.terminal import say

    say(f"app.py: can't serve at port {arguments.port} of {arguments.host}: {reason}; try --port")
    return 1


def serve(scorers: "list[Scorer]", arguments: argparse.Namespace) -> int:
    """Build the page and serve it until stopped. Returns the exit status."""
    from qualiclip.terminal import put
    from ui.page import build_page
    from ui.server.serve import launch_page
    from ui.server.zerogpu import announce
    from ui.studio.studio import Studio

    with nothing_thrown_away():
        page = build_page(Studio(*scorers))
    announce()
    try:
        address = launch_page(
            page, host=arguments.host, port=arguments.port, keep_minutes=arguments.keep_minutes, mcp=arguments.mcp
        )
    except OSError as error:
        return refuse_port(arguments, "it is in use" if "empty port" in str(error) else str(error))
    with suppress(OSError):  # closed or full: it serves all the same
        put(f"QualiCLIP Studio is ready at {address.rstrip('/')} (Ctrl-C stops it)")
    page.block_thread()
    return 0


def main() -> int:
    """Load the models, build the page, serve it until stopped. Returns the exit status."""
    arguments = parse_arguments()
    if port_is_taken(arguments.port):
        return refuse_port(arguments, "it is in use")
    set_environment(arguments.host)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that temporary files are deleted then, too

    with nothing_thrown_away():
        from qualiclip.errors import QualiclipError, UsageError
        from qualiclip.machine import limit_arenas, set_threads
        from qualiclip.terminal import say
        from ui.server.mcp_tools import require_mcp
        from ui.server.serve import check_keep_minutes

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    limit_arenas(2)
    set_threads()
    try:
        if arguments.mcp:
            require_mcp()
        check_keep_minutes(arguments.keep_minutes)
        scorers = load_scorers(arguments)
    except QualiclipError as error:
        say(f"app.py: {error}")
        return 2 if isinstance(error, UsageError) else 1
    return serve(scorers, arguments)


if __name__ == "__main__":
    sys.exit(main())
