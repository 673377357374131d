"""The `qualiclip` command. Results go to standard output, everything else to standard error."""

import io
import json
import sys
import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from explain.defaults import DEFAULT_METHOD, DEFAULT_TARGET

from . import __version__, figure_commands
from .errors import UsageError
from .options import (
    EngineOption,
    ModelOption,
    PairOption,
    PathsArgument,
    PrecisionOption,
    RecursiveOption,
    ScaleOption,
    SeedOption,
    SourceArgument,
    find_pictures,
    load_scorer,
    say_failure,
)
from .terminal import run, say

app = typer.Typer(
    help="Score the quality of photos without a reference, degrade them, and see where the model looks.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(figure_commands.commands)


@app.command()
def score(
    paths: PathsArgument,
    model: ModelOption = "auto",
    recursive: RecursiveOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write a CSV file.")] = None,
    engine: EngineOption = "auto",
    precision: PrecisionOption = "fp32",
    pair: PairOption = None,
    scale: ScaleOption = None,
) -> None:
    """Print the quality score of pictures: from 0 to 1, higher is better."""
    from tqdm import tqdm

    from .scoring import Failure
    from .tables import csv_rows

    found = list(find_pictures(paths, recursive=recursive))
    scorer = load_scorer(model, engine=engine, precision=precision, pairs=pair, scale=scale)
    positives = [pair.positive for pair in scorer.model.settings.pairs]
    results = []
    with csv_rows(csv_file, ["path"], positives) if csv_file else nullcontext(lambda own, result: None) as write_row:
        quiet = None if len(found) > 1 else True  # None: tqdm shows itself on a terminal only
        scored = scorer.score_many(item for item in found if not isinstance(item, Failure))
        for item in tqdm(found, unit="picture", disable=quiet):
            result = item if isinstance(item, Failure) else next(scored)
            results.append(result)
            write_row({"path": result.path}, result)
            if isinstance(result, Failure):
                say_failure(result)
            elif not as_json:
                typer.echo(f"{result.score:.4f}  {result.path}")
    if as_json:
        typer.echo(json.dumps([result.to_dict() for result in results], indent=2, ensure_ascii=False))
    if any(isinstance(result, Failure) for result in results):
        raise typer.Exit(1)


def _check_png(path: Path) -> None:
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path}: the result is lossless, so its name must end in .png")


@app.command()
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
    import torch

    from . import degradations
    from .pictures import as_image, image_to_picture

    _check_png(out)
    if (name is None) == (step is None):
        raise UsageError("give either --type with --level or --strength, or one or more --step type:level")
    steps = [degradations.parse_step(text) for text in step or ()]
    part = degradations.parse_region(region) if region else None
    image = as_image(source)
    if name is None:
        degraded = degradations.apply_steps(image, steps, region=part)
    else:
        generator, mask = torch.Generator().manual_seed(seed), part.mask(*image.shape[-2:]) if part else None
        degraded = degradations.degrade(image, name, generator=generator, level=level, strength=strength, mask=mask)
    image_to_picture(degraded).save(out)


@app.command()
def explain(
    source: SourceArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A PNG file to write.", show_default=False)],
    model: ModelOption = "auto",
    method: Annotated[
        str, typer.Option("--method", help="How the heatmap is made; see docs/heatmaps.md.")
    ] = DEFAULT_METHOD,
    target: Annotated[
        str, typer.Option("--target", help="good, bad, difference, or a prompt pair as pair:2 or pair:Noise-free.")
    ] = DEFAULT_TARGET,
    stride: Annotated[
        int, typer.Option("--stride", help="Of quality_map, px: 32, or 16 and 8 for 4 and 16 encodings.")
    ] = 32,
    colormap: Annotated[str, typer.Option("--colormap", help="Colours of unsigned maps.")] = "viridis",
    opacity: Annotated[float, typer.Option("--opacity", help="0 to 1.", min=0, max=1)] = 0.7,
    engine: EngineOption = "auto",
    precision: PrecisionOption = "fp32",
    pair: PairOption = None,
    raw: Annotated[Path | None, typer.Option("--raw", help="Also write the map itself, as .npy.")] = None,
) -> None:
    """Write the picture with a heatmap over it: where the model finds good or bad quality."""
    from explain.command import ExplainSettings, explain_picture

    _check_png(out)
    settings = ExplainSettings(method, target, stride, colormap, opacity)
    scorer = load_scorer(model, engine=engine, precision=precision, pairs=pair)
    say(explain_picture(scorer, source, out, settings, raw=raw))


@app.command()
def models(
    download: Annotated[str | None, typer.Option("--download", help="Get the files of a model first.")] = None,
) -> None:
    """List the models that can be named: what, where from, licence, file and its SHA-256."""
    from .loading import load_checkpoint
    from .weights import REGISTRY, file_sha256

    if download is not None:
        load_checkpoint(download)  # with what it is built on, and checked
    for name, entry in REGISTRY.items():
        here = entry.path
        lines = (
            name,
            f"  {entry.description}",
            f"  from     {entry.origin}",
            f"  licence  {entry.licence}",
            f"  cite     {entry.citation}",
            f"  file     {here or f'not here; qualiclip models --download {name}'}",
            f"  sha256   {file_sha256(here) if here else '-'}",
        )
        typer.echo("\n".join(lines))


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"qualiclip {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    # Pillow warns on the way to our own, stricter pixel limit; the limit's error says it better.
    warnings.filterwarnings("ignore", category=UserWarning, module="PIL")


def main() -> None:
    """Entry point of the `qualiclip` command."""
    for stream in (sys.stdout, sys.stderr):  # a file name that the terminal can't show must not stop the command
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(app, "qualiclip"))
