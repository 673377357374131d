"""Tables of text, read strictly: what could mean two things is refused with its line, never guessed."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from qualiclip.errors import InputError

LINE_END = re.compile(r"\r\n|\r|\n")
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


class TableRow(dict[str, Any]):
    """A row of a table by its columns; `place` says in which line of which file it stands."""

    def __init__(self, cells: dict[str, Any], place: str) -> None:
        """Keep the cells and the place."""
        super().__init__(cells)
        self.place = place


def read_text(path: Path, *, encoding: str = "utf-8-sig") -> str:
    """The text of a file; utf-8-sig is UTF-8, with or without the mark that Excel writes first.

    Raises:
        InputError: if the file can't be read, or is no text in that encoding.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; check the path and its permissions") from error
    if content.startswith(UTF16_MARKS):
        raise InputError(f"{path}: not a UTF-8 table but UTF-16; save it as CSV in UTF-8")
    if b"\0" in content:
        raise InputError(f"{path}: not a UTF-8 table: it holds bytes of 0, as other kinds of files do; get it again")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, line {line}: not a UTF-8 table: {error.reason}; save it as CSV in UTF-8") from error


def read_lines(path: Path, *, encoding: str = "utf-8-sig") -> list[tuple[str, str]]:
    """The lines of a text file that are not blank, each after its place.

    Raises:
        InputError: as `read_text`.
    """
    lines = LINE_END.split(read_text(path, encoding=encoding))
    return [(f"{path}, line {number}", line) for number, line in enumerate(lines, start=1) if line.strip()]


def read_rows(path: Path, columns: Sequence[str]) -> list[TableRow]:
    """Rows of a CSV file; blank lines don't count.

    Every row must have as many fields as the header, and none with a line break; each of `columns` must be there.

    Raises:
        InputError: if the file, its header or a row is not so; the text names the line and says what to do.
    """
    numbered = _fields(path, read_text(path))
    first = next(numbered, None)
    header = [name.strip() for name in first[1]] if first else []
    _check_header(path, header, columns)
    return [_row(f"{path}, line {number}", header, fields) for number, fields in numbered]


def _fields(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Fields of each line that is not blank, with its number; of a field with line breaks, that of its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 1
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield number, fields
            number = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path}, line {number}: {error}; check its quotes") from error


def _check_header(path: Path, header: list[str], columns: Sequence[str]) -> None:
    for column in columns:
        if column not in header:
            raise InputError(f"{path}: no column '{column}'; found {', '.join(header) or 'no header'}{_hint(header)}")
    repeated = [name for name in header if name and header.count(name) > 1]
    if repeated:
        raise InputError(f"{path}: two columns are called '{repeated[0]}'; rename or remove one")


def _hint(header: list[str]) -> str:
    """What else may be wrong with a header that lacks a column."""
    if not header:
        return "; the file is empty"
    for delimiter, word in OTHER_DELIMITERS.items():
        if any(delimiter in name for name in header):
            return f"; the fields seem to be parted by {word}: save it with commas, and with points in numbers"
    return "; the first line must name the columns"


def _row(place: str, header: list[str], fields: list[str]) -> TableRow:
    if len(fields) > len(header):
        raise InputError(
            f"{place}: {len(fields)} fields, but {len(header)} columns; write 4.5, not 4,5, and put quotes around "
            "text with commas"
        )
    if len(fields) < len(header):
        raise InputError(f"{place}: {len(fields)} fields, but {len(header)} columns; complete or remove that row")
    broken = [name for name, field in zip(header, fields, strict=True) if "\n" in field or "\r" in field]
    if broken:
        raise InputError(f"{place}: a line break inside quotes, in '{broken[0]}'; is a quote missing? Repair that row")
    return TableRow(dict(zip(header, fields, strict=True)), place)
