"""The error family. One `except QualiclipError` catches everything this project raises on purpose.

QualiclipError
├── UsageError          the caller asked for something that does not exist or is out of range
├── InputError          a picture, image or file can't be used
├── WeightsError        a checkpoint is missing, damaged or of the wrong shape
└── TrainingError       training can't start or can't go on
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

Row = TypeVar("Row")


class QualiclipError(Exception):
    """Base of all errors of this project; its text is one line, fit to show to a user."""


class UsageError(QualiclipError):
    """The caller asked for something that does not exist or is out of range."""


class InputError(QualiclipError):
    """A picture, image or file can't be used; the text says what, why and the remedy."""


class WeightsError(QualiclipError):
    """A checkpoint is missing, damaged or of the wrong shape."""


class TrainingError(QualiclipError):
    """Training can't start or can't go on."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """An error for a name that is not in a table: suggests the nearest ones, or lists all."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names)}"
    return UsageError(f"unknown {kind} {name!r}; {hint}")


def look_up(table: Mapping[str, Row], name: str, *, kind: str) -> Row:
    """The row of that name.

    Raises:
        UsageError: if there is none; the text suggests the nearest names.
    """
    if name not in table:
        raise unknown_name(kind, name, table)
    return table[name]
