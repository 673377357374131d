"""The command `python -m train ablate`: what is each part of a recipe worth?"""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qualiclip.errors import UsageError, look_up
from qualiclip.terminal import say

if TYPE_CHECKING:
    from train.recipes.settings import Recipe


def _refuse_many_processes() -> None:
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:  # as torchrun and accelerate launch set it
        raise UsageError("an ablation runs in one process; start it without accelerate launch or torchrun")


def _varied(recipe: "Recipe", names: str) -> "dict[str, Recipe]":
    """The chosen variants, each sure to find a model to start with."""
    from train.ablate.variants import VARIANTS, choose_variants
    from train.fit.models import first_model

    wanted = [name.strip() for name in names.split(",") if name.strip()]
    variants = choose_variants(recipe, wanted)
    if equal := [name for name in VARIANTS if name in (wanted or VARIANTS) and name not in variants]:
        say(f"left out, for the recipe is so already: {', '.join(equal)}")
    for varied in {varied.pairs: varied for varied in variants.values()}.values():
        first_model(varied)
    return variants


def ablate(
    recipe: Annotated[str, typer.Argument(help="compact, paper or smoke.", show_default=False)],
    photos: Annotated[Path, typer.Option("--photos", help="Folder of pristine photos.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.", show_default=False)],
    seeds: Annotated[int, typer.Option("--seeds", help="Runs of each variant.")] = 3,
    variants: Annotated[str, typer.Option("--variants", help="Names with commas between; all if empty.")] = "",
    changes: Annotated[list[str] | None, typer.Option("--set", help="FIELD=VALUE, may be repeated.")] = None,
    data: Annotated[
        list[Path] | None, typer.Option("--data", help="Folder of pictures with mos.csv (file,mos), may be repeated.")
    ] = None,
    pictures: Annotated[int, typer.Option("--pictures", help="Most held-out photos to measure on.")] = 20,
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Train a recipe without each of its parts in turn, with several seeds, and measure what that changes."""
    from qualiclip.version import __version__
    from train.ablate.report import write_report
    from train.ablate.runs import Examination, held_out_images, read_folders, run_all
    from train.ablate.variants import plan_runs
    from train.fit.devices import choose_device
    from train.recipes.overrides import override
    from train.recipes.table import RECIPES

    _refuse_many_processes()
    settings = override(look_up(RECIPES, recipe, kind="recipe"), changes or [])
    chosen_device = choose_device(device)
    images = held_out_images(photos, settings, count=pictures)
    examination = Examination(images, read_folders(data or []))
    runs = plan_runs(_varied(settings, variants), seeds, out)
    results = run_all(runs, photos, examination, device=chosen_device)
    facts = {
        "recipe": recipe,
        "changes": changes or [],
        "settings": asdict(settings),
        "photos": str(photos),
        "pictures": len(images),
        "data": [str(folder) for folder in data or []],
        "version": __version__,
    }
    typer.echo(write_report(out, results, facts), nl=False)
    say(f"wrote {len(results)} runs, ablation.csv, ablation.json, ablation.md and ablation.png to {out}")
