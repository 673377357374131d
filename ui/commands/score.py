"""`qualiclip score`: the quality scores of pictures."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from qualiclip.errors import one_line

from .options import (
    EngineOption,
    ModelOption,
    PairOption,
    PathsArgument,
    PrecisionOption,
    RecursiveOption,
    ScaleOption,
    find_pictures,
    load_scorer,
    say_failure,
)


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

    from qualiclip.scoring.reports import Failure
    from qualiclip.scoring.tables import csv_rows

    found = list(find_pictures(paths, recursive=recursive))
    scorer = load_scorer(model, engine=engine, precision=precision, pairs=pair, scale=scale)
    parts = scorer.model.part_names
    results = []
    with csv_rows(csv_file, ["path"], parts) if csv_file else nullcontext(lambda own, result: None) as write_row:
        quiet = None if len(found) > 1 else True  # None: tqdm shows itself on a terminal only
        scored = scorer.score_many(item for item in found if not isinstance(item, Failure))
        for item in tqdm(found, unit="picture", disable=quiet):
            result = item if isinstance(item, Failure) else next(scored)
            results.append(result)
            write_row({"path": result.path}, result)
            if isinstance(result, Failure):
                say_failure(result)
            elif not as_json:
                typer.echo(f"{result.score:.4f}  {one_line(result.path)}")
    if as_json:
        typer.echo(json.dumps([result.to_dict() for result in results], indent=2, ensure_ascii=False))
    if any(isinstance(result, Failure) for result in results):
        raise typer.Exit(1)
