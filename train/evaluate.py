"""Evaluation on a folder of pictures with human opinions."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from qualiclip.errors import InputError
from qualiclip.metrics import Agreement, agreement
from qualiclip.scoring import Failure, Scorer


@dataclass(frozen=True)
class Evaluation:
    """Agreement over the pictures that could be scored, and what went wrong with the others."""

    agreement: Agreement
    failures: tuple[Failure, ...]


def read_opinions(path: Path, *, file_column: str, opinion_column: str) -> list[tuple[str, float]]:
    """File names and opinions of a CSV file with a header.

    Raises:
        InputError: if the file is missing, a column is missing, or an opinion is not a number.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected a CSV file with columns {file_column} and {opinion_column}")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # Excel writes a byte order mark
            rows = list(csv.DictReader(file))
        opinions = [(row[file_column], float(row[opinion_column] or "nothing")) for row in rows]
    except KeyError as error:
        raise InputError(f"{path}: no column {error}; found {', '.join(map(str, rows[0]))}") from error
    except ValueError as error:
        raise InputError(f"{path}: not a UTF-8 table with a number per file: {error}") from error
    return opinions


def evaluate(scorer: Scorer, folder: Path, opinions: Iterable[tuple[str, float]]) -> Evaluation:
    """Agreement of a scorer with the opinions on the pictures of a folder; broken pictures are reported.

    Raises:
        InputError: if fewer than three pictures can be scored.
    """
    listed = list(opinions)
    results = tqdm(
        scorer.score_many(folder / name for name, _ in listed), total=len(listed), unit="picture", disable=None
    )
    pairs, failures = [], []
    for result, (_, opinion) in zip(results, listed, strict=True):
        if isinstance(result, Failure):
            failures.append(result)
        else:
            pairs.append((result.score, opinion))
    scores, human = zip(*pairs, strict=True) if pairs else ((), ())
    return Evaluation(agreement(scores, human), tuple(failures))
