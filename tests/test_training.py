"""Tests of training: the objective, the schedule, whole runs, and settings from the command line."""

import json
import math
import multiprocessing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from qualiclip.errors import InputError, TrainingError, UsageError
from qualiclip.models.prompts import ANTONYM_PAIRS
from qualiclip.weights.loading import load_checkpoint
from tests.clip_files import TINY, TINY_TEXT, clip_state
from train.__main__ import app
from train.fit.models import orthogonal_prompts, random_model
from train.fit.optimization import build_optimizer, learning_rate
from train.fit.processes import build_accelerator
from train.fit.trainer import build_run, fit, take_step
from train.losses.objective import anchor_loss, loss_terms, steadiness_loss
from train.recipes.settings import LossSettings, Recipe
from train.recipes.table import RECIPES
from train.samples.crops import CropDataset, Sample, collate
from train.samples.topics import general_pairs

NO_PLACES = torch.empty(0)  # of mosaics
PRISTINE = torch.ones(1, dtype=torch.bool)
SMOKE = RECIPES["smoke"]  # 4 steps of 2 photo_folder, at levels 0 to 2; a state is kept after steps 2 and 4


def log_of(out: Path) -> list[dict[str, Any]]:
    """Rows of a log without what the clock says."""
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return [{name: value for name, value in row.items() if name not in ("crops_per_second", "waiting")} for row in rows]


# Objective


def test_the_anchor_calls_pristine_images_good_and_the_last_level_bad() -> None:
    # Two images, two crops alike, two levels, two pairs; scale 1, so that softplus(log x) = log(1 + x).
    # Level 0 is good: only image 0 is pristine; its differences log 3 and 0 cost log(4/3) and log 2.
    # The last level is bad: image 0 is concerned with pair 0 (log 3 costs log 4), image 1 with both (0 costs log 2).
    three = math.log(3)
    first = torch.tensor([[three, 0.0], [three, 9.0]])  # levels × pairs of image 0
    second = torch.tensor([[-9.0, -9.0], [0.0, 0.0]])
    difference = torch.stack([first, second])[:, None].expand(2, 2, 2, 2)
    concerned, pristine = torch.tensor([[1.0, 0.0], [1.0, 1.0]]), torch.tensor([True, False])
    good, bad = (math.log(4 / 3) + math.log(2)) / 2, (math.log(4) + 2 * math.log(2)) / 3
    assert anchor_loss(difference, concerned, pristine, scale=1.0).item() == pytest.approx(good + bad)
    neither = anchor_loss(difference, torch.zeros(2, 2), torch.tensor([False, False]), scale=1.0)
    assert neither.item() == 0


def test_terms_are_weighted_and_left_out_at_a_weight_of_0() -> None:
    # Nothing changes from level to level or crop to crop: every ranking is wrong by its margin of 0.1, and where
    # no pair leans to either side the anchor costs log 2 twice.
    sample = Sample(torch.zeros(2, 2, 3, 3, 8, 8), torch.ones(2, 7), torch.ones(2, dtype=torch.bool))
    settings = LossSettings(
        ranking_margin=0.1, positive_weight=2.0, negative_weight=0.0, across_weight=1.0, across_margin=0.1,
        anchor_weight=0.5, by_topic=False,
    )  # fmt: skip
    terms = loss_terms(torch.zeros(2, 2, 3, 7, 2), NO_PLACES, sample, ANTONYM_PAIRS, settings, scale=10.0)
    assert {name: term.item() for name, term in terms.items()} == {
        "consistency": 0,
        "positive": pytest.approx(2 * 0.1),
        "across": pytest.approx(0.2),  # two margins: it ranks the difference of two prompts
        "anchor": pytest.approx(0.5 * 2 * math.log(2)),
    }


def test_positions_of_a_mosaic_are_ranked_where_a_weight_asks_for_it() -> None:
    # Nothing differs between positions: each pair of one inside and one outside is wrong by two margins.
    shares = torch.tensor([[[1.0, 0.0], [0.3, 1.0]]])
    sample = Sample(torch.zeros(1, 2, 3, 3, 64, 64), torch.ones(1, 7), PRISTINE, torch.zeros(1, 3, 64, 64), shares)
    settings = LossSettings(ranking_margin=0.1, local_weight=3.0, by_topic=False)
    terms = loss_terms(torch.zeros(1, 2, 3, 7, 2), torch.zeros(1, 2, 2, 7, 2), sample, ANTONYM_PAIRS, settings, scale=1)
    assert terms["local"].item() == pytest.approx(3 * 0.2)


def test_local_training_teaches_where_a_degradation_is(photo_folder: Path, tmp_path: Path) -> None:
    recipe = replace(SMOKE, steps=30, log_every=1, learning_rate=3e-3, losses=LossSettings(local_weight=1.0))
    fit(recipe, photo_folder, tmp_path / "local", device="cpu")
    local = [row["local"] for row in log_of(tmp_path / "local")]
    assert sum(local[-5:]) < 0.8 * sum(local[:5])
    fit(replace(recipe, losses=LossSettings()), photo_folder, tmp_path / "without", device="cpu")
    assert "local" not in log_of(tmp_path / "without")[0]


def test_pairs_that_are_not_concerned_are_to_stay_as_they_are() -> None:
    # One image, two crops alike, three levels, two pairs; only pair 1 counts: it moves by 0.1 and then by -0.3.
    difference = torch.tensor([[0.5, 0.2], [0.4, 0.3], [0.1, -0.1]]).expand(1, 2, 3, 2)
    assert steadiness_loss(difference, torch.tensor([[1.0, 0.0]])).item() == pytest.approx(0.2)
    assert steadiness_loss(difference, torch.ones(1, 2)).item() == 0


def test_pairs_that_a_degradation_does_not_concern_have_no_margin() -> None:
    sample = Sample(torch.zeros(1, 2, 3, 3, 8, 8), torch.zeros(1, 7), torch.ones(1, dtype=torch.bool))
    terms = loss_terms(torch.zeros(1, 2, 3, 7, 2), NO_PLACES, sample, ANTONYM_PAIRS, LossSettings(), scale=10.0)
    assert {name: term.item() for name, term in terms.items()} == {"consistency": 0, "positive": 0, "negative": 0}


def test_a_pair_with_a_topic_must_tell_its_levels_further_apart() -> None:
    # As before every ranking is wrong by its margin, which four pairs have multiplied by their emphasis.
    sample = Sample(torch.zeros(1, 2, 2, 3, 8, 8), torch.ones(1, 7), torch.ones(1, dtype=torch.bool))
    settings = LossSettings(ranking_margin=0.7)
    terms = loss_terms(torch.zeros(1, 2, 2, 7, 2), NO_PLACES, sample, ANTONYM_PAIRS, settings, scale=1.0)
    assert terms["positive"].item() == pytest.approx(0.1 * (3 + 2 + 1.5 + 1.25 + 2))


def test_general_pairs_are_those_about_quality_as_a_whole() -> None:
    assert [ANTONYM_PAIRS[index].positive for index in general_pairs(ANTONYM_PAIRS)] == [
        *("Good photo.", "High-quality image.", "Good picture.")
    ]


def test_prompts_without_a_text_encoder_are_orthonormal() -> None:
    flat = orthogonal_prompts(7, 32, seed=3).flatten(0, 1)
    torch.testing.assert_close(flat @ flat.T, torch.eye(14), rtol=0, atol=1e-5)


# Schedule


def test_the_learning_rate_warms_up_and_falls_to_zero() -> None:
    recipe = Recipe(steps=105, warmup=0.05, learning_rate=2.0)  # a warm-up of 5 steps
    rates = {step: learning_rate(step, recipe) for step in (0, 1, 4, 5, 55, 104, 105)}
    last = 1 + math.cos(math.pi * 0.99)
    assert rates == pytest.approx({0: 0.4, 1: 0.8, 4: 2.0, 5: 2.0, 55: 1.0, 104: last, 105: 0.0})


def test_weight_decay_acts_on_matrices_and_kernels_only() -> None:
    groups = build_optimizer(random_model(SMOKE), SMOKE).param_groups
    assert [group["weight_decay"] for group in groups] == [SMOKE.weight_decay, 0.0]
    assert [{p.dim() > 1 for p in group["params"]} for group in groups] == [{True}, {False}]


# Whole runs


def test_a_run_leaves_a_checkpoint_and_a_log(photo_folder: Path, tmp_path: Path) -> None:
    finished = fit(SMOKE, photo_folder, tmp_path / "out", device="cpu")
    checkpoint = load_checkpoint(str(finished))
    assert checkpoint.model.settings.backbone == SMOKE.backbone
    assert checkpoint.training["recipe"] == json.loads(json.dumps(asdict(SMOKE)))
    assert (checkpoint.training["photos"], checkpoint.training["held_out"]) == (8, 0)
    rows = log_of(tmp_path / "out")
    assert list((tmp_path / "out" / "tensorboard").glob("events*"))
    assert [row["step"] for row in rows] == [0, 1, 2, 3]
    for row in rows:
        assert row["loss"] == pytest.approx(row["consistency"] + row["positive"] + row["negative"], abs=1e-6)
        assert 0 < row["loss"] < 3
        for name in ("positive_by_level", "negative_by_level"):
            assert len(row[name]) == SMOKE.levels + 1
            assert all(-1 <= similarity <= 1 for similarity in row[name])


def test_training_changes_the_weights_and_starts_from_its_seed(photo_folder: Path, tmp_path: Path) -> None:
    trained = load_file(fit(SMOKE, photo_folder, tmp_path / "out", device="cpu"))
    fresh, again = (random_model(SMOKE).state_dict() for _ in range(2))
    assert all(torch.equal(fresh[name], again[name]) for name in fresh)
    assert not torch.equal(trained["backbone.conv1.weight"], fresh["backbone.conv1.weight"].half())
    assert torch.equal(trained["prompt_features"], fresh["prompt_features"].half())


def is_read_for(number: int, photo: Path) -> bool:
    """Whether a photo is that of a sample: without it the sample can't be made."""
    dataset = CropDataset(sorted(photo.parent.iterdir()), SMOKE)
    away = photo.rename(photo.with_suffix(".away"))
    try:
        dataset[number]
    except InputError:
        return True
    finally:
        away.rename(photo)
    return False


def test_a_stopped_run_ends_with_the_weights_of_an_unbroken_one(photo_folder: Path, tmp_path: Path) -> None:
    unbroken = load_file(fit(SMOKE, photo_folder, tmp_path / "unbroken", device="cpu"))
    last = next(photo for photo in sorted(photo_folder.iterdir()) if is_read_for(7, photo))
    content = last.read_bytes()
    last.write_bytes(content[:100])
    stopped = tmp_path / "stopped"
    with pytest.raises(TrainingError, match=r"a photo can't be used: .*damaged"):
        fit(SMOKE, photo_folder, stopped, device="cpu")  # in step 3, after the state of step 2
    assert torch.load(stopped / "state.pt", weights_only=True)["step"] == 2
    assert not (stopped / "model.safetensors").exists()
    last.write_bytes(content)
    resumed = load_file(fit(SMOKE, photo_folder, stopped, device="cpu"))
    assert unbroken.keys() == resumed.keys()
    assert all(torch.equal(unbroken[name], resumed[name]) for name in unbroken)
    assert log_of(stopped) == log_of(tmp_path / "unbroken")


def test_a_finished_run_started_again_keeps_its_weights(photo_folder: Path, tmp_path: Path) -> None:
    once = load_file(fit(SMOKE, photo_folder, tmp_path / "out", device="cpu"))
    twice = load_file(fit(SMOKE, photo_folder, tmp_path / "out", device="cpu"))
    assert all(torch.equal(once[name], twice[name]) for name in once)
    assert len(log_of(tmp_path / "out")) == 4


def test_a_run_can_start_from_a_model_and_says_so(photo_folder: Path, tmp_path: Path) -> None:
    first = fit(SMOKE, photo_folder, tmp_path / "first", device="cpu")
    slow = replace(SMOKE, steps=1, learning_rate=1e-9, start_from=str(first))
    second = fit(slow, photo_folder, tmp_path / "second", device="cpu")
    old, new = load_file(first), load_file(second)
    weights = [name for name in old if name.endswith("weight")]
    assert all(torch.allclose(old[name].float(), new[name].float(), atol=1e-3) for name in weights)
    parent = load_checkpoint(str(second)).training["started_from"]
    assert parent["sha256"] == load_checkpoint(str(first)).sha256
    assert parent["training"]["recipe"]["steps"] == SMOKE.steps


def test_a_run_can_not_start_from_another_kind_of_model(photo_folder: Path, tmp_path: Path) -> None:
    first = fit(SMOKE, photo_folder, tmp_path / "first", device="cpu")
    with pytest.raises(TrainingError, match="another backbone, scale or prompts than the recipe"):
        fit(replace(SMOKE, scale=5.0, start_from=str(first)), photo_folder, tmp_path / "second", device="cpu")


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small CLIP of random weights in CLIP's own format, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "clip.safetensors"
    save_file(clip_state(TINY, TINY_TEXT, seed=1), path)
    return path


@pytest.mark.parametrize("pairs", [1, 7])
def test_the_papers_recipe_tunes_the_image_encoder_of_clip_alone(
    pairs: int, clip: Path, photo_folder: Path, tmp_path: Path
) -> None:
    recipe = replace(
        RECIPES["paper"], start_from=str(clip), backbone=TINY, pairs=pairs, steps=2, batch=2, crop=64, workers=0,
        learning_rate=1e-4,
    )  # fmt: skip
    tuned = load_checkpoint(str(fit(recipe, photo_folder, tmp_path / "out", device="cpu"))).model
    untuned = load_checkpoint(str(clip), pairs=ANTONYM_PAIRS[:pairs]).model
    assert tuned.settings == untuned.settings
    torch.testing.assert_close(tuned.prompt_features, untuned.prompt_features)
    before, after = untuned.backbone.state_dict(), tuned.backbone.state_dict()
    for name, weight in before.items():
        kept = "running_" in name or name.endswith(("num_batches_tracked", "k_proj.bias"))
        assert torch.equal(after[name], weight) == kept, name


def test_the_state_of_another_recipe_is_refused(photo_folder: Path, tmp_path: Path) -> None:
    fit(SMOKE, photo_folder, tmp_path / "out", device="cpu")
    with pytest.raises(TrainingError, match=r"state\.pt was made with another recipe; use another folder"):
        fit(replace(SMOKE, losses=LossSettings(ranking_margin=0.1)), photo_folder, tmp_path / "out", device="cpu")


def test_a_loss_that_is_not_finite_stops_the_run_and_spares_the_weights(photo_folder: Path) -> None:
    run = build_run(random_model(SMOKE), SMOKE, build_accelerator(SMOKE, device="cpu"))
    before = {name: parameter.clone() for name, parameter in run.model.named_parameters()}
    sample = collate([CropDataset(sorted(photo_folder.iterdir()), SMOKE)[0]])
    sample.crops[0, 1, 2, 0, 5, 5] = math.nan
    with pytest.raises(TrainingError, match="the loss is not finite; lower learning_rate"):
        take_step(run, [sample], rate=1e-3)
    assert all(torch.equal(parameter, before[name]) for name, parameter in run.model.named_parameters())


def test_a_damaged_state_is_refused(photo_folder: Path, tmp_path: Path) -> None:
    fit(SMOKE, photo_folder, tmp_path / "out", device="cpu")
    state = tmp_path / "out" / "state.pt"
    state.write_bytes(state.read_bytes()[:5000])
    with pytest.raises(TrainingError, match=r"state\.pt is damaged; delete it to start again"):
        fit(SMOKE, photo_folder, tmp_path / "out", device="cpu")


def test_a_damaged_photo_is_named_by_its_worker(photo_folder: Path, tmp_path: Path) -> None:
    for photo in photo_folder.iterdir():
        photo.write_bytes(photo.read_bytes()[:100])
    with pytest.raises(TrainingError, match=r"^a photo can't be used: \S+: [^\n]+$"):
        fit(replace(SMOKE, workers=1), photo_folder, tmp_path / "out", device="cpu")
    assert not multiprocessing.active_children()  # although the error is still at hand, and all it holds


def test_a_run_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no photos found in"):
        fit(SMOKE, tmp_path / "nowhere", tmp_path / "out", device="cpu")


def test_a_run_that_holds_out_all_photos_is_refused(photo_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"all photos in .* are held out; add photos or set holdout_every=0"):
        fit(replace(SMOKE, holdout_every=1), photo_folder, tmp_path / "out", device="cpu")


# The command


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ["nonsense"],
            "unknown recipe 'nonsense'; known: compact, compact-1, compact-2, compact-3,",
        ),
        (["smoke", "--device", "tpu"], "device 'tpu' is not available here; use cpu"),
    ],
)
def test_the_command_refuses_unknown_recipes_and_devices(arguments: list[str], text: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["fit", *arguments, "--photos", str(tmp_path), "--out", str(tmp_path)])
    assert isinstance(result.exception, UsageError)
    assert text in str(result.exception)


def test_the_command_runs_a_recipe_with_changes(photo_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    changes = ["--set", "steps=1", "--set", "save_every=1"]
    result = CliRunner().invoke(app, ["fit", "smoke", "--photos", str(photo_folder), "--out", str(out), *changes])
    assert result.stdout.strip() == str(out / "model.safetensors")
    assert load_checkpoint(result.stdout.strip()).training["recipe"]["steps"] == 1
