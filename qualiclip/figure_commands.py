"""Commands of `qualiclip` that draw figures: compare, sweep, resolution, arithmetic."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explain.defaults import DEFAULT_METHOD, DEFAULT_TARGET

from . import __version__
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
from .terminal import say

if TYPE_CHECKING:
    from PIL import Image

    from explain.comparison_figure import Comparison
    from explain.resolution import Resolution

    from .scoring import Failure, QualityReport, Scorer

commands = typer.Typer()
FolderOption = Annotated[
    Path, typer.Option("--out", help="Folder for the results; made if missing.", show_default=False)
]
FormatOption = Annotated[str, typer.Option("--format", help="Of the figures: png, svg or pdf.")]


@commands.command()
def compare(
    paths: PathsArgument,
    models: Annotated[str, typer.Option("--models", help="Names or paths of models, separated by commas.")],
    recursive: RecursiveOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write a CSV file, a row per picture and model.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option("--figure", help="Write scores, heatmaps and bars as .png, .svg or .pdf.")
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
    found = list(find_pictures(paths, recursive=recursive))
    if figure:
        _check_figure(figure, pictures=len(found), models=len(names))
    scorers = [load_scorer(name, engine=engine, precision=precision, pairs=pair, scale=scale) for name in names]
    labels = [scorer.checkpoint.name for scorer in scorers]
    positives = [prompt.positive for scorer in scorers for prompt in scorer.model.settings.pairs]
    if not as_json:
        typer.echo("  ".join([*(f"{label:>10}" for label in labels), "picture"]))
    results, drawn = [], []
    columns = dict.fromkeys(positives)  # each once
    with csv_rows(csv_file, ["path"], columns) if csv_file else nullcontext(lambda own, result: None) as write_row:
        for item in found:
            result, comparison = _explained_by_all(scorers, item) if figure else (_score_by_all(scorers, item), None)
            results.append(result)
            drawn.append(comparison)
            for report in [result] if isinstance(result, Failure) else result:
                write_row({"path": report.path}, report)
            _say_scores(result, quiet=as_json)
    if as_json:
        typer.echo(json.dumps([_comparison(result) for result in results], indent=2, ensure_ascii=False))
    if figure:
        _save_comparison(figure, [comparison for comparison in drawn if comparison])
    if any(isinstance(result, Failure) for result in results):
        raise typer.Exit(1)


def _say_scores(result: "list[QualityReport] | Failure", *, quiet: bool) -> None:
    """A line with the scores of a picture, unless quiet; failures are always said."""
    if not isinstance(result, list):
        say_failure(result)
    elif not quiet:
        typer.echo("  ".join([*(f"{report.score:>10.4f}" for report in result), str(result[0].path)]))


def _check_figure(path: Path, *, pictures: int, models: int) -> None:
    """Refuse what can't be drawn before anything dear is computed."""
    from explain.comparison_figure import check_counts
    from explain.files import figure_format

    figure_format(path)
    check_counts(pictures, models)


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


def _explained_by_all(
    scorers: "list[Scorer]", item: "Path | Failure"
) -> "tuple[list[QualityReport] | Failure, Comparison | None]":
    """A report of each model and what a figure needs of them, or the failure."""
    from explain.comparison_figure import compare_models

    from .errors import InputError
    from .scoring import Failure

    if isinstance(item, Failure):
        return item, None
    try:
        image = scorers[0].read(item)
    except InputError as error:
        return Failure(str(item), str(error)), None
    comparison = compare_models(image, scorers, path=item, method=DEFAULT_METHOD, target=DEFAULT_TARGET)
    return [opinion.report for opinion in comparison.opinions], comparison


def _comparison(result: "list[QualityReport] | Failure") -> dict[str, object]:
    if isinstance(result, list):
        return {"path": result[0].path, "reports": [report.to_dict() for report in result]}
    return result.to_dict()


def _save_comparison(path: Path, comparisons: "Sequence[Comparison]") -> None:
    from explain.comparison_figure import comparison_figure
    from explain.files import model_line, report_facts, save_figure

    if not comparisons:
        say(f"no picture to draw: {path} is not written")
        return
    reports = [opinion.report for opinion in comparisons[0].opinions]
    lines = [model_line(report) for report in reports]
    title = " and ".join(report.model for report in reports)
    drawing = comparison_figure(comparisons, method=DEFAULT_METHOD, target=DEFAULT_TARGET, title=title, facts=lines)
    facts = {"Pictures": "; ".join(comparison.name for comparison in comparisons)}
    facts |= {"Heatmap": f"{DEFAULT_METHOD}, {DEFAULT_TARGET}", "Seed": "none"}
    for number, report in enumerate(reports, 1):
        facts |= {f"{name} {number}": value for name, value in report_facts(report).items()}
    description = f"{title}, side by side: scores, heatmaps on one scale, prompt pairs.\n" + "\n".join(lines)
    save_figure(drawing, path, description=description, version=__version__, facts=facts)
    say(f"wrote {path}")


@commands.command()
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

    from explain.files import figure_format
    from explain.sweep_files import SweepFigures

    from .degradations import DEGRADATIONS
    from .errors import look_up
    from .pictures import load_picture, picture_to_image
    from .sweep import reduced, sweep, sweep_table

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
    with sweep_table(out / "scores.csv", source.name, [pair.positive for pair in pristine.pairs]) as write:
        for name in tqdm(names, unit="type", disable=None):
            rows.append(sweep(image, pristine, scorer, name, seed=seed))
            write(rows[-1])
    figures = SweepFigures(source.name, picture, rows)
    figures.save_sheet(out / f"contact_sheet.{suffix}")
    figures.save_curves(out / f"monotonicity.{suffix}")
    say(f"wrote scores.csv, contact_sheet.{suffix} and monotonicity.{suffix} to {out}")


@commands.command()
def resolution(
    source: SourceArgument,
    out: FolderOption,
    model: ModelOption = "auto",
    grid: Annotated[int, typer.Option("--grid", help="Windows in a row; 0 for none.", min=0, max=8)] = 3,
    overlap: Annotated[float, typer.Option("--overlap", help="Share of a window that the next covers too.")] = 0.5,
    as_json: Annotated[bool, typer.Option("--json", help="Also print the table as JSON.")] = False,
    engine: EngineOption = "auto",
    precision: PrecisionOption = "fp32",
    suffix: FormatOption = "png",
) -> None:
    """Score a picture at smaller sizes and window by window, to see how sure its score is: resolution.csv and .png."""
    from tqdm import tqdm

    from explain.files import figure_format
    from explain.resolution import RESOLUTION_COLUMNS, ResolutionSettings, measure_resolution, resolution_cells

    from .pictures import image_to_picture
    from .tables import csv_rows

    figure_format(Path(f"figure.{suffix}"))
    settings = ResolutionSettings(grid=grid, overlap=overlap)
    scorer = load_scorer(model, engine=engine, precision=precision)
    image = scorer.read(source)
    out.mkdir(parents=True, exist_ok=True)
    with tqdm(unit="part", disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        result = measure_resolution(image, scorer, settings=settings, progress=progress)
    rows = list(resolution_cells(result))
    with csv_rows(
        out / "resolution.csv", RESOLUTION_COLUMNS, [pair.positive for pair in result.own.pairs]
    ) as write_row:
        for cells, report in rows:
            write_row({"picture": source.name, **cells}, report)
    if as_json:
        parts = [{**report.to_dict(), **cells, "path": str(source)} for cells, report in rows]
        typer.echo(json.dumps(parts, indent=2, ensure_ascii=False))
    _save_resolution(out / f"resolution.{suffix}", source.name, image_to_picture(image), result, settings.overlap)
    say(result.note)


def _save_resolution(path: Path, name: str, picture: "Image.Image", result: "Resolution", overlap: float) -> None:
    from explain.files import model_line, report_facts, save_figure
    from explain.resolution_figure import resolution_figure

    lines = [f"{name} at {picture.width} × {picture.height} px", model_line(result.own)]
    figure = resolution_figure(picture, result, title="How the score depends on size and place", facts=lines)
    facts = {"Picture": name, "Size": f"{picture.width} × {picture.height} px", **report_facts(result.own)}
    facts |= {"Windows": f"{len(result.windows)}, overlap {overlap:g}", "Seed": "none"}
    facts["Sizes"] = ", ".join(f"{size.share:g}" for size in result.sizes)
    description = "\n".join([*lines, result.note])
    save_figure(figure, path, description=description, version=__version__, facts=facts)
    say(f"wrote resolution.csv and {path.name} to {path.parent}")


@commands.command()
def arithmetic(
    source: SourceArgument,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write it as .txt, .md, .csv, .png, .svg or .pdf instead.")
    ] = None,
    model: ModelOption = "auto",
    engine: EngineOption = "auto",
    precision: PrecisionOption = "fp32",
    pair: PairOption = None,
    scale: ScaleOption = None,
) -> None:
    """Print how a score comes about: cosine, times the scale, softmax, mean, for every prompt pair."""
    from explain.arithmetic import TABLES, arithmetic, as_text
    from explain.arithmetic_figure import arithmetic_figure
    from explain.files import figure_format, model_line, report_facts, save_figure

    if out is not None and out.suffix.lower() not in TABLES:
        figure_format(out)
    report = load_scorer(model, engine=engine, precision=precision, pairs=pair, scale=scale).score(source)
    steps = arithmetic(report)
    if out is None:
        typer.echo(as_text(steps), nl=False)
        return
    if out.suffix.lower() in TABLES:
        out.write_text(TABLES[out.suffix.lower()](steps), encoding="utf-8")
        return
    lines = [f"{source.name} at {report.width} × {report.height} px", model_line(report)]
    facts = {"Picture": source.name, **report_facts(report), "Seed": "none"}
    description = "\n".join([f"How {report.score:.4f} is made", *lines])
    save_figure(arithmetic_figure(steps, facts=lines), out, description=description, version=__version__, facts=facts)
