"""`qualiclip compare`: several models side by side."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explain.maps.defaults import DEFAULT_TARGET, MODEL_METHOD
from qualiclip.errors import one_line
from qualiclip.outputs import FIGURE_ENDINGS, check_ending, check_outputs
from qualiclip.terminal import put, require_output, say
from qualiclip.version import __version__

from .options import (
    EngineOption,
    PairOption,
    PathsArgument,
    PrecisionOption,
    RecursiveOption,
    ScaleOption,
    check_models,
    find_scorable,
    load_scorer,
    say_failure,
)

if TYPE_CHECKING:
    from explain.figures.comparison import Comparison
    from qualiclip.scoring.reports import Failure, QualityReport
    from qualiclip.scoring.scorer import Scorer
    from qualiclip.scoring.tables import WriteRow


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
    from qualiclip.scoring.tables import csv_rows

    require_output()
    names, outputs = [name.strip() for name in models.split(",")], [csv_file, figure]
    if figure is not None:
        check_ending(figure, FIGURE_ENDINGS, what="a figure's name")
    check_outputs(outputs, paths)
    check_models(names, engine=engine, precision=precision, pairs=pair, scale=scale, outputs=outputs)
    found = _find_compared(paths, csv_file, figure, recursive=recursive, models=len(names))
    load = partial(load_scorer, engine=engine, precision=precision, pairs=pair, scale=scale)
    scorers = [load(name) for name in names if any(isinstance(item, Path) for item in found)]
    columns = dict.fromkeys(name for scorer in scorers for name in scorer.model.part_names)  # each once
    if not as_json:
        labels = [scorer.checkpoint.name for scorer in scorers] or names
        put("  ".join([*(f"{label:>10}" for label in labels), "picture"]))
    with csv_rows(csv_file, ["path"], columns) if csv_file else nullcontext(lambda own, result: None) as write_row:
        done = [_compare_one(scorers, item, write_row, draw=figure is not None, quiet=as_json) for item in found]
    if as_json:
        put(json.dumps([_comparison(result) for result, _ in done], indent=2, ensure_ascii=False))
    if figure:
        _save_comparison(figure, [comparison for _, comparison in done if comparison])
    if not all(isinstance(result, list) for result, _ in done):
        raise typer.Exit(1)


def _compare_one(
    scorers: "list[Scorer]", item: "Path | Failure", write_row: "WriteRow", *, draw: bool, quiet: bool
) -> "tuple[list[QualityReport] | Failure, Comparison | None]":
    """A report of each model, or the failure, written and said; with what a figure needs, if one is to be drawn."""
    result, comparison = _explained_by_all(scorers, item) if draw else (_score_by_all(scorers, item), None)
    for report in result if isinstance(result, list) else [result]:
        write_row({"path": report.path}, report)
    _say_scores(result, quiet=quiet)
    return result, comparison


def _say_scores(result: "list[QualityReport] | Failure", *, quiet: bool) -> None:
    """A line with the scores of a picture, unless quiet; failures are always said."""
    if not isinstance(result, list):
        say_failure(result)
    elif not quiet:
        put("  ".join([*(f"{report.score:>10.4f}" for report in result), one_line(result[0].path)]))


def _find_compared(
    paths: list[Path], csv_file: Path | None, figure: Path | None, *, recursive: bool, models: int
) -> "list[Path | Failure]":
    """What is to be compared; refuses to write over it, and a figure that has no room for it."""
    found = find_scorable(paths, recursive=recursive)
    check_outputs([csv_file, figure], (item for item in found if isinstance(item, Path)))
    if figure is not None:
        from explain.figures.comparison import check_counts

        check_counts(len(found), models)
    return found


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
    comparison = compare_models(image, scorers, path=item, method=MODEL_METHOD, target=DEFAULT_TARGET)
    return [one.report for one in comparison.explained], comparison


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
    reports = [one.report for one in comparisons[0].explained]
    lines = [model_line(report) for report in reports]
    title = " and ".join(report.model for report in reports)
    drawing = comparison_figure(comparisons, title=title, facts=lines)
    facts = {"Pictures": "; ".join(comparison.name for comparison in comparisons)}
    facts |= {"Heatmap": f"{MODEL_METHOD}, {DEFAULT_TARGET}", "Seed": "none"}
    for number, report in enumerate(reports, 1):
        facts |= {f"{name} {number}": value for name, value in report_facts(report).items()}
    description = f"{title}, side by side: scores, heatmaps on one scale, prompt pairs.\n" + "\n".join(lines)
    save_figure(drawing, path, description=description, version=__version__, facts=facts)
    say(f"wrote {path}")
