"""CSV tables of scores, written row by row, so that a run that breaks off keeps what it had."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .reports import Failure, QualityReport

REPORT_COLUMNS = ("score", "model", "weights_sha256", "scale", "engine", "precision", "version", "width", "height")
WriteRow = Callable[[Mapping[str, object], QualityReport | Failure], None]


@contextmanager
def csv_rows(path: Path, columns: Iterable[str], positives: Iterable[str]) -> Iterator[WriteRow]:
    """A function that writes one row: own columns, the report with the probability of each pair, or the error.

    The file is made at once, before anything dear is computed.
    """
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.DictWriter(file, [*columns, *REPORT_COLUMNS, *positives, "error"])
        writer.writeheader()

        def write(own: Mapping[str, object], result: QualityReport | Failure) -> None:
            row = result.to_dict()
            del row["path"]
            pairs = row.pop("pairs", ())
            writer.writerow({**own, **row, **{pair["positive"]: pair["probability"] for pair in pairs}})
            file.flush()

        yield write
