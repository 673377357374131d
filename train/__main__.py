"""`python -m train`: fit a model on a folder of photos, ablate a recipe, evaluate a model, let two compete."""

import sys

import typer

from qualiclip.terminal import run
from ui.commands.ablate import ablate
from ui.commands.evaluate import evaluate
from ui.commands.fit import attributes, average, curve, fit, show
from ui.commands.gmad import gmad

app = typer.Typer(
    help="Train a quality model without human scores, and evaluate models.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


for command in (show, fit, average, curve, attributes, ablate, evaluate, gmad):
    app.command()(command)


if __name__ == "__main__":  # data workers import this file again under another name
    sys.exit(run(app, "python -m train"))
