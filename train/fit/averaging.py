"""The average of several models: of runs that went on from one model, often better than each of them.

Source: model soups, arXiv 2203.05482. All models count the same, so no score of a human is needed to choose.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

import qualiclip
from qualiclip.errors import TrainingError
from qualiclip.models.qualiclip import require_quality_model
from qualiclip.weights.checkpoints import save_checkpoint
from qualiclip.weights.loading import Checkpoint, load_checkpoint


def average_weights(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of each tensor over the states; counters are those of the first."""
    return {
        name: torch.stack([state[name].float() for state in states]).mean(dim=0) if first.is_floating_point() else first
        for name, first in states[0].items()
    }


def _check(checkpoints: Sequence[Checkpoint]) -> None:
    if len(checkpoints) < 2:
        raise TrainingError(f"an average needs at least two models, got {len(checkpoints)}")
    first, *others = (require_quality_model(each.model, "an average") for each in checkpoints)
    for other, model in zip(checkpoints[1:], others, strict=True):
        if model.settings != first.settings or not torch.allclose(
            model.prompt_features, first.prompt_features, atol=1e-3
        ):
            raise TrainingError(
                f"{other.name} has other settings or prompts than {checkpoints[0].name}; average runs of one recipe"
            )


def average(models: Sequence[str], out: Path, *, half_weights: bool) -> Path:
    """Write the average of models, given by name or path; returns the path.

    Raises:
        TrainingError: if there are fewer than two, or they differ in settings or prompts.
    """
    checkpoints = [load_checkpoint(name) for name in models]
    _check(checkpoints)
    model = checkpoints[0].model
    model.load_state_dict(average_weights([checkpoint.model.state_dict() for checkpoint in checkpoints]))
    parents = [{"sha256": each.sha256, "training": dict(each.training)} for each in checkpoints]
    record = {"average_of": parents, "version": qualiclip.__version__}
    save_checkpoint(model, out, training=record, dtype=torch.float16 if half_weights else torch.float32)
    return out
