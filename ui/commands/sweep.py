"""`qualiclip sweep`: every degradation at every level."""

from pathlib import Path
from typing import Annotated

import typer

from qualiclip.terminal import say

from .options import FolderOption, FormatOption, ModelOption, SeedOption, SourceArgument, load_scorer


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
) -> None:
    """Score a picture at levels 0 to 5 of every degradation: scores.csv, contact_sheet.png, monotonicity.png."""
    from tqdm import tqdm

    from explain.figures.sweep_files import SweepFigures
    from qualiclip.crops import reduced
    from qualiclip.degradations import DEGRADATIONS
    from qualiclip.drawing.files import figure_format
    from qualiclip.errors import look_up
    from qualiclip.pictures import load_picture, picture_to_image
    from qualiclip.scoring.sweep import sweep, sweep_table

    names = [name.strip() for name in types.split(",")] if types else list(DEGRADATIONS)
    for name in names:
        look_up(DEGRADATIONS, name, kind="degradation")
    figure_format(Path(f"figure.{suffix}"))
    scorer = load_scorer(model)
    picture = reduced(load_picture(source, limits=scorer.limits), side)
    if side is not None:
        say(f"picture reduced to {picture.width} × {picture.height} px")
    image = picture_to_image(picture)
    pristine = scorer.score(image)
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    with sweep_table(out / "scores.csv", source.name, [part.name for part in pristine.parts]) as write:
        for name in tqdm(names, unit="type", disable=None):
            rows.append(sweep(image, pristine, scorer, name, seed=seed))
            write(rows[-1])
    figures = SweepFigures(source.name, picture, rows)
    figures.save_sheet(out / f"contact_sheet.{suffix}")
    figures.save_curves(out / f"monotonicity.{suffix}")
    say(f"wrote scores.csv, contact_sheet.{suffix} and monotonicity.{suffix} to {out}")
