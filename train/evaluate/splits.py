"""Test parts of a set, from a file: rows of indices, or a table of names."""

from collections.abc import Sequence
from pathlib import Path
from tokenize import TokenError

import numpy as np

from qualiclip.errors import InputError, UsageError
from train.evaluate.datasets.rated import Rated, read_csv

Splits = list[tuple[str, list[int]]]


def read_splits(path: Path, rated: Sequence[Rated]) -> Splits:
    """Names of splits with the indices of their test pictures.

    A .npy file holds one split a row: indices into the order of the set's own table, filled up with -1 (the form of
    the splits that ARNIQA's repository ships). A CSV file has columns `file` and `split`; a picture may be in several.

    Raises:
        InputError: if the file is missing or malformed, or names a picture that the set does not have.
        UsageError: if it is neither .npy nor .csv.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected splits as .npy or .csv")
    if path.suffix == ".npy":
        return _from_indices(path, len(rated))
    if path.suffix == ".csv":
        return _from_names(path, rated)
    raise UsageError(f"{path}: splits must be a .npy file of indices or a .csv file with columns file and split")


def _from_indices(path: Path, count: int) -> Splits:
    try:
        with path.open("rb") as file:  # not np.load, which would open other kinds of files, too, and leave them open
            rows = np.lib.format.read_array(file, allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError, TokenError, MemoryError) as error:
        raise InputError(f"{path}: not a readable .npy file of integers; save it anew without pickling") from error
    if rows.dtype.kind not in "iu" or rows.ndim not in (1, 2) or not rows.size:
        raise InputError(f"{path}: expected integers (splits, pictures)")
    if rows.max() >= count or rows.min() < -1:
        raise InputError(f"{path}: indices from {rows.min()} to {rows.max()}, but the set has {count} pictures")
    splits = [(str(at), [int(i) for i in row if i != -1]) for at, row in enumerate(np.atleast_2d(rows))]
    for name, indices in splits:
        if len(set(indices)) < len(indices):
            raise InputError(f"{path}, row {name}: a picture is named twice and would count twice; save the split anew")
    return splits


def _from_names(path: Path, rated: Sequence[Rated]) -> Splits:
    index = {row.path.as_posix(): at for at, row in enumerate(rated)}
    splits: dict[str, dict[int, None]] = {}  # in their order, each once
    for row in read_csv(path, ["file", "split"]):
        if row["file"] not in index:
            raise InputError(f"{row.place}: {row['file']!r} is not in the set; names are relative to its folder")
        if not row["split"].strip():
            raise InputError(f"{row.place}: no split for {row['file']}; complete or remove that row")
        indices = splits.setdefault(row["split"], {})
        if index[row["file"]] in indices:
            raise InputError(f"{row.place}: {row['file']} is in split {row['split']} already; remove that row")
        indices[index[row["file"]]] = None
    if not splits:
        raise InputError(f"{path}: no rows; expected a picture and its split in each")
    return [(name, list(indices)) for name, indices in splits.items()]


def keep_split(rated: Sequence[Rated], name: str) -> list[Rated]:
    """The pictures whose own split has that name.

    Raises:
        UsageError: if there is none; the text lists the splits there are.
    """
    kept = [row for row in rated if row.split == name]
    if not kept:
        known = sorted({row.split for row in rated if row.split is not None})
        raise UsageError(f"no picture in split {name!r}; {'known: ' + ', '.join(known) if known else 'there are none'}")
    return kept
