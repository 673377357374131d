"""`qualiclip score`: the quality scores of pictures."""

import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qualiclip.errors import one_line
from qualiclip.outputs import check_outputs
from qualiclip.terminal import put, require_output

from .options import (
    EngineOption,
    ModelOption,
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
    from qualiclip.scoring.reports import Failure, QualityReport
    from qualiclip.scoring.scorer import Scorer
    from qualiclip.scoring.tables import WriteRow


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

    require_output()
    check_outputs([csv_file], paths)
    check_models([model], engine=engine, precision=precision, pairs=pair, scale=scale, outputs=[csv_file])
    from qualiclip.scoring.reports import Failure

    found = find_scorable(paths, recursive=recursive)
    files = [item for item in found if isinstance(item, Path)]
    check_outputs([csv_file], files)
    scorer = load_scorer(model, engine=engine, precision=precision, pairs=pair, scale=scale) if files else None
    results = []
    with _table(csv_file, scorer, pair) as write_row:
        quiet = None if len(found) > 1 else True  # None: tqdm shows itself on a terminal only
        scored = scorer.score_many(files) if scorer else iter(())
        for item in tqdm(found, unit="picture", disable=quiet):
            result = next(scored) if isinstance(item, Path) else item
            results.append(result)
            write_row({"path": result.path}, result)
            _put_score(result, quiet=as_json)
    if as_json:
        put(json.dumps([result.to_dict() for result in results], indent=2, ensure_ascii=False))
    if any(isinstance(result, Failure) for result in results):
        raise typer.Exit(1)


def _table(path: Path | None, scorer: "Scorer | None", pair: list[str] | None) -> "AbstractContextManager[WriteRow]":
    """A function that writes rows of a CSV file, or nothing; without a scorer, rows of failures."""
    from qualiclip.models.prompts import ANTONYM_PAIRS, parse_pair
    from qualiclip.scoring.tables import csv_rows

    if path is None:
        return nullcontext(lambda own, result: None)
    pairs = tuple(parse_pair(text) for text in pair or ()) or ANTONYM_PAIRS
    return csv_rows(path, ["path"], scorer.model.part_names if scorer else [pair.positive for pair in pairs])


def _put_score(result: "QualityReport | Failure", *, quiet: bool) -> None:
    """A line with the score of a picture, unless quiet; failures are always said."""
    from qualiclip.scoring.reports import Failure

    if isinstance(result, Failure):
        say_failure(result)
    elif not quiet:
        put(f"{result.score:.4f}  {one_line(result.path)}")
