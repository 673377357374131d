"""The `qualiclip` command. Results go to standard output, everything else to standard error."""

import io
import json
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import __version__
from .errors import UsageError
from .terminal import run, say

if TYPE_CHECKING:
    from .scoring import Failure, QualityReport, Scorer

app = typer.Typer(
    help="Score the quality of photos without a reference, degrade them, and see where the model looks.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

ModelOption = Annotated[str, typer.Option("--model", help="Name or path of a model.")]
EngineOption = Annotated[str, typer.Option("--engine", help="How to compute: auto, eager, fused, openvino, compile.")]
PrecisionOption = Annotated[
    str, typer.Option("--precision", help="Numbers to compute with: fp32, or bf16 where the processor has it.")
]
# The largest seed is degradations.MAX_SEED, not imported here: that would load torch for --help.
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of the random parts.", min=0, max=2**31 - 1)]


PairOption = Annotated[
    list[str] | None,
    typer.Option("--pair", help='Own prompts, as "Good photo.|Bad photo."; may be given more than once.'),
]
ScaleOption = Annotated[
    float | None, typer.Option("--scale", help="Factor before the softmax; the authors' is 100, pyiqa's 50.")
]
DETAIL_SIDE = 200  # px of a picture on a contact sheet, shown about one to one


def _load(
    model: str,
    *,
    engine: str = "auto",
    precision: str = "fp32",
    pairs: list[str] | None = None,
    scale: float | None = None,
) -> "Scorer":
    from .prompts import parse_pair
    from .scoring import load
    from .threads import set_threads

    set_threads()

    own = tuple(parse_pair(text) for text in pairs) if pairs else None
    scorer = load(model, pairs=own, scale=scale, engine=engine, precision=precision, progress=True)
    checkpoint = scorer.checkpoint
    say(f"model {checkpoint.name} (sha256 {checkpoint.sha256[:12]}), engine {scorer.engine}, {scorer.precision}")
    return scorer


def find_pictures(paths: Iterable[Path], *, recursive: bool) -> "Iterator[Path | Failure]":
    """The files among the paths and the pictures in the folders among them; a folder without one is a failure."""
    from .pictures import list_pictures
    from .scoring import Failure

    for path in paths:
        pictures = list_pictures(path, recursive=recursive) if path.is_dir() else [path]
        yield from pictures
        if not pictures:
            hint = "" if recursive else "; add --recursive to look into its folders"
            yield Failure(str(path), f"no picture in this folder{hint}")


@app.command()
def score(
    paths: Annotated[list[Path], typer.Argument(help="Pictures, and folders of pictures.", show_default=False)],
    model: ModelOption = "auto",
    recursive: Annotated[bool, typer.Option("--recursive", help="Look into the folders of folders.")] = False,
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
    scorer = _load(model, engine=engine, precision=precision, pairs=pair, scale=scale)
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
                _say_failure(result)
            elif not as_json:
                typer.echo(f"{result.score:.4f}  {result.path}")
    if as_json:
        typer.echo(json.dumps([result.to_dict() for result in results], indent=2, ensure_ascii=False))
    if any(isinstance(result, Failure) for result in results):
        raise typer.Exit(1)


@app.command()
def compare(
    paths: Annotated[list[Path], typer.Argument(help="Pictures, and folders of pictures.", show_default=False)],
    models: Annotated[str, typer.Option("--models", help="Names or paths of models, separated by commas.")],
    recursive: Annotated[bool, typer.Option("--recursive", help="Look into the folders of folders.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write a CSV file, a row per picture and model.")
    ] = None,
    engine: EngineOption = "auto",
    precision: PrecisionOption = "fp32",
    pair: PairOption = None,
    scale: ScaleOption = None,
) -> None:
    """Print the quality scores of pictures by several models, side by side; a column per model."""
    from .scoring import Failure
    from .tables import csv_rows

    names = [name.strip() for name in models.split(",")]
    scorers = [_load(name, engine=engine, precision=precision, pairs=pair, scale=scale) for name in names]
    labels = [scorer.checkpoint.name for scorer in scorers]
    positives = [prompt.positive for scorer in scorers for prompt in scorer.model.settings.pairs]
    if not as_json:
        typer.echo("  ".join([*(f"{label:>10}" for label in labels), "picture"]))
    results = []
    columns = dict.fromkeys(positives)  # each once
    with csv_rows(csv_file, ["path"], columns) if csv_file else nullcontext(lambda own, result: None) as write_row:
        for item in find_pictures(paths, recursive=recursive):
            result = _score_by_all(scorers, item)
            for report in [result] if isinstance(result, Failure) else result:
                write_row({"path": report.path}, report)
            results.append(result)
            if isinstance(result, Failure):
                _say_failure(result)
            elif not as_json:
                typer.echo("  ".join([*(f"{report.score:>10.4f}" for report in result), str(item)]))
    if as_json:
        typer.echo(json.dumps([_comparison(result) for result in results], indent=2, ensure_ascii=False))
    if any(isinstance(result, Failure) for result in results):
        raise typer.Exit(1)


def _score_by_all(scorers: "list[Scorer]", item: "Path | Failure") -> "list[QualityReport] | Failure":
    """A report of each model, or the failure."""
    from .scoring import Failure

    if isinstance(item, Failure):
        return item
    reports = []
    for scorer in scorers:
        report = next(scorer.score_many([item]))
        if isinstance(report, Failure):
            return report
        reports.append(report)
    return reports


def _comparison(result: "list[QualityReport] | Failure") -> dict[str, object]:
    if isinstance(result, list):
        return {"path": result[0].path, "reports": [report.to_dict() for report in result]}
    return result.to_dict()


def _say_failure(failure: "Failure") -> None:
    name = Path(failure.path or "").name
    say(f"qualiclip: {failure.path}: {failure.error.removeprefix(f'{name}: ')}")


def _check_png(path: Path) -> None:
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path}: the result is lossless, so its name must end in .png")


@app.command()
def degrade(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A picture.", show_default=False)],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A PNG file to write.", show_default=False)],
    name: Annotated[str, typer.Option("--type", help="Degradation, such as gaussian_blur.", show_default=False)],
    level: Annotated[float | None, typer.Option("--level", help="0 (none) to 5; fractions are allowed.")] = None,
    strength: Annotated[float | None, typer.Option("--strength", help="In the unit of the type.")] = None,
    seed: SeedOption = 0,
) -> None:
    """Write a degraded copy of a picture."""
    import torch

    from . import degradations
    from .pictures import as_image, image_to_picture

    _check_png(out)
    generator = torch.Generator().manual_seed(seed)
    image = as_image(source)
    degraded = degradations.degrade(image, name, generator=generator, level=level, strength=strength)
    image_to_picture(degraded).save(out)


@app.command()
def sweep(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A picture.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="Folder for the results; made if missing.", show_default=False)],
    types: Annotated[str, typer.Option("--types", help="Degradations, separated by commas; default all.")] = "",
    model: ModelOption = "auto",
    side: Annotated[
        int | None, typer.Option("--side", help="First reduce the picture to this long side, px.", min=32)
    ] = None,
    seed: SeedOption = 0,
) -> None:
    """Score a picture at levels 0 to 5 of every degradation: scores.csv, contact_sheet.png, monotonicity.png."""
    from PIL import Image
    from tqdm import tqdm

    from explain.figures import save_figure
    from explain.sweep_figures import contact_sheet, monotonicity_plot

    from .degradations import DEGRADATIONS
    from .errors import look_up
    from .pictures import load_picture, picture_to_image
    from .sweep import SWEEP_COLUMNS, csv_cells, sweep
    from .tables import csv_rows

    names = [name.strip() for name in types.split(",")] if types else list(DEGRADATIONS)
    for name in names:
        look_up(DEGRADATIONS, name, kind="degradation")
    scorer = _load(model)
    picture = load_picture(source, limits=scorer.limits)
    if side is not None:
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        say(f"picture reduced to {picture.width} × {picture.height} px")
    image = picture_to_image(picture)
    pristine = scorer.score(image)
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    with csv_rows(out / "scores.csv", SWEEP_COLUMNS, [pair.positive for pair in pristine.pairs]) as write_row:
        for name in tqdm(names, unit="type", disable=None):
            rows.append(sweep(image, pristine, scorer, name, seed=seed, side=DETAIL_SIDE))
            for cells, report in csv_cells(rows[-1]):
                write_row({"picture": source.name, **cells}, report)
    facts = (
        f"{source.name} at {picture.width} × {picture.height} px, seed {seed}\n"
        f"Model {pristine.model}, weights {pristine.weights_sha256[:12]}, QualiCLIP Studio {pristine.version}"
    )
    sheet = contact_sheet(picture, rows, title="Degradations at levels 1 to 5", facts=facts)
    save_figure(sheet, out / "contact_sheet.png", description=facts, version=__version__)
    plot = monotonicity_plot(rows, title="Quality score at rising levels", facts=facts)
    save_figure(plot, out / "monotonicity.png", description=facts, version=__version__)
    say(f"wrote scores.csv, contact_sheet.png and monotonicity.png to {out}")


@app.command()
def explain(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A picture.", show_default=False)],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A PNG file to write.", show_default=False)],
    model: ModelOption = "auto",
    method: Annotated[str, typer.Option("--method", help="How the heatmap is made; see docs/heatmaps.md.")] = "gradcam",
    target: Annotated[
        str, typer.Option("--target", help="good, bad, difference, or a prompt pair as pair:2 or pair:Noise-free.")
    ] = "difference",
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
    scorer = _load(model, engine=engine, precision=precision, pairs=pair)
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
