"""The training curve of a finished run as a small file: its log thinned, and which run it was."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from qualiclip.errors import TrainingError
from qualiclip.outputs import write_text
from qualiclip.weights.checkpoints import read_file
from train.recipes.overrides import flattened
from train.recipes.table import RECIPES

Row = Mapping[str, Any]
NOT_LEARNING = ("step", "crops_per_second", "waiting")
DIGITS = 5


def thinned(rows: Sequence[Row], most: int) -> list[dict[str, Any]]:
    """At most `most` rows, each the mean of as many neighbours as the others (the last one perhaps of fewer).

    `step` is the number of steps done at the last of them.
    """
    size = -(-len(rows) // most)
    groups = [rows[start : start + size] for start in range(0, len(rows), size)]
    names = [name for name in rows[0] if name not in NOT_LEARNING]
    return [
        {
            "step": int(group[-1]["step"]) + 1,
            **{name: np.mean([row[name] for row in group], axis=0).round(DIGITS).tolist() for name in names},
        }
        for group in groups
    ]


def nearest_recipe(recipe: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Name of the recipe that a stored one differs least from, and the settings in which it does."""

    def stored(name: str) -> Any:
        value: Any = recipe
        for part in name.split("."):
            value = value[part]
        return value

    differences = {
        known: {
            name: stored(name) for name, value in flattened(settings).items() if _plain(value) != _plain(stored(name))
        }
        for known, settings in RECIPES.items()
    }
    name = min(differences, key=lambda known: len(differences[known]))
    return name, differences[name]


def _plain(value: Any) -> str:
    return json.dumps(value)  # a tuple becomes the list that it is in the file


def read_curve(run: Path, *, most: int) -> dict[str, Any]:
    """What is known about the run in a folder, and its log in at most `most` rows.

    Raises:
        TrainingError: if the folder has no log of a finished run, or it is damaged.
    """
    log, model = run / "log.jsonl", run / "model.safetensors"
    if not (log.is_file() and model.is_file()):
        raise TrainingError(f"{run}: expected log.jsonl and model.safetensors of a finished run (python -m train fit)")
    metadata = read_file(model)[0]
    try:
        rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        return _curve(json.loads(metadata["training"]), rows, model, most)
    except (ValueError, LookupError, TypeError) as error:  # an empty log, another kind of log, weights not trained here
        raise TrainingError(
            f"{run}: {log.name} or {model.name} is not of a finished run ({error!r}); fit it anew"
        ) from error


def _curve(record: Mapping[str, Any], rows: Sequence[Row], model: Path, most: int) -> dict[str, Any]:
    recipe = record["recipe"]
    name, changes = nearest_recipe(recipe)
    kept = thinned(rows, most)
    return {
        "recipe": name,
        "changes": changes,
        "date": datetime.fromtimestamp(model.stat().st_mtime, tz=timezone.utc).date().isoformat(),
        "started_from": "other weights" if record["started_from"] else "random weights",
        "version": record["version"],
        "steps": recipe["steps"],
        "photos": record["photos"],
        "batch": recipe["batch"],
        "minutes": record["minutes"],
        "consistency_margin": recipe["losses"]["consistency_margin"],
        "ranking_margin": recipe["losses"]["ranking_margin"],
        "logged_rows_per_row": -(-len(rows) // len(kept)),
        "rows": kept,
    }


def write_curve(curve: Mapping[str, Any], path: Path) -> None:
    """Write it as JSON with a line for each row."""
    rows = ",\n  ".join(json.dumps(row) for row in curve["rows"])
    head = json.dumps({name: value for name, value in curve.items() if name != "rows"}, indent=1)
    write_text(path, f'{head.removesuffix("}").rstrip()},\n "rows": [\n  {rows}\n ]\n}}\n')
