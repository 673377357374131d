"""`qualiclip explain`: a picture with a heatmap over it."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from explain.maps.defaults import (
    DEFAULT_COLORMAP,
    DEFAULT_METHOD,
    DEFAULT_OPACITY,
    DEFAULT_TARGET,
    MODEL_METHOD,
    chosen,
)
from qualiclip.outputs import check_ending
from qualiclip.terminal import say

from .explain_picture import ExplainSettings, explain_picture
from .options import (
    EngineOption,
    ModelOption,
    PairOption,
    PrecisionOption,
    SourceArgument,
    check_one,
    check_png,
    load_scorer,
)


def explain(
    source: SourceArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A PNG file to write.", show_default=False)],
    model: ModelOption = "auto",
    method: Annotated[
        str | None,
        typer.Option(
            "--method",
            help="How the heatmap is made; see docs/heatmaps.md.",
            show_default=f"{DEFAULT_METHOD}; with --target alone {MODEL_METHOD}",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            help="good, bad, difference, or a prompt pair as pair:2 or pair:Noise-free.",
            show_default=DEFAULT_TARGET,
        ),
    ] = None,
    stride: Annotated[
        int, typer.Option("--stride", help="Of quality_map, px: 32, or 16 and 8 for 4 and 16 encodings.")
    ] = 32,
    colormap: Annotated[str, typer.Option("--colormap", help="Colours of unsigned maps.")] = DEFAULT_COLORMAP,
    opacity: Annotated[float, typer.Option("--opacity", help="0 to 1.", min=0, max=1)] = DEFAULT_OPACITY,
    engine: EngineOption = "auto",
    precision: PrecisionOption = "fp32",
    pair: PairOption = None,
    raw: Annotated[Path | None, typer.Option("--raw", help="Also write the map itself, as .npy.")] = None,
) -> None:
    """Write the picture with a heatmap over it: where it looks degraded, or what the model finds where."""
    check_png(out)
    if raw is not None:
        check_ending(raw, [".npy"], what="the name of a map")
    settings = ExplainSettings(*chosen(method, target), stride, colormap, opacity)
    check_one(source, model, [out, raw], engine=engine, precision=precision, pairs=pair)
    load = partial(load_scorer, model, engine=engine, precision=precision, pairs=pair)
    say(explain_picture(load, source, out, settings, raw=raw))
