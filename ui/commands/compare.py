"""`qualiclip compare`: several models side by side."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explain.maps.defaults import DEFAULT_METHOD, DEFAULT_TARGET
from qualiclip.errors import one_line
from qualiclip.terminal import say
from qualiclip.version import __version__

from .options import (
    EngineOption,
    PairOption,
    PathsArgument,
    PrecisionOption,
    RecursiveOption,
    ScaleOption,
    find_pictures,
    load_scorer,
    say_failure,
)

if TYPE_CHECKING:
    from explain.figures.comparison import Comparison
    from qualiclip.scoring.reports import Failure, QualityReport
    from qualiclip.scoring.scorer import Scorer


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
    from qualiclip.scoring.reports import Failure
    from qualiclip.scoring.tables import csv_rows

    names = [name.strip() for name in models.split(",")]
    found = list(find_pictures(paths, recursive=recursive))
    if figure:
        _check_figure(figure, pictures=len(found), models=len(names))
    scorers = [load_scorer(name, engine=engine, precision=precision, pairs=pair, scale=scale) for name in names]
    labels = [scorer.checkpoint.name for scorer in scorers]
    parts = [name for scorer in scorers for name in scorer.model.part_names]
    if not as_json:
        typer.echo("  ".join([*(f"{label:>10}" for label in labels), "picture"]))
    results, drawn = [], []
    columns = dict.fromkeys(parts)  # each once
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
        typer.echo("  ".join([*(f"{report.score:>10.4f}" for report in result), one_line(result[0].path)]))


def _check_figure(path: Path, *, pictures: int, models: int) -> None:
    """Refuse what can't be drawn before anything dear is computed."""
    from explain.figures.comparison import check_counts
    from qualiclip.drawing.files import figure_format

    figure_format(path)
    check_counts(pictures, models)


def _score_by_all(scorers: "list[Scorer]", item: "Path | Failure") -> "list[QualityReport] | Failure":
    """A report of each model, or the failure."""
    from qualiclip.errors import InputError
    from qualiclip.scoring.reports import Failure

    if isinstance(item, Failure):
        return item
    try:
        image = scorers[0].read(item)  # once: a pipe can't be read again
    except InputError as error:
        return Failure(str(item), str(error))
    return [scorer.report(image, scorer.encode(image), path=str(item)) for scorer in scorers]


def _explained_by_all(
    scorers: "list[Scorer]", item: "Path | Failure"
) -> "tuple[list[QualityReport] | Failure, Comparison | None]":
    """A report of each model and what a figure needs of them, or the failure."""
    from explain.figures.comparison import compare_models
    from qualiclip.errors import InputError
    from qualiclip.scoring.reports import Failure

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
    from explain.figures.comparison import comparison_figure
    from qualiclip.drawing.files import model_line, report_facts, save_figure

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
