"""Any set, described by the columns of a CSV file."""

from dataclasses import dataclass
from pathlib import Path

from .rated import Rated, number, read_csv


@dataclass(frozen=True)
class Columns:
    """Names of the columns of a table; None for what it does not have."""

    file: str = "file"
    opinion: str = "mos"
    reference: str | None = None
    degradation: str | None = None
    level: str | None = None
    split: str | None = None
    lower_is_better: bool = False


def read_table(path: Path, columns: Columns) -> list[Rated]:
    """Pictures of a CSV file with a header; opinions are turned if lower ones are better.

    Raises:
        InputError: if the file or a column is missing, or an opinion or level is not a number.
    """
    named = (columns.reference, columns.degradation, columns.level, columns.split)
    rows = read_csv(path, [columns.file, columns.opinion, *(name for name in named if name is not None)])
    return [_rated(path, row, columns) for row in rows]


def _rated(path: Path, row: dict[str, str], columns: Columns) -> Rated:
    name = row[columns.file]
    opinion = number(row[columns.opinion], place=f"{path}, {name}")
    level = _cell(row, columns.level)
    return Rated(
        Path(name),
        -opinion if columns.lower_is_better else opinion,
        reference=_cell(row, columns.reference),
        degradation=_cell(row, columns.degradation),
        level=None if level is None else int(number(level, place=f"{path}, {name}")),
        split=_cell(row, columns.split),
    )


def _cell(row: dict[str, str], column: str | None) -> str | None:
    return (row[column] or None) if column is not None else None
