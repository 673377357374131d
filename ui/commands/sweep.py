"""`qualiclip sweep`: every degradation at every level."""

from typing import Annotated

import typer

from qualiclip.outputs import check_format
from qualiclip.terminal import say

from .options import (
    EngineOption,
    FolderOption,
    FormatOption,
    ModelOption,
    PrecisionOption,
    SeedOption,
    SourceArgument,
    check_one,
    load_scorer,
)


def _degradations(types: str) -> list[str]:
    """Names of degradations that were separated by commas; all if there are none."""
    from qualiclip.degradations import DEGRADATIONS
    from qualiclip.errors import look_up

    names = [name.strip() for name in types.split(",")] if types else list(DEGRADATIONS)
    for name in names:
        look_up(DEGRADATIONS, name, kind="degradation")
    return names


def sweep(
    source: SourceArgument,
    out: FolderOption,
    types: Annotated[str, typer.Option("--types", help="Degradations, separated by commas; default all.")] = "",
    model: ModelOption = "auto",
    side: Annotated[
        int | None, typer.Option("--side", help="First reduce the picture to this long side, px.", min=32)
    ] = None,
    seed: SeedOption = 0,
    suffix: FormatOption = "png",
    engine: EngineOption = "auto",
    precision: PrecisionOption = "fp32",
) -> None:
    """Score a picture at levels 0 to 5 of every degradation: scores.csv, contact_sheet.png, monotonicity.png."""
    from tqdm import tqdm

    check_format(suffix)
    outputs = [out / name for name in ("scores.csv", f"contact_sheet.{suffix}", f"monotonicity.{suffix}")]
    check_one(source, model, outputs, folder=out, engine=engine, precision=precision)
    names = _degradations(types)
    from explain.figures.sweep_files import SweepFigures
    from qualiclip.crops import reduced
    from qualiclip.pictures import load_picture, picture_to_image
    from qualiclip.scoring.sweep import sweep, sweep_table

    picture = reduced(load_picture(source), side)
    if side is not None:
        say(f"picture reduced to {picture.width} × {picture.height} px")
    scorer = load_scorer(model, engine=engine, precision=precision)
    image = picture_to_image(picture)
    pristine = scorer.score(image)
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    with sweep_table(outputs[0], source.name, [part.name for part in pristine.parts]) as write:
        for name in tqdm(names, unit="type", disable=None):
            rows.append(sweep(image, pristine, scorer, name, seed=seed))
            write(rows[-1])
    figures = SweepFigures(source.name, picture, rows)
    figures.save_sheet(outputs[1])
    figures.save_curves(outputs[2])
    say(f"wrote scores.csv, contact_sheet.{suffix} and monotonicity.{suffix} to {out}")
