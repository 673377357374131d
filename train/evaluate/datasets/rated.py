"""A rated picture, and what the readers of all sets share: finding files, tables, numbers."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qualiclip.errors import InputError

Row = Mapping[str, object]


@dataclass(frozen=True)
class Rated:
    """A picture with its mean opinion.

    Attributes:
        path: File, relative to the folder of the set.
        opinion: In the unit of the set. Higher is better once a `Dataset` has read it.
        reference: Name of the pristine picture it was made from; None for a picture that was found.
        degradation: What was done to it.
        level: How strongly, by the counting of the set.
        split: Part of the set it belongs to, if the owners made parts.
    """

    path: Path
    opinion: float
    reference: str | None = None
    degradation: str | None = None
    level: int | None = None
    split: str | None = None


def find(root: Path, what: str, candidates: Iterable[str]) -> Path:
    """The first of some files or folders (relative to the root) that exists.

    Raises:
        InputError: if none does.
    """
    names = list(candidates)
    for name in names:
        if (root / name).exists():
            return root / name
    raise InputError(
        f"{root}: {what} not found; looked for {', '.join(names)}; unpack the set as its owners distribute it, or "
        "describe it in a CSV file (--csv)"
    )


class Folder:
    """A folder below the root that finds files whatever the case of their names."""

    def __init__(self, root: Path, folder: Path) -> None:
        """List the folder once."""
        self._folder = folder.relative_to(root)
        self._names = {path.name.lower(): path.name for path in sorted(folder.iterdir())}

    def __contains__(self, name: str) -> bool:
        """Whether there is such a file."""
        return name.lower() in self._names

    def path(self, name: str) -> Path:
        """Path relative to the root; of a file that does not exist the name as it is, so that it can be reported."""
        return self._folder / self._names.get(name.lower(), name)


def number(value: object, *, place: str) -> float:
    """A cell as a finite number.

    Raises:
        InputError: if it is none; `place` says where it stands.
    """
    try:
        result = float(str(value))
    except ValueError as error:
        raise InputError(f"{place}: {value!r} is not a number; repair that row") from error
    if not abs(result) < float("inf"):
        raise InputError(f"{place}: {value!r} is not a finite number; repair or remove that row")
    return result


def _check_columns(path: Path, found: Iterable[str], wanted: Iterable[str]) -> None:
    known = list(found)
    for column in wanted:
        if column not in known:
            raise InputError(f"{path}: no column '{column}'; found {', '.join(known) or 'no header'}")


def read_csv(path: Path, columns: Iterable[str]) -> list[dict[str, str]]:
    """Rows of a CSV file with a header that has at least these columns.

    Raises:
        InputError: if the file is missing, is not UTF-8, or lacks a column.
    """
    wanted = list(columns)
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected a CSV file with columns {' and '.join(wanted)}")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # Excel writes a byte order mark
            reader = csv.DictReader(file)
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a UTF-8 table with a number per file: {error}") from error
    _check_columns(path, reader.fieldnames or (), wanted)
    return rows


def read_xlsx(path: Path, columns: Iterable[str], *, sheet: str | None = None) -> list[dict[str, object]]:
    """Rows below the first row of a worksheet (None: the first one) that names all these columns.

    Raises:
        InputError: if the file can't be read, or there is no such sheet or row.
    """
    from zipfile import BadZipFile

    from openpyxl import load_workbook

    wanted = list(columns)
    try:
        book = load_workbook(path, data_only=True)
    except (BadZipFile, KeyError, ValueError, OSError) as error:
        raise InputError(f"{path}: not a readable .xlsx file; download it again") from error
    if sheet is not None and sheet not in book.sheetnames:
        raise InputError(f"{path}: no sheet {sheet!r}; found {', '.join(book.sheetnames)}")
    cells = list((book[sheet] if sheet else book.worksheets[0]).iter_rows(values_only=True))
    for at, row in enumerate(cells):
        header = [str(cell).strip() for cell in row]
        if set(wanted) <= set(header):
            below = (dict(zip(header, values, strict=True)) for values in cells[at + 1 :])
            return [values for values in below if values[wanted[0]] is not None]
    raise InputError(f"{path}: no row with the columns {', '.join(wanted)}; is it the file of the owners?")


def read_mat(path: Path, variable: str) -> list[Any]:
    """A vector of numbers, or of strings, from a MATLAB file.

    Raises:
        InputError: if the file can't be read or has no such variable.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path)
    except (MatReadError, ValueError, OSError, NotImplementedError, TypeError) as error:
        raise InputError(f"{path}: not a readable MATLAB file (version 4 to 7.2); download it again") from error
    if variable not in content:
        known = [name for name in content if not name.startswith("__")]
        raise InputError(f"{path}: no variable {variable!r}; found {', '.join(known)}")
    values = content[variable].ravel()
    return [str(value.ravel()[0]) if value.size else "" for value in values] if values.dtype == object else list(values)


def same_length(path: Path, lists: Iterable[list[Any]]) -> None:
    """Check that lists which belong together are equally long.

    Raises:
        InputError: if they are not.
    """
    lengths = [len(values) for values in lists]
    if len(set(lengths)) > 1:
        raise InputError(f"{path}: lists of {', '.join(map(str, lengths))} entries, expected the same; download again")
