"""The error family. One `except QualiclipError` catches everything this project raises on purpose.

QualiclipError
├── UsageError          the caller asked for something that does not exist or is out of range
├── InputError          a picture, image or file can't be used
├── WeightsError        a checkpoint is missing, damaged or of the wrong shape
└── TrainingError       training can't start or can't go on
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import SupportsFloat, TypeVar

Row = TypeVar("Row")
LONGEST_SHOWN = 60  # letters of what a caller gave

# What ends a line, steers a terminal or turns the text around: control characters, separators of lines and
# paragraphs, marks of the writing direction; and what stands for bytes of a name that are no text. All others, such
# as a narrow space, stay: they belong to names.
_NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def one_line(text: object) -> str:
    r"""A text, such as a path, in one line that shows what is in it: a line break as `\n`."""
    return _NOT_IN_A_LINE.sub(lambda found: found[0].encode("unicode_escape").decode(), str(text))


def digits(value: SupportsFloat) -> str:
    """A number with all its digits, so that 1.0000001 is not shown as 1; 6.0 is 6."""
    return str(value).removesuffix(".0")


class QualiclipError(Exception):
    """Base of all errors of this project; its text is one line, fit to show to a user."""

    def __str__(self) -> str:
        """The text; names in it that have control characters don't break the line."""
        return one_line(super().__str__())


class UsageError(QualiclipError):
    """The caller asked for something that does not exist or is out of range."""


class InputError(QualiclipError):
    """A picture, image or file can't be used; the text says what, why and the remedy."""


class WeightsError(QualiclipError):
    """A checkpoint is missing, damaged or of the wrong shape."""


class TrainingError(QualiclipError):
    """Training can't start or can't go on."""


def shown(value: object) -> str:
    """What a caller gave, for a message of one line: a number or a text as it is, of all else the kind."""
    if isinstance(value, int) and value.bit_length() > 200:
        return f"a whole number of {value.bit_length()} bits"  # Python refuses to write the longest ones
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        text = repr(value)
        return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
    return f"an object of type {type(value).__name__}"


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UsageError:
    """An error for a name that is not in a table: suggests the nearest ones, or lists all."""
    names = sorted(known)
    if not isinstance(name, str):
        return UsageError(f"{kind} must be a name, got {shown(name)}; known: {', '.join(names)}")
    near = difflib.get_close_matches(name, names, n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names)}"
    return UsageError(f"unknown {kind} {shown(name)}; {hint}")


def look_up(table: Mapping[str, Row], name: str, *, kind: str) -> Row:
    """The row of that name.

    Raises:
        UsageError: if there is none; the text suggests the nearest names.
    """
    if not isinstance(name, str) or name not in table:
        raise unknown_name(kind, name, table)
    return table[name]
