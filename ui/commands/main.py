"""The `qualiclip` command. Results go to standard output, everything else to standard error."""

import sys
import warnings
from typing import Annotated

import typer

from qualiclip.terminal import put, run
from qualiclip.version import __version__

from .arithmetic import arithmetic
from .compare import compare
from .degrade import degrade
from .explain import explain
from .models import models
from .resolution import resolution
from .score import score
from .sweep import sweep

app = typer.Typer(
    help="Score the quality of photos without a reference, degrade them, and see where they look degraded.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

for command in (score, degrade, explain, models, compare, sweep, resolution, arithmetic):
    app.command()(command)


def _version(asked: bool) -> None:
    if asked:
        put(f"qualiclip {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    # Pillow warns on the way to our own, stricter pixel limit; the limit's error says it better.
    warnings.filterwarnings("ignore", category=UserWarning, module="PIL")


def main() -> None:
    """Entry point of the `qualiclip` command."""
    sys.exit(run(app, "qualiclip"))
