"""Checks of arguments at the public doors: right kind, finite, in range; else one line that names the culprit."""

import math
import os
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any

from .errors import UsageError, shown


def plain(value: Any) -> Any:
    """A number of NumPy, or an array or tensor without axes, as Python's own; all else as it is."""
    return value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value


def is_real(value: Any) -> bool:
    """Whether a value of Python is a number, NaN among them; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def check_number(what: str, value: object, low: float, high: float) -> float:
    """The value, a number from `low` to `high`, both finite; whole numbers stay whole.

    Raises:
        UsageError: if it is none, or outside; NaN is.
    """
    number = plain(value)
    if not is_real(number):
        raise UsageError(f"{what} must be a number in [{low}, {high}], got {shown(number)}")
    if not low <= number <= high:  # also true for NaN
        raise UsageError(f"{what} must lie in [{low}, {high}], got {shown(number)}")
    return int(number) if isinstance(number, Integral) else float(number)


def is_number(value: object) -> bool:
    """Whether a value is a finite number, of Python or of NumPy; True and False are none."""
    number = plain(value)
    return is_real(number) and bool(-math.inf < number < math.inf)


def finite(data: Any) -> Any:
    """Plain data for JSON, with None in place of the numbers that it has no words for: NaN and infinity."""
    if isinstance(data, Mapping):
        return {name: finite(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


def is_whole(value: object) -> bool:
    """Whether a value is a whole number."""
    return is_number(value) and bool(plain(value) == int(plain(value)))


def check_whole(what: str, value: object, low: int, high: int) -> int:
    """The value, a whole number from `low` to `high`.

    Raises:
        UsageError: if it is none, or outside.
    """
    number = check_number(what, value, low, high)
    if number != int(number):
        raise UsageError(f"{what} must be a whole number in [{low}, {high}], got {shown(number)}")
    return int(number)


def check_several(what: str, values: object) -> None:
    """Refuse one thing where several are meant: a text would be taken letter by letter.

    Raises:
        UsageError: if the values are one text, one path, or nothing that can be gone through.
    """
    if isinstance(values, str | bytes | os.PathLike) or not isinstance(values, Iterable):
        raise UsageError(f"{what} must be a list, got {shown(values)}; put a single one into a list, too")
