"""Any set, described by the columns of a CSV file."""

from dataclasses import dataclass
from pathlib import Path

from qualiclip.errors import InputError

from .rated import Rated, number, read_csv, refuse_repeats, whole_number
from .text_tables import TableRow


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


def read_table(path: Path, columns: Columns, *, folder: Path | None = None) -> list[Rated]:
    """Pictures of a CSV file with a header; opinions are turned if lower ones are better.

    `folder` is where the pictures are; without it, that of the table.

    Raises:
        InputError: if the file or a column is missing, an opinion or level is not a number, a row could mean two
            things, or a picture stands in two of them.
    """
    named = (columns.reference, columns.degradation, columns.level, columns.split)
    rows = read_csv(path, [columns.file, columns.opinion, *(name for name in named if name is not None)])
    if not rows:
        raise InputError(f"{path}: no rows below the header; expected a picture and its opinion in each")
    rated = [_rated(row, columns) for row in rows]
    refuse_repeats(rated, path.parent if folder is None else folder)
    return rated


def _rated(row: TableRow, columns: Columns) -> Rated:
    name = row[columns.file]
    if not name.strip():
        raise InputError(f"{row.place}: no file name in column '{columns.file}'; complete or remove that row")
    opinion = number(row[columns.opinion], place=f"{row.place}, {name}")
    level = _cell(row, columns.level)
    return Rated(
        Path(name),
        -opinion if columns.lower_is_better else opinion,
        reference=_cell(row, columns.reference),
        degradation=_cell(row, columns.degradation),
        level=None if level is None else whole_number(level, place=f"{row.place}, {name}"),
        split=_cell(row, columns.split),
        place=row.place,
    )


def _cell(row: TableRow, column: str | None) -> str | None:
    return (row[column] or None) if column is not None else None
