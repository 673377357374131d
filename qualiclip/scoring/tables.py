"""CSV tables of scores, written row by row, so that a run that breaks off keeps what it had."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from qualiclip.outputs import naming, row_file

if TYPE_CHECKING:
    from .reports import Failure, QualityReport

REPORT_COLUMNS = ("score", "model", "weights_sha256", "scale", "engine", "precision", "version", "width", "height")
WriteRow = Callable[[Mapping[str, object], "QualityReport | Failure"], None]


@contextmanager
def csv_rows(path: Path, columns: Iterable[str], parts: Iterable[str]) -> Iterator[WriteRow]:
    """A function that writes one row: own columns, the report with the value of each of its parts, or the error.

    The file is made at once, before anything dear is computed.
    """
    with row_file(path) as file:
        writer = csv.DictWriter(file, [*columns, *REPORT_COLUMNS, *parts, "error"], extrasaction="ignore")
        with naming(path):
            writer.writeheader()
            file.flush()

        def write(own: Mapping[str, object], result: "QualityReport | Failure") -> None:
            row = result.to_dict()
            values = {part["name"]: part["value"] for part in row.pop("parts", ())}
            with naming(path):
                writer.writerow({**row, **values, **own})
                file.flush()

        yield write
