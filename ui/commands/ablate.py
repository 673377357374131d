"""The command `python -m train ablate`: what is each part of a recipe worth?"""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qualiclip.errors import UsageError, look_up
from qualiclip.outputs import check_outputs
from qualiclip.terminal import put, require_output, say

from .options import check_models, check_photos

if TYPE_CHECKING:
    from train.ablate.runs import Opinions
    from train.ablate.variants import PlannedRun
    from train.recipes.settings import Recipe

RESULTS = ("ablation.csv", "ablation.json", "ablation.md", "ablation.png")
OF_A_RUN = ("model.safetensors", "state.pt", "log.jsonl", "measures.json")


def _refuse_many_processes() -> None:
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:  # as torchrun and accelerate launch set it
        raise UsageError("an ablation runs in one process; start it without accelerate launch or torchrun")


def _check_cheaply(photos: Path, out: Path) -> None:
    """Refuse what needs nothing to be loaded."""
    require_output()
    _refuse_many_processes()
    check_photos(photos)
    check_outputs([out / name for name in RESULTS], folder=out)


def _varied(recipe: "Recipe", names: str) -> "dict[str, Recipe]":
    """The chosen variants; those that are the recipe itself are said and left out."""
    from train.ablate.variants import VARIANTS, choose_variants

    wanted = [name.strip() for name in names.split(",") if name.strip()]
    variants = choose_variants(recipe, wanted)
    if equal := [name for name in VARIANTS if name in (wanted or VARIANTS) and name not in variants]:
        say(f"left out, for the recipe is so already: {', '.join(equal)}")
    return variants


def _require_first_models(variants: "dict[str, Recipe]") -> None:
    """Be sure that each variant finds a model to start with."""
    from train.fit.models import first_model

    for varied in {varied.pairs: varied for varied in variants.values()}.values():
        first_model(varied)


def _check_places(runs: "list[PlannedRun]", out: Path, photos: Path, opinions: "Opinions") -> None:
    """Refuse folders that can't be written to, and results over what is read."""
    from train.samples.crops import list_photos

    rated = [folder / name for folder, rows in opinions.items() for name in ("mos.csv", *(name for name, _ in rows))]
    inputs = [*list_photos(photos), *rated]
    outputs = [out / name for name in RESULTS]
    check_outputs(outputs, inputs, folder=out)
    for run in runs:
        own = [run.folder / name for name in OF_A_RUN]
        check_outputs(own, inputs, folder=run.folder)
        if run.recipe.start_from:
            check_models([run.recipe.start_from], outputs=[*outputs, *own])


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

    _check_cheaply(photos, out)
    from train.fit.devices import choose_device
    from train.recipes.overrides import override
    from train.recipes.table import RECIPES

    settings = override(look_up(RECIPES, recipe, kind="recipe"), changes or [])
    chosen_device = choose_device(device)
    chosen = _varied(settings, variants)
    from train.ablate.report import write_report
    from train.ablate.runs import Examination, held_out_images, read_folders, run_all
    from train.ablate.variants import plan_runs

    runs = plan_runs(chosen, seeds, out)
    opinions = read_folders(data or [])
    _check_places(runs, out, photos, opinions)
    images = held_out_images(photos, settings, count=pictures)
    _require_first_models(chosen)
    results = run_all(runs, photos, Examination(images, opinions), device=chosen_device)
    facts = {
        "recipe": recipe,
        "changes": changes or [],
        "settings": asdict(settings),
        "photos": str(photos),
        "pictures": len(images),
        "data": [str(folder) for folder in data or []],
        "version": __version__,
    }
    put(write_report(out, results, facts), end="")
    say(f"wrote {len(results)} runs, ablation.csv, ablation.json, ablation.md and ablation.png to {out}")
