"""`qualiclip degrade`: a degraded copy of a picture."""

from pathlib import Path
from typing import Annotated

import typer

from qualiclip.errors import UsageError, look_up
from qualiclip.outputs import check_outputs, whole_file

from .options import SeedOption, SourceArgument, check_png, check_source


def degrade(
    source: SourceArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A PNG file to write.", show_default=False)],
    name: Annotated[str | None, typer.Option("--type", help="Degradation, such as gaussian_blur.")] = None,
    level: Annotated[float | None, typer.Option("--level", help="0 (none) to 5; fractions are allowed.")] = None,
    strength: Annotated[float | None, typer.Option("--strength", help="In the unit of the type.")] = None,
    seed: SeedOption = 0,
    step: Annotated[
        list[str] | None, typer.Option("--step", help="type:level or type:level:seed, instead; several in their order.")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="left,top,right,bottom from 0 to 1: degrade this part alone.")
    ] = None,
) -> None:
    """Write a degraded copy of a picture."""
    check_png(out)
    if (name is None) == (step is None):
        raise UsageError("give either --type with --level or --strength, or one or more --step type:level")
    check_source(source)
    check_outputs([out], [source])
    import torch

    from qualiclip import degradations
    from qualiclip.pictures import as_image, image_to_picture

    steps = [degradations.parse_step(text) for text in step or ()]
    part = degradations.parse_region(region) if region else None
    if name is not None:
        look_up(degradations.DEGRADATIONS, name, kind="degradation")
    image = as_image(source)
    if name is None:
        degraded = degradations.apply_steps(image, steps, region=part)
    else:
        generator, mask = torch.Generator().manual_seed(seed), part.mask(*image.shape[-2:]) if part else None
        degraded = degradations.degrade(image, name, generator=generator, level=level, strength=strength, mask=mask)
    with whole_file(out) as draft:
        image_to_picture(degraded).save(draft, format="PNG")
