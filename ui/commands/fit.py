"""`python -m train fit` and what goes with it: show, average, curve, attributes."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from qualiclip.errors import TrainingError, look_up, one_line
from qualiclip.outputs import check_distinct, check_outputs
from qualiclip.terminal import put, require_output

from .options import check_models, check_photos

Changes = Annotated[list[str] | None, typer.Option("--set", help="FIELD=VALUE, may be repeated.")]

Photos = Annotated[Path, typer.Option("--photos", help="Folder of pristine photos.", show_default=False)]

Out = Annotated[Path, typer.Option("--out", help="Folder for the results.", show_default=False)]

Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]


def show(
    recipe: Annotated[str, typer.Argument(help="paper, compact, degradation-map or smoke.", show_default=False)],
) -> None:
    """Print every setting of a recipe; of the paper's, also what is doubtful."""
    require_output()
    from train.recipes.named import NAMED
    from train.recipes.overrides import flattened
    from train.recipes.table import PAPER_DOUBTS

    doubts = PAPER_DOUBTS if recipe == "paper" else {}
    for name, value in flattened(look_up(NAMED, recipe, kind="recipe")).items():
        text = value if isinstance(value, str) else json.dumps(value)
        put(f"{name}={text}" + (f"  # {doubts[name]}" if name in doubts else ""))


def fit(
    recipe: Annotated[str, typer.Argument(help="paper, compact, degradation-map or smoke.", show_default=False)],
    photos: Photos,
    out: Out,
    changes: Changes = None,
    device: Device = "auto",
    start_from: Annotated[str | None, typer.Option("--start-from", help="Model to go on from.")] = None,
) -> None:
    """Run a recipe on a folder of photos; a stopped run goes on when started again."""
    require_output()
    outputs = [out / name for name in ("model.safetensors", "state.pt", "log.jsonl")]
    check_photos(photos)
    check_outputs(outputs, folder=out)
    from train.fit.devices import choose_device
    from train.recipes.maps import MapRecipe
    from train.recipes.named import NAMED
    from train.recipes.overrides import override

    chosen = choose_device(device)
    settings = override(look_up(NAMED, recipe, kind="recipe"), changes or [])
    if start_from:
        settings = dataclasses.replace(settings, start_from=start_from)
    if isinstance(settings, MapRecipe):
        if settings.start_from:
            check_distinct(outputs, [Path(settings.start_from)])
        from train.fit.map_trainer import fit_map

        put(one_line(fit_map(settings, photos, out, device=chosen)))
        return
    if settings.start_from:
        check_models([settings.start_from], outputs=outputs)
    from train.fit import trainer

    put(one_line(trainer.fit(settings, photos, out, device=chosen)))


def average(
    models: Annotated[list[str], typer.Argument(help="Names or paths of two models or more.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="File for the average.", show_default=False)],
    full: Annotated[bool, typer.Option("--full", help="Store single precision instead of half.")] = False,
) -> None:
    """Average the weights of runs that went on from one model."""
    require_output()
    check_outputs([out], folder=out.parent)
    if len(models) < 2:
        raise TrainingError(f"an average needs at least two models, got {len(models)}")
    check_models(models, outputs=[out])
    from train.fit.averaging import average as average_models

    put(one_line(average_models(models, out, half_weights=not full)))


def curve(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="JSON file for the curve.", show_default=False)],
    most: Annotated[int, typer.Option("--rows", help="Largest number of rows.", min=2)] = 100,
) -> None:
    """Write the log of a finished run, thinned, with what is known about the run."""
    require_output()
    check_outputs([out], [run / "log.jsonl", run / "model.safetensors"])
    from train.fit.curve import read_curve, write_curve

    write_curve(read_curve(run, most=most), out)
    put(one_line(out))


def attributes(
    model: Annotated[str, typer.Argument(help="Name or path of a model.", show_default=False)],
    photos: Photos,
    out: Annotated[Path, typer.Option("--out", help="File for the result.", show_default=False)],
    recipe: Annotated[str, typer.Option("--recipe", help="Recipe whose crops are used.")] = "compact",
    count: Annotated[int, typer.Option("--count", help="How many photos to use.", min=8)] = 600,
    changes: Changes = None,
) -> None:
    """Fit the prompts about sharpness, resolution and noise to a finished encoder."""
    require_output()
    check_photos(photos)
    check_outputs([out], folder=out.parent)
    check_models([model], outputs=[out])
    from train.recipes.overrides import override
    from train.recipes.table import RECIPES

    settings = override(look_up(RECIPES, recipe, kind="recipe"), changes or [])
    from train.fit.attribute_prompts import fit_attributes
    from train.samples.crops import list_photos

    check_distinct([out], list_photos(photos))
    put(one_line(fit_attributes(model, settings, photos, out, count=count)))
