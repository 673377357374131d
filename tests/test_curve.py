"""A run's curve: means of neighbouring rows, and what run it was."""

import dataclasses
import json
from pathlib import Path

import pytest

from qualiclip.errors import TrainingError
from train.fit.curve import nearest_recipe, read_curve, thinned, write_curve
from train.fit.trainer import fit
from train.recipes.overrides import override
from train.recipes.table import RECIPES


def test_rows_are_means_of_their_neighbours() -> None:
    rows = [{"step": step, "loss": float(step), "positive_by_level": [step, 1.0], "waiting": 0.5} for step in range(5)]
    assert thinned(rows, 3) == [
        {"step": 2, "loss": 0.5, "positive_by_level": [0.5, 1.0]},
        {"step": 4, "loss": 2.5, "positive_by_level": [2.5, 1.0]},
        {"step": 5, "loss": 4.0, "positive_by_level": [4.0, 1.0]},
    ]
    assert [row["loss"] for row in thinned(rows, 9)] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_changed_recipe_is_known_by_what_was_changed() -> None:
    changed = override(RECIPES["compact-1"], ["steps=300", "losses.ranking_margin=0.05", 'leave_out=["noise"]'])
    stored = json.loads(json.dumps(dataclasses.asdict(changed)))
    name, changes = nearest_recipe(stored)
    assert name == "compact-1"
    assert changes == {"steps": 300, "losses.ranking_margin": 0.05, "leave_out": ["noise"]}


def test_the_curve_of_a_run_says_what_run_it_was(photo_folder: Path, tmp_path: Path) -> None:
    fit(RECIPES["smoke"], photo_folder, tmp_path / "run", device="cpu")
    out = tmp_path / "curve.json"
    write_curve(read_curve(tmp_path / "run", most=2), out)
    curve = json.loads(out.read_text("utf-8"))
    assert (curve["recipe"], curve["changes"]) == ("smoke", {})
    assert (curve["steps"], curve["photos"], curve["started_from"]) == (4, 8, "random weights")
    assert [row["step"] for row in curve["rows"]] == [2, 4]
    logged = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text("utf-8").splitlines()]
    assert curve["rows"][1]["positive"] == pytest.approx((logged[2]["positive"] + logged[3]["positive"]) / 2, abs=1e-5)


def test_a_folder_without_a_finished_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"expected log\.jsonl and model\.safetensors of a finished run"):
        read_curve(tmp_path, most=10)
