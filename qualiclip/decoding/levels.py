"""Samples of any depth ↔ numbers in [0, 1] and 8 bits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qualiclip.errors import InputError, digits


def to_unit(name: str, values: NDArray[Any], *, most: float = 1.0) -> NDArray[np.float32]:
    """The values as parts of the largest possible, in [0, 1], in new memory; that of floats is `most`.

    Raises:
        InputError: if a value is outside, no number, or of another dtype.
    """
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2:
        return values.astype(np.float32) / np.float32(np.iinfo(values.dtype).max)
    if values.dtype.kind != "f":
        raise InputError(f"{name}: dtype {values.dtype}, expected uint8, uint16 or float; convert it first")
    low, high = values.min(), values.max()
    if np.isnan(low):
        raise InputError(f"{name}: not all values are numbers (nan), expected 0 to {digits(most)}; replace them first")
    if low < 0 or high > most:
        found = f"values from {digits(low)} to {digits(high)}"
        raise InputError(f"{name}: {found}, expected 0 to {digits(most)}; scale or clip them")
    return (values if most == 1 else values / most).astype(np.float32)


def to_uint8(unit: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Numbers in [0, 1], rounded to the nearest of the 256 levels."""
    return np.rint(unit * 255).astype(np.uint8)
