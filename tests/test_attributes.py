"""Tests of the prompts of attributes, fitted to a finished encoder."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from typer.testing import CliRunner

from qualiclip.errors import TrainingError
from qualiclip.pictures import image_to_picture
from qualiclip.weights.checkpoints import save_checkpoint
from qualiclip.weights.loading import load_checkpoint
from train.__main__ import app
from train.fit.attribute_prompts import Embeddings, fit_attributes, fit_prompts, wanted
from train.fit.models import random_model
from train.recipes.table import RECIPES
from train.samples.topics import general_pairs

SMOKE = RECIPES["smoke"]


def test_wanted_probabilities_fall_with_the_level() -> None:
    torch.testing.assert_close(wanted(torch.tensor([0.0, 2.5, 5.0])), torch.tensor([1.0, 0.125, 0.0]))


def test_prompts_learn_from_what_concerns_them_alone() -> None:
    # Embeddings move along the second axis for what concerns the pair, along the third for what does not.
    levels = torch.arange(6.0)
    steps = torch.stack([torch.ones(6), levels, torch.zeros(6)], dim=1)
    others = torch.stack([torch.ones(6), torch.zeros(6), levels], dim=1)
    embeddings = Embeddings(
        functional.normalize(torch.stack([steps] * 4 + [others] * 12), dim=-1),
        torch.cat([torch.ones(4, 1), torch.zeros(12, 1)]),
    )
    before = functional.normalize(torch.tensor([[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]]), dim=-1)
    fitted = fit_prompts(embeddings, before, levels, scale=10.0)
    torch.testing.assert_close(fitted.norm(dim=-1), torch.ones(1, 2))
    good = torch.sigmoid(10 * embeddings.values @ (fitted[0, 0] - fitted[0, 1]))  # (M, L)
    assert good[0, 0] - good[0, 3] > 0.7
    alone = Embeddings(embeddings.values[:4], embeddings.concerned[:4])
    torch.testing.assert_close(fit_prompts(alone, before, levels, scale=10.0), fitted, rtol=0, atol=1e-3)


@pytest.fixture
def photos(photo: Tensor, tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(4):
        image_to_picture(photo[:, :, 8 * index : 8 * index + 80]).save(folder / f"{index}.png")
    return folder


def test_all_but_the_prompts_of_attributes_stays_as_it_is(photos: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "source.safetensors", tmp_path / "out.safetensors"
    model = random_model(SMOKE).eval()
    save_checkpoint(model, source, training={"run": "source"}, dtype=torch.float32)
    command = ["attributes", str(source), "--photos", str(photos), "--out", str(out), "--recipe", "smoke"]
    result = CliRunner().invoke(app, [*command, "--count", "8", "--set", "half_weights=false"])
    assert result.stdout.strip() == str(out)
    fitted = load_checkpoint(str(out))
    general = general_pairs(SMOKE.prompt_pairs)
    for name, weight in fitted.model.state_dict().items():
        same = torch.isclose(weight, model.state_dict()[name], rtol=0, atol=1e-6)
        if name == "prompt_features":
            assert same[general].all()
            assert not same[[pair for pair in range(7) if pair not in general]].all()  # what no photo shows stays
        else:
            assert same.all(), name
    assert fitted.training["started_from"]["training"] == {"run": "source"}
    assert fitted.training["attributes"]["photos"] == 8


def test_a_model_of_other_prompts_is_refused(photos: Path, tmp_path: Path) -> None:
    source = tmp_path / "source.safetensors"
    save_checkpoint(random_model(replace(SMOKE, pairs=1)).eval(), source, training={}, dtype=torch.float32)
    with pytest.raises(TrainingError, match=r"source\.safetensors has other prompts than the recipe"):
        fit_attributes(str(source), SMOKE, photos, tmp_path / "out.safetensors", count=8)
