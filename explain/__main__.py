"""`python -m explain`: are the heatmaps right?"""

import sys

import typer

from qualiclip.terminal import run
from ui.commands.benchmark import benchmark

app = typer.Typer(
    help="Checks of the heatmaps.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _name() -> None:
    """Checks of the heatmaps."""


app.command()(benchmark)


if __name__ == "__main__":
    sys.exit(run(app, "python -m explain"))
