"""The log of a run: JSON lines, and TensorBoard's format where that is installed."""

import json
from pathlib import Path
from typing import Any

from qualiclip.errors import TrainingError
from qualiclip.outputs import write_text
from qualiclip.terminal import say


def trim_log(path: Path, start: int) -> None:
    """Drop the rows of a log that a resumed run will write again.

    Raises:
        TrainingError: if it is no such log.
    """
    if not path.is_file():
        return
    try:
        rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
        whole = [row for row in rows if row.endswith("\n")]  # a crash may have cut the last one
        kept = [row for row in whole if json.loads(row)["step"] < start]
    except (ValueError, LookupError, TypeError) as error:
        raise TrainingError(f"{path} is damaged, or no log of a run; delete it to go on without") from error
    write_text(path, "".join(kept))


class RunLog:
    """Rows of numbers by step, written at once to `log.jsonl` and to the folder `tensorboard`."""

    def __init__(self, folder: Path, *, start: int) -> None:
        """Go on with the log of a folder at a step; later rows are dropped."""
        path = folder / "log.jsonl"
        trim_log(path, start)
        self._file = path.open("a", encoding="utf-8")
        self._board = _board(folder / "tensorboard", start)

    def write(self, step: int, row: dict[str, Any]) -> None:
        """Add a row; lists become one curve for each of their numbers."""
        self._file.write(json.dumps({"step": step, **row}) + "\n")
        self._file.flush()
        if self._board is not None:
            for curve, number in _curves(row).items():
                self._board.add_scalar(curve, number, step)

    def close(self) -> None:
        """Write what is left."""
        self._file.close()
        if self._board is not None:
            self._board.close()


def _curves(row: dict[str, Any]) -> dict[str, float]:
    curves = {}
    for name, value in row.items():
        parts = (
            {f"{name}/{part}": number for part, number in enumerate(value)}
            if isinstance(value, list)
            else {name: value}
        )
        curves.update(parts)
    return curves


def _board(folder: Path, start: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        say("no TensorBoard log: pip install tensorboard")
        return None
    return SummaryWriter(str(folder), purge_step=start)
