"""`python -m train`: fit a model on a folder of photos, ablate a recipe, evaluate a model, let two compete."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from qualiclip.errors import look_up
from qualiclip.terminal import run

from .ablate_command import ablate
from .gmad_command import gmad

app = typer.Typer(
    help="Train a quality model without human scores, and evaluate models.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(gmad)
app.command()(ablate)


Changes = Annotated[list[str] | None, typer.Option("--set", help="FIELD=VALUE, may be repeated.")]
Photos = Annotated[Path, typer.Option("--photos", help="Folder of pristine photos.", show_default=False)]
Out = Annotated[Path, typer.Option("--out", help="Folder for the results.", show_default=False)]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]


@app.command()
def fit(
    recipe: Annotated[str, typer.Argument(help="compact, paper or smoke.", show_default=False)],
    photos: Photos,
    out: Out,
    changes: Changes = None,
    device: Device = "auto",
    start_from: Annotated[str | None, typer.Option("--start-from", help="Model to go on from.")] = None,
) -> None:
    """Run a recipe on a folder of photos; a stopped run goes on when started again."""
    from . import trainer
    from .devices import choose_device
    from .overrides import override
    from .recipes import RECIPES

    settings = override(look_up(RECIPES, recipe, kind="recipe"), changes or [])
    if start_from is not None:
        settings = dataclasses.replace(settings, start_from=start_from)
    finished = trainer.fit(settings, photos, out, device=choose_device(device))
    typer.echo(finished)


@app.command()
def evaluate(
    data: Annotated[Path, typer.Option("--data", help="Folder of pictures.", show_default=False)],
    model: Annotated[str, typer.Option("--model", help="Name or path of a model.")] = "auto",
    opinions: Annotated[Path | None, typer.Option("--csv", help="CSV file [default: DATA/mos.csv].")] = None,
    file_column: Annotated[str, typer.Option("--file-column", help="Column of file names.")] = "file",
    opinion_column: Annotated[str, typer.Option("--opinion-column", help="Column of opinions.")] = "mos",
) -> None:
    """Print how well a model agrees with human opinions (higher is better in both)."""
    from qualiclip.scoring import load

    from .evaluate import evaluate as evaluate_folder
    from .evaluate import read_opinions

    rows = read_opinions(opinions or data / "mos.csv", file_column=file_column, opinion_column=opinion_column)
    result = evaluate_folder(load(model), data, rows)
    typer.echo(json.dumps({**dataclasses.asdict(result), "model": model}, indent=2))
    if result.failures:
        raise typer.Exit(1)


if __name__ == "__main__":  # data workers import this file again under another name
    sys.exit(run(app, "python -m train"))
