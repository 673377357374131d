"""`python -m train evaluate`: options in, files and JSON out."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qualiclip.errors import UsageError, look_up
from qualiclip.outputs import check_distinct, check_outputs
from qualiclip.terminal import put, require_output

from .options import EngineOption, PrecisionOption, check_models

if TYPE_CHECKING:
    from train.evaluate.about import AboutEvaluation
    from train.evaluate.datasets.columns import Columns
    from train.evaluate.datasets.rated import Rated
    from train.evaluate.protocol import Prediction
    from train.evaluate.splits import Splits


RESULTS = ("predictions.csv", "results.json", "results.md", "scatter.png", "scatter.pdf")


@dataclass(frozen=True)
class Source:
    """A set with its folder, pictures, and what is known about it."""

    folder: Path
    rated: "list[Rated]"
    label: str
    unit: str
    short_side: int | None


def open_source(data: str, root: Path | None, csv: Path | None, columns: "Columns") -> Source:
    """The set called `data` below `root`; without a root, the folder `data` with its table.

    Raises:
        UsageError: if the set is unknown, or its name stands without a root.
        InputError: if the files are not laid out as expected.
    """
    from train.evaluate.datasets import DATASETS
    from train.evaluate.datasets.columns import read_table

    if root is not None:
        if csv is not None:
            raise UsageError("--csv describes a folder (--data FOLDER); a set known by name (--root) has its own table")
        found = look_up(DATASETS, data, kind="set")
        return Source(root, found.read(root), found.label, found.unit, found.short_side)
    folder = Path(data)
    if data in DATASETS and not folder.is_dir():
        raise UsageError(f"--data {data} needs --root FOLDER, into which {DATASETS[data].label} was unpacked")
    unit = f"−{columns.opinion}" if columns.lower_is_better else columns.opinion
    return Source(
        folder, read_table(csv or folder / "mos.csv", columns, folder=folder), folder.resolve().name, unit, None
    )


def evaluate(
    data: Annotated[str | None, typer.Option("--data", help="Folder of pictures, or name of a set.")] = None,
    root: Annotated[Path | None, typer.Option("--root", help="Folder of the set that --data names.")] = None,
    model: Annotated[str, typer.Option("--model", help="Name or path of a model.")] = "auto",
    csv: Annotated[Path | None, typer.Option("--csv", help="CSV file [default: DATA/mos.csv].")] = None,
    file_column: Annotated[str, typer.Option("--file-column", help="Column of file names.")] = "file",
    opinion_column: Annotated[str, typer.Option("--opinion-column", help="Column of opinions.")] = "mos",
    lower_is_better: Annotated[bool, typer.Option("--lower-is-better", help="Opinions are a DMOS.")] = False,
    reference_column: Annotated[str | None, typer.Option("--reference-column", help="Column of originals.")] = None,
    degradation_column: Annotated[str | None, typer.Option("--degradation-column", help="Column of types.")] = None,
    level_column: Annotated[str | None, typer.Option("--level-column", help="Column of levels.")] = None,
    split_column: Annotated[str | None, typer.Option("--split-column", help="Column of splits.")] = None,
    short_side: Annotated[
        int | None, typer.Option("--short-side", help="Shrink to this short side, 0 for none [default: the set's].")
    ] = None,
    split: Annotated[str | None, typer.Option("--split", help="Only this split of the set, such as test.")] = None,
    splits: Annotated[Path | None, typer.Option("--splits", help="Test parts as .npy or .csv.")] = None,
    predictions: Annotated[Path | None, typer.Option("--predictions", help="Use these, score nothing.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for tables and a figure.")] = None,
    engine: EngineOption = "auto",
    precision: PrecisionOption = "fp32",
) -> None:
    """Print how well a model agrees with human opinions (higher is better in both)."""
    from train.evaluate.datasets.columns import Columns

    require_output()
    if split is not None and splits is not None:
        raise UsageError("--split and --splits exclude each other: the indices of --splits count the whole set")
    own = csv or (Path(data) / "mos.csv" if data is not None and root is None else None)
    given = predictions and (predictions, predictions.with_name("results.json"))
    inputs = [path for path in (own, splits, *(given or ())) if path is not None]
    check_outputs(_outputs(out), inputs, folder=out)
    if predictions is not None:
        _report_old(predictions, split, splits, out)
        return
    if data is None:
        raise UsageError("--data is missing: a folder of pictures or the name of a set; or give --predictions")
    columns = Columns(
        *(file_column, opinion_column, reference_column, degradation_column, level_column, split_column),
        lower_is_better=lower_is_better,
    )
    source = open_source(data, root, csv, columns)
    check_models([model], engine=engine, precision=precision, outputs=_outputs(out))
    shrunk = source.short_side if short_side is None else short_side or None
    _report_new(source, model, shrunk, split, splits, out, engine=engine, precision=precision)


def _outputs(out: Path | None) -> list[Path]:
    return [] if out is None else [out / name for name in RESULTS]


def _report_new(
    source: Source,
    model: str,
    short_side: int | None,
    split: str | None,
    splits: Path | None,
    out: Path | None,
    *,
    engine: str,
    precision: str,
) -> None:
    from qualiclip.version import __version__
    from train.evaluate.about import AboutEvaluation
    from train.evaluate.protocol import load_scorer, predict
    from train.evaluate.splits import keep_split, read_splits

    rated = source.rated if split is None else keep_split(source.rated, split)
    parts = None if splits is None else read_splits(splits, rated)
    check_distinct(_outputs(out), (source.folder / row.path for row in rated))
    scorer = load_scorer(model, short_side=short_side, engine=engine, precision=precision)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    label = source.label if split is None else f"{source.label}, {split}"
    known = (scorer.checkpoint.sha256, __version__, scorer.engine, scorer.precision)
    about = AboutEvaluation(model, label, source.unit, short_side, *known)
    _finish(predict(scorer, source.folder, rated), parts, about, out)


def _report_old(path: Path, split: str | None, splits: Path | None, out: Path | None) -> None:
    from qualiclip.version import __version__
    from train.evaluate.report import about_predictions, read_predictions
    from train.evaluate.splits import keep_split, read_splits

    rows, about = read_predictions(path), about_predictions(path, version=__version__)
    if split is not None:
        keep_split([row.rated for row in rows], split)  # raises if there is no such split
        rows = [row for row in rows if row.rated.split == split]
        about = replace(about, data=f"{about.data}, {split}")
    parts = None if splits is None else read_splits(splits, [row.rated for row in rows])
    _finish(rows, parts, about, out)


def _finish(rows: "list[Prediction]", parts: "Splits | None", about: "AboutEvaluation", out: Path | None) -> None:
    from train.evaluate.protocol import summarise
    from train.evaluate.report import to_dict, write_predictions, write_report

    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_predictions(out / "predictions.csv", rows)  # first, so that no scores are lost if the rest fails
    result = summarise(rows, splits=parts)
    if out is not None:
        write_report(out, rows, result, about)
    put(json.dumps(to_dict(result, about), indent=2, ensure_ascii=False))
    if result.failures:
        raise typer.Exit(1)
