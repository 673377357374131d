"""Results of an evaluation as files: predictions as CSV, all numbers as JSON, tables as Markdown."""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from qualiclip.checks import finite
from qualiclip.errors import InputError
from qualiclip.outputs import row_file, whole_file, write_text
from qualiclip.prose import markdown_table
from train.evaluate.datasets.rated import Rated, number, read_csv, refuse_repeats, whole_number
from train.evaluate.datasets.text_tables import TableRow

from .about import AboutEvaluation
from .protocol import Evaluation, Prediction, Subset

PREDICTION_COLUMNS = ("file", "opinion", "score", "reference", "degradation", "level", "split", "error")


# Predictions


def _cell(value: object) -> object:
    return "" if value is None else value


def write_predictions(path: Path, predictions: Sequence[Prediction]) -> None:
    """Write a row for each picture; `read_predictions` gives back the same."""
    with whole_file(path) as draft, row_file(draft) as file:
        writer = csv.writer(file)
        writer.writerow(PREDICTION_COLUMNS)
        for row in predictions:
            rated = row.rated
            own = (rated.reference, rated.degradation, rated.level, rated.split)
            values = (rated.path.as_posix(), rated.opinion, row.score, *own, row.error)
            writer.writerow([_cell(value) for value in values])


def read_predictions(path: Path) -> list[Prediction]:
    """Predictions that were written before.

    Raises:
        InputError: if the file is missing, a column is missing, a number is none, or a picture is there twice.
    """
    predictions = [_prediction(row) for row in read_csv(path, PREDICTION_COLUMNS)]
    if not predictions:
        raise InputError(f"{path}: no rows; expected a prediction in each")
    refuse_repeats([row.rated for row in predictions])
    return predictions


def about_predictions(path: Path, *, version: str) -> AboutEvaluation:
    """What older predictions are about: as the `results.json` beside them says, else named after their file.

    Raises:
        InputError: if the `results.json` is damaged.
    """
    about = AboutEvaluation(path.name, path.resolve().parent.name, "as in the file", None, None, version)
    beside = path.with_name("results.json")
    if not beside.is_file():
        return about
    try:
        known = json.loads(beside.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{beside}: not JSON; remove it or evaluate again") from error
    fields = ("model", "data", "unit", "short_side", "weights_sha256", "engine", "precision")
    return replace(about, **{name: known[name] for name in fields if isinstance(known, dict) and name in known})


def _prediction(row: TableRow) -> Prediction:
    place = f"{row.place}, {row['file']}"
    if not row["score"] and not row["error"]:
        raise InputError(f"{place}: neither a score nor why there is none; complete or remove that row")
    rated = Rated(
        Path(row["file"]),
        number(row["opinion"], place=place),
        reference=row["reference"] or None,
        degradation=row["degradation"] or None,
        level=whole_number(row["level"], place=place) if row["level"] else None,
        split=row["split"] or None,
        place=row.place,
    )
    return Prediction(rated, number(row["score"], place=place) if row["score"] else None, row["error"] or "")


# All numbers


def _subset_dict(subset: Subset) -> dict[str, Any]:
    plain = {
        "name": subset.name,
        "count": subset.count,
        "mean_score": subset.mean_score,
        "mean_opinion": subset.mean_opinion,
    }
    if subset.agreement is not None and subset.mapped is not None:
        found = subset.agreement
        plain |= {"srcc": found.srcc, "krcc": found.krcc, "plcc": found.plcc}
        plain |= {"plcc_mapped": subset.mapped.plcc, "rmse": subset.mapped.rmse}
    return {**plain, "note": subset.note}


def to_dict(result: Evaluation, about: AboutEvaluation) -> dict[str, Any]:
    """Everything as plain data, ready for JSON; what does not apply is an empty list or None."""
    whole = result.statistics
    intervals = {f"{name}_interval": getattr(whole.intervals, name) for name in ("srcc", "krcc", "plcc")}
    mapped = {"plcc_mapped": whole.mapped.plcc, "rmse": whole.mapped.rmse, "mapping": asdict(whole.mapped.mapping)}
    subsets = {name: getattr(result, name) for name in ("degradations", "levels", "own_splits")}
    plain = {
        "agreement": {**asdict(whole.agreement), **intervals, "resamples": whole.intervals.resamples, **mapped},
        "splits": result.splits
        and {"median": result.splits.median, "parts": [_subset_dict(subset) for subset in result.splits.subsets]},
        **{name: [_subset_dict(subset) for subset in found] for name, found in subsets.items()},
        "failures": [{"path": row.rated.path.as_posix(), "error": row.error} for row in result.failures],
        **asdict(about),
    }
    found: dict[str, Any] = finite(plain)
    return found


# Tables

_COLUMNS = ("n", "SRCC", "KRCC", "PLCC, raw", "PLCC, mapped", "RMSE", "mean score", "mean opinion")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _text(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _row(subset: Subset) -> list[str]:
    plain = _subset_dict(subset)
    names = ("srcc", "krcc", "plcc", "plcc_mapped", "rmse", "mean_score", "mean_opinion")
    return [subset.name, str(subset.count), *(_number(plain.get(name)) for name in names)]


def _table(title: str, column: str, subsets: Sequence[Subset]) -> list[str]:
    if not subsets:
        return []
    return ["", f"## {title}", "", *markdown_table((column, *_COLUMNS), map(_row, subsets))]


def _whole(result: Evaluation, about: AboutEvaluation) -> list[str]:
    found, sure, mapped = result.agreement, result.statistics.intervals, result.statistics.mapped
    correlations = (
        f"{getattr(found, name):.3f} [{getattr(sure, name)[0]:.3f}, {getattr(sure, name)[1]:.3f}]"
        for name in ("srcc", "krcc", "plcc")
    )
    columns = ("set", "n", "SRCC [95 %]", "KRCC [95 %]", "PLCC, raw [95 %]", "PLCC, mapped", "RMSE")
    row = (about.data, str(found.count), *correlations, f"{mapped.plcc:.3f}", f"{mapped.rmse:.3f}")
    return markdown_table(columns, [row])


def _remarks(result: Evaluation, about: AboutEvaluation) -> list[str]:
    whole = result.statistics
    size = "as they are" if about.short_side is None else f"with the short side shrunk to {about.short_side} px"
    sentences = (
        f"Opinions: {_text(about.unit)}; RMSE is in their unit.",
        f"Pictures: {size}.",
        f"Intervals: percentile bootstrap over {whole.intervals.resamples} resamples of the pictures.",
        f"Mapping: {whole.mapped.mapping.note or whole.mapped.mapping.kind}.",
    )
    return ["", " ".join(sentences)]


def to_markdown(result: Evaluation, about: AboutEvaluation) -> str:
    """The results as tables, the whole set first; pictures that could not be scored are listed at the end."""
    lines = [f"# {_text(about.model)} on {_text(about.data)}", "", *_whole(result, about), *_remarks(result, about)]
    if result.splits is not None:
        middle = result.splits.median
        lines += _table(f"{len(result.splits.subsets)} given splits", "split", result.splits.subsets)
        lines += ["", "Median: " + ", ".join(f"{name} {value:.3f}" for name, value in middle.items()) + "."]
    lines += _table("By degradation", "degradation", result.degradations)
    lines += _table("By level", "level", result.levels)
    lines += _table("By the set's own split", "split", result.own_splits)
    if result.failures:
        lines += ["", f"## {len(result.failures)} pictures could not be scored", ""]
        lines += [f"- `{row.rated.path.as_posix()}`: {_text(row.error)}" for row in result.failures]
    return "\n".join(lines) + "\n"


def write_report(out: Path, predictions: Sequence[Prediction], result: Evaluation, about: AboutEvaluation) -> None:
    """Write `results.json`, `results.md`, `scatter.png` and `scatter.pdf` into a folder that is there."""
    from .scatter import save_scatter, scatter_figure

    plain = json.dumps(to_dict(result, about), indent=2, ensure_ascii=False)
    write_text(out / "results.json", plain + "\n")
    write_text(out / "results.md", to_markdown(result, about))
    save_scatter(scatter_figure(predictions, result, about), out, about)
