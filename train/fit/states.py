"""What a stopped run needs to go on, in one file that appears whole or not at all."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Protocol

import torch

from qualiclip.errors import TrainingError


class Stateful(Protocol):
    """A model, an optimiser or a scaler of gradients."""

    def state_dict(self) -> dict[str, Any]:
        """Everything that changes."""

    def load_state_dict(self, state: dict[str, Any], /) -> Any:
        """Put it back."""


@dataclass(frozen=True)
class TrainingProgress:
    """How far a run has come: steps taken, and seconds spent on them in all its stretches."""

    step: int
    seconds: float


def save_state(path: Path, parts: dict[str, Stateful], progress: TrainingProgress, recipe: Any) -> None:
    """Write the state of all parts, by their names.

    Raises:
        TrainingError: if it can't be written.
    """
    partial = path.with_name(path.name + ".partial")
    state = {name: part.state_dict() for name, part in parts.items()}
    try:
        torch.save({**state, **asdict(progress), "recipe": json.dumps(asdict(recipe))}, partial)
        os.replace(partial, path)
    except (RuntimeError, OSError) as error:  # a full disk is a RuntimeError of torch's writer
        partial.unlink(missing_ok=True)
        raise TrainingError(f"{path} can't be written; make room, and the same command goes on") from error


def saved_step(path: Path) -> int:
    """After which step a state was saved; 0 if there is none."""
    return int(torch.load(path, weights_only=True, map_location="cpu", mmap=True)["step"]) if path.is_file() else 0


def load_state(path: Path, parts: dict[str, Stateful], recipe: Any) -> TrainingProgress:
    """Put a saved state back into all parts.

    Raises:
        TrainingError: if the state is damaged or belongs to another recipe.
    """
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
        stored = json.loads(state["recipe"])
    except (RuntimeError, OSError, EOFError, UnpicklingError, ValueError, LookupError, TypeError) as error:
        raise TrainingError(f"{path} is damaged; delete it to start again") from error
    if stored != json.loads(json.dumps(asdict(recipe))):
        raise TrainingError(f"{path} was made with another recipe; use another folder or the same settings")
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return TrainingProgress(int(state["step"]), float(state["seconds"]))
