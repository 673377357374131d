"""A rated picture, and what the readers of all sets share: finding files, tables, numbers."""

import os
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qualiclip.errors import InputError

from .text_tables import TableRow, read_rows

# Not all that Python takes for a number: 1_000 is 1000 to it, and digits of other scripts are some, too.
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
# What readers raise on cut or altered files, which have no common class; tried on thousands of such files.
DAMAGED: tuple[type[Exception], ...] = (
    *(zipfile.BadZipFile, zlib.error, SyntaxError, LookupError, TypeError, ValueError, AttributeError),
    *(OSError, EOFError, RuntimeError, OverflowError, MemoryError, struct.error),
)
NO_NUMBER = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)


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
        place: Where it stands in its table, for messages.
    """

    path: Path
    opinion: float
    reference: str | None = None
    degradation: str | None = None
    level: int | None = None
    split: str | None = None
    place: str = field(default="", compare=False, repr=False)


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
    text = str(value).strip()
    if NO_NUMBER.fullmatch(text) or (NUMBER.fullmatch(text) and abs(float(text)) == float("inf")):
        raise InputError(f"{place}: {value!r} is not a finite number; repair or remove that row")
    if not NUMBER.fullmatch(text):
        hint = ": write 4.5, not 4,5, and nothing between thousands" if re.search(r"\d[,\s'_]\d", text) else ""
        raise InputError(f"{place}: {value!r} is not a number; repair that row{hint}")
    return float(text)


def whole_number(value: object, *, place: str) -> int:
    """A cell as a whole number, such as 3 or 3.0.

    Raises:
        InputError: if it is none; `place` says where it stands.
    """
    result = number(value, place=place)
    if not result.is_integer():
        raise InputError(f"{place}: {value!r} is not a whole number; repair that row")
    return int(result)


def refuse_repeats(rated: Sequence[Rated], folder: Path | None = None) -> None:
    """Refuse a picture that is there twice: it would count twice, or have two opinions.

    Names are the same if they lead to one file, or differ in the case of letters alone, unless both are files in
    `folder`; without a folder, if they are written in the same way.

    Raises:
        InputError: if one is; the text says where both stand.
    """
    seen: dict[str, Rated] = {}
    for row in rated:
        for other in [seen.setdefault(key, row) for key in _spellings(row, folder)]:
            if other is not row and _same_file(row.path, other.path, folder):
                raise InputError(
                    f"{row.place or folder}: {row.path.as_posix()} is in the table already, as "
                    f"{other.path.as_posix()} ({other.place}); keep one of the two rows"
                )


def _spellings(row: Rated, folder: Path | None) -> set[str]:
    """What two names have in common that may be one file's."""
    if "\0" in str(row.path):
        raise InputError(f"{row.place or folder}: a file name with a byte of 0; get the table again")
    if folder is None:
        return {os.path.normpath(row.path)}
    real = os.path.realpath(folder / row.path)
    return {real, unicodedata.normalize("NFC", real).casefold()}


def _same_file(one: Path, other: Path, folder: Path | None) -> bool:
    if folder is None or not ((folder / one).exists() and (folder / other).exists()):
        return True
    return os.path.samefile(folder / one, folder / other)


def read_csv(path: Path, columns: Iterable[str]) -> list[TableRow]:
    """Rows of a CSV file with a header that has at least these columns.

    Raises:
        InputError: if the file is missing, is not UTF-8, lacks a column, or has a row that could mean two things.
    """
    wanted = list(columns)
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected a CSV file with columns {' and '.join(wanted)}")
    return read_rows(path, wanted)


def read_xlsx(path: Path, columns: Iterable[str], *, sheet: str | None = None) -> list[TableRow]:
    """Rows below the first row of a worksheet (None: the first one) that names all these columns.

    Rows in which all of them are empty don't count.

    Raises:
        InputError: if the file can't be read, there is no such sheet or row, or a row has no name of a picture.
    """
    wanted = list(columns)
    numbered = enumerate(_worksheet(path, sheet), start=1)
    named = ([str(cell).strip() for cell in row] for _, row in numbered)
    header = next((names for names in named if set(wanted) <= set(names)), None)
    if header is None:
        raise InputError(f"{path}: no row with the columns {', '.join(wanted)}; is it the file of the owners?")
    for column in wanted:
        if header.count(column) > 1:
            raise InputError(f"{path}: two columns are called '{column}'; rename or remove one")
    rows = [TableRow(dict(zip(header, row, strict=True)), f"{path}, row {number}") for number, row in numbered]
    used = [row for row in rows if any(row[column] is not None for column in wanted)]
    for row in used:
        if row[wanted[0]] is None:
            raise InputError(f"{row.place}: nothing in column '{wanted[0]}'; complete or remove that row")
    return used


def _worksheet(path: Path, sheet: str | None) -> list[tuple[object, ...]]:
    """All cells of a worksheet, read before the file is closed."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, data_only=True)
        if sheet is not None and sheet not in book.sheetnames:
            raise InputError(f"{path}: no sheet {sheet!r}; found {', '.join(book.sheetnames)}")
        return list((book[sheet] if sheet else book.worksheets[0]).iter_rows(values_only=True))
    except (*DAMAGED, InvalidFileException) as error:
        raise InputError(f"{path}: not a readable .xlsx file; download it again") from error


def read_mat(path: Path, variable: str) -> list[Any]:
    """A vector of numbers, or of strings, from a MATLAB file.

    Raises:
        InputError: if the file can't be read or has no such variable.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path)
    except (*DAMAGED, MatReadError) as error:
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
