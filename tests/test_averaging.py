"""Tests of averages of models."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from qualiclip.errors import TrainingError
from qualiclip.weights.checkpoints import save_checkpoint
from qualiclip.weights.loading import load_checkpoint
from train.__main__ import app
from train.fit.averaging import average
from train.fit.models import random_model
from train.recipes.table import RECIPES

SMOKE = RECIPES["smoke"]


@pytest.fixture
def models(tmp_path: Path) -> list[str]:
    """Two models of one recipe, whose first weights are from different seeds but whose prompts are the same."""
    first, second = random_model(SMOKE), random_model(replace(SMOKE, seed=8))
    second.prompt_features.copy_(first.prompt_features)
    for name, model in (("first", first), ("second", second)):
        save_checkpoint(model.eval(), tmp_path / f"{name}.safetensors", training={"run": name}, dtype=torch.float32)
    return [str(tmp_path / f"{name}.safetensors") for name in ("first", "second")]


def test_an_average_lies_in_the_middle_and_names_its_parents(models: list[str], tmp_path: Path) -> None:
    file = tmp_path / "average.safetensors"
    result = CliRunner().invoke(app, ["average", *models, "--out", str(file), "--full"])
    assert result.stdout.strip() == str(file)
    first, second, middle = (load_checkpoint(name) for name in (*models, str(file)))
    for name, weight in middle.model.state_dict().items():
        both = first.model.state_dict()[name], second.model.state_dict()[name]
        torch.testing.assert_close(weight, (both[0] + both[1]) / 2 if weight.is_floating_point() else both[0])
    parents = middle.training["average_of"]
    assert [parent["training"]["run"] for parent in parents] == ["first", "second"]
    assert [parent["sha256"] for parent in parents] == [first.sha256, second.sha256]


def test_an_average_is_stored_in_half_precision_unless_asked(models: list[str], tmp_path: Path) -> None:
    half = average(models, tmp_path / "half.safetensors", half_weights=True)
    full = average(models, tmp_path / "full.safetensors", half_weights=False)
    assert half.stat().st_size < 0.6 * full.stat().st_size


def test_models_that_do_not_belong_together_are_refused(models: list[str], tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="an average needs at least two models, got 1"):
        average(models[:1], tmp_path / "average.safetensors", half_weights=True)
    other = tmp_path / "other.safetensors"
    save_checkpoint(random_model(replace(SMOKE, seed=9)).eval(), other, training={}, dtype=torch.float32)
    with pytest.raises(
        TrainingError, match=r"other\.safetensors has other settings or prompts than first\.safetensors"
    ):
        average([models[0], str(other)], tmp_path / "average.safetensors", half_weights=True)
