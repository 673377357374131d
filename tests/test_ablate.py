"""Tests of the ablation: its variants, its measures, its tables, and whole ablations of tiny models."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor
from typer.testing import CliRunner, Result

from qualiclip.agreement.metrics import agreement
from qualiclip.degradations import DEGRADATIONS, GROUPS
from qualiclip.errors import InputError, QualiclipError, TrainingError, UsageError
from qualiclip.pictures import as_image
from qualiclip.scoring.scorer import load
from train.__main__ import app
from train.ablate import variants as ablate
from train.ablate.report import equal_line, markdown
from train.ablate.variants import VARIANTS, choose_variants, plan_runs, spread, summarize, vary
from train.evaluate.ordering_accuracy import (
    across_photos,
    center_crop,
    ordering_by_group,
    ordering_by_type,
    ordering_measures,
    score_levels,
    score_photos,
)
from train.recipes.settings import LossSettings
from train.recipes.table import RECIPES
from train.samples.crops import CropDataset, list_photos, split_holdout

COMPACT, SMOKE = RECIPES["compact"], RECIPES["smoke"]

# Variants


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("full", COMPACT),
        ("without-consistency", replace(COMPACT, losses=replace(COMPACT.losses, consistency_weight=0.0))),
        ("without-positive", replace(COMPACT, losses=replace(COMPACT.losses, positive_weight=0.0))),
        ("without-negative", replace(COMPACT, losses=replace(COMPACT.losses, negative_weight=0.0))),
        ("without-across", replace(COMPACT, losses=replace(COMPACT.losses, across_weight=0.0))),
        ("without-anchor", replace(COMPACT, losses=replace(COMPACT.losses, anchor_weight=0.0))),
        ("with-local", replace(COMPACT, losses=replace(COMPACT.losses, local_weight=1.0))),
        ("levels-3", replace(COMPACT, levels=3)),
        ("two-degradations", replace(COMPACT, composed=2)),
        ("one-pair", replace(COMPACT, pairs=1)),
        ("without-sharpness-contrast", replace(COMPACT, leave_out=("sharpness_contrast",))),
    ],
)
def test_a_variant_changes_what_its_name_says(name, expected):
    assert vary(COMPACT, name) == expected


def test_variants_that_are_the_full_recipe_are_left_out():
    chosen = choose_variants(COMPACT, [])
    assert set(VARIANTS) - set(chosen) == {"without-local", "levels-5", "one-degradation", "seven-pairs"}
    assert next(iter(chosen)) == "full"
    assert len(chosen) == 1 + 6 + 1 + 1 + 1 + 1 + len(GROUPS)
    other = replace(COMPACT, levels=3, composed=2, pairs=1, losses=LossSettings(steadiness_weight=0.1))
    assert set(VARIANTS) - set(choose_variants(other, [])) == {
        *("without-across", "without-anchor", "without-local", "levels-3", "two-degradations", "one-pair"),
    }


def test_groups_are_left_out_besides_those_of_the_recipe():
    recipe = replace(COMPACT, leave_out=("noise", "blur"))
    assert vary(recipe, "without-color").leave_out == ("noise", "blur", "color")
    assert "without-blur" not in choose_variants(recipe, ["without-blur"])


def test_variants_are_chosen_by_name_and_the_full_recipe_always_runs():
    assert list(choose_variants(COMPACT, ["levels-3", "without-positive"])) == ["full", "without-positive", "levels-3"]
    with pytest.raises(UsageError, match="unknown variant 'without-positiv'; did you mean without-positive"):
        choose_variants(COMPACT, ["without-positiv"])


def test_a_variant_that_a_recipe_can_not_have_is_named():
    crowded = replace(COMPACT, composed=7)
    with pytest.raises(UsageError, match=r"variant without-blur: composed must be at most 6.*; choose others with"):
        choose_variants(crowded, [])
    alone = replace(COMPACT, losses=LossSettings(consistency_weight=0.0, negative_weight=0.0))
    with pytest.raises(UsageError, match="variant without-positive: no loss is left"):
        choose_variants(alone, [])


def test_every_variant_has_the_same_seeds(tmp_path):
    runs = plan_runs(choose_variants(SMOKE, ["levels-3"]), 2, tmp_path)
    assert [(run.variant, run.recipe.seed, run.folder.relative_to(tmp_path).as_posix()) for run in runs] == [
        ("full", 7, "full/seed-7"),
        ("levels-3", 7, "levels-3/seed-7"),
        ("full", 8, "full/seed-8"),
        ("levels-3", 8, "levels-3/seed-8"),
    ]
    assert runs[3].recipe == replace(SMOKE, levels=3, seed=8)
    with pytest.raises(UsageError, match="seeds must be at least 1, got 0"):
        plan_runs({}, 0, tmp_path)


# Ordering accuracy


def toy_scores() -> Tensor:
    """Two photos; all types fall by 0.1 a level from 0.9 and from 0.5, but for the first type of the second photo."""
    fall = 0.1 * torch.arange(6)
    scores = torch.stack([0.9 - fall, 0.5 - fall])[:, None].repeat(1, len(DEGRADATIONS), 1)
    scores[1, 0] = torch.tensor([0.5, 0.6, 0.6, 0.4, 0.95, 0.1])  # two right, two wrong, one half right
    return scores


def test_ordering_is_the_share_of_adjacent_levels_that_fall():
    by_type = ordering_by_type(toy_scores())
    first, *others = DEGRADATIONS
    assert by_type == pytest.approx({first: 7.5 / 10, **dict.fromkeys(others, 1.0)})
    by_group = ordering_by_group(by_type)
    assert by_group.pop("blur") == pytest.approx((0.75 + 1 + 1) / 3)
    assert set(by_group.values()) == {1.0}
    assert ordering_measures(toy_scores())["equal_levels"] == pytest.approx(1 / (2 * 24 * 5))
    assert ordering_measures(toy_scores())["ordering"] == pytest.approx((0.75 + 23) / 24)


def test_across_photos_pairs_a_pristine_photo_with_the_others_at_level_4():
    # 0.9 is above 0.5 - 0.4 in 23 types and below 0.95 in one; 0.5 is below 0.55, but above 0.45 in three types, and
    # equal to 0.5 in one.
    scores = toy_scores()
    scores[0, :, 4] = 0.55
    assert across_photos(scores) == pytest.approx(23 / 48)
    scores[0, :3, 4] = 0.45
    scores[0, 3, 4] = 0.5
    assert across_photos(scores) == pytest.approx(26.5 / 48)


def test_scores_are_in_the_order_of_degradations_and_levels(photo):
    def darkness(images: Tensor) -> Tensor:
        return -images.mean(dim=(1, 2, 3))

    image = photo[:, :64, :64]
    scores = score_photos(darkness, [image, image])
    assert scores.shape == (2, 24, 6)
    by_type = ordering_by_type(scores)
    assert (by_type["brighten"], by_type["darken"]) == (1.0, 0.0)
    torch.testing.assert_close(scores[0, :, 0], darkness(image[None]).expand(24))
    assert not torch.equal(scores[0], scores[1])  # another photo has other draws
    assert torch.equal(score_levels(darkness, image, seed=1), scores[1])


def test_a_constant_score_is_as_good_as_guessing(photo):
    scores = score_photos(lambda images: torch.ones(len(images)), [photo[:, :32, :32], photo[:, :32, 32:64]])
    measures = ordering_measures(scores)
    assert measures.pop("equal_levels") == 1.0
    assert set(measures.values()) == {0.5}


def test_the_middle_of_a_photo_keeps_its_pixels():
    image = torch.arange(3 * 5 * 9, dtype=torch.float32).view(3, 5, 9)
    assert torch.equal(center_crop(image, side=3), image[:, 1:4, 3:6])
    assert torch.equal(center_crop(image, side=6), image[:, :, 1:7])


# Tables


def results_of(values: dict[str, list[float]]) -> list[ablate.Result]:
    """Results that are the same in every measure."""
    names = ["ordering", "across_photos", "equal_levels", *(f"ordering_{group}" for group in GROUPS)]
    return [
        ablate.Result(variant, 7 + place, dict.fromkeys(names, value))
        for variant, shares in values.items()
        for place, value in enumerate(shares)
    ]


def test_a_summary_has_mean_deviation_and_the_difference_of_equal_seeds():
    # 0.7, 0.8, 0.9 have mean 0.8 and deviation 0.1; minus (0.6, 0.9, 0.6): 0.1, -0.1, 0.3 with mean 0.1 and
    # deviation sqrt((0 + 0.04 + 0.04) / 2) = 0.2. Equal seeds count, whatever their order.
    results = results_of({"full": [0.7, 0.8, 0.9], "levels-3": [0.6, 0.9, 0.6]})
    summary = summarize([*results[:3], *reversed(results[3:])], "ordering")["levels-3"]
    assert (summary.value.mean, summary.value.deviation) == pytest.approx((0.7, 0.03**0.5))
    assert (summary.difference.mean, summary.difference.deviation) == pytest.approx((-0.1, 0.2))
    assert summarize(results, "ordering")["full"].difference == spread([0.0, 0.0, 0.0])


def test_the_table_shows_the_spread_over_seeds():
    text = markdown(
        results_of({"full": [0.7, 0.8, 0.9], "levels-3": [0.6, 0.9, 0.6]}), recipe="toy", pictures=5
    ).splitlines()
    assert "Mean ± standard deviation over 3 seeds (7, 8, 9)." in text[2]
    assert text[5:9] == [
        "| variant | ordering accuracy | to full | across photos | to full |",
        "|---|---:|---:|---:|---:|",
        "| full | 0.800 ± 0.100 |  | 0.800 ± 0.100 |  |",
        "| levels-3 | 0.700 ± 0.173 | −0.100 ± 0.200 | 0.700 ± 0.173 | −0.100 ± 0.200 |",
    ]
    assert text[-1].startswith("| levels-3 | 0.700 ± 0.173 |")


def test_equal_scores_are_said_where_there_are_any():
    results = results_of({"full": [0.7], "levels-3": [0.75]})
    measured = [dict(result.measures) for result in results]
    shares = (0.004, 0.126)
    rows = [
        replace(result, measures={**own, "equal_levels": share})
        for result, own, share in zip(results, measured, shares, strict=True)
    ]
    assert equal_line(rows).strip() == (
        "Adjacent levels with exactly the same score, which count as half right: levels-3 13%."
    )
    assert not equal_line([rows[0]])


def test_one_seed_has_no_spread():
    text = markdown(results_of({"full": [0.7], "levels-3": [0.75]}), recipe="toy", pictures=5)
    assert "One seed (7): no spread is known." in text
    assert "| levels-3 | 0.750 | +0.050 |" in text
    assert "±" not in text


# Whole ablations


@pytest.fixture
def opinions(photo_folder: Path, tmp_path: Path) -> Path:
    """Three of the photos, with opinions."""
    folder = tmp_path / "opinions"
    folder.mkdir()
    for name in ("1.png", "2.png", "3.png"):
        (folder / name).write_bytes((photo_folder / name).read_bytes())
    (folder / "mos.csv").write_text("file,mos\n1.png,1\n2.png,3\n3.png,2\n", encoding="utf-8")
    return folder


def run(photos: Path, out: Path, *more: str, steps: int = 2) -> Result:
    settings = ["--set", "holdout_every=4", "--set", f"steps={steps}"]
    command = ["ablate", "smoke", "--photos", str(photos), "--out", str(out), "--device", "cpu", *settings, *more]
    return CliRunner().invoke(app, command)


def test_an_ablation_leaves_all_numbers_a_table_and_a_figure(photo_folder, opinions, tmp_path):
    out = tmp_path / "out"
    result = run(photo_folder, out, "--seeds", "2", "--variants", "levels-3", "--data", str(opinions))
    assert result.exit_code == 0, result.exception
    assert result.stdout == (out / "ablation.md").read_text(encoding="utf-8")
    assert [f"run {number} of 4" in result.stderr for number in (1, 4, 5)] == [True, True, False]
    rows = list(csv.DictReader((out / "ablation.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["variant"], row["seed"]) for row in rows] == [
        *(("full", "7"), ("levels-3", "7"), ("full", "8"), ("levels-3", "8")),
    ]
    scorer = load(str(out / "levels-3" / "seed-8" / "model.safetensors"), engine="fused")
    scores = [scorer.score(opinions / f"{index}.png").score for index in (1, 2, 3)]
    assert float(rows[3]["srcc_opinions"]) == agreement(scores, [1, 3, 2]).srcc
    images = [as_image(photo_folder / name) for name in ("0.png", "4.png")]
    again = ordering_measures(score_photos(lambda batch: scorer.model.score(scorer.model.feature_map(batch)), images))
    assert {name: float(rows[3][name]) for name in again} == again
    record = json.loads((out / "ablation.json").read_text(encoding="utf-8"))
    assert (record["recipe"], record["pictures"], record["settings"]["steps"]) == ("smoke", 2, 2)
    assert record["variants"]["levels-3"]["changes"] == ["levels=3"]
    mean = (float(rows[1]["ordering"]) + float(rows[3]["ordering"])) / 2
    assert record["variants"]["levels-3"]["measures"]["ordering"]["value"]["mean"] == pytest.approx(mean)
    with Image.open(out / "ablation.png") as figure:
        assert figure.width > 600


def test_a_finished_run_is_not_repeated(photo_folder, tmp_path):
    out = tmp_path / "out"
    first = run(photo_folder, out, "--seeds", "1", "--variants", "one-pair")
    weights, measures = (out / "full" / "seed-7" / name for name in ("model.safetensors", "measures.json"))
    before = weights.stat().st_mtime_ns, measures.stat().st_mtime_ns
    (out / "one-pair" / "seed-7" / "model.safetensors").unlink()
    second = run(photo_folder, out, "--seeds", "1", "--variants", "one-pair")
    assert (weights.stat().st_mtime_ns, measures.stat().st_mtime_ns) == before
    assert "run 1 of 2: full, seed 7, finished before" in second.stderr
    assert "run 2 of 2: one-pair, seed 7, training" in second.stderr
    assert second.stdout == first.stdout


def test_an_interrupted_run_goes_on_where_it_was(photo_folder, tmp_path):
    out, unbroken = tmp_path / "out", tmp_path / "unbroken"
    options, log = ["--seeds", "1", "--variants", "full"], out / "full" / "seed-7" / "log.jsonl"
    run(photo_folder, unbroken, *options, steps=4)
    train, _ = split_holdout(list_photos(photo_folder), 4)
    third = CropDataset(train, SMOKE).photo(2 * SMOKE.batch)  # the first photo of step 3; a state is kept after step 2
    content = third.read_bytes()
    third.write_bytes(content[:100])
    assert isinstance(run(photo_folder, out, *options, steps=4).exception, TrainingError)
    begun = log.read_text(encoding="utf-8")
    third.write_bytes(content)
    assert run(photo_folder, out, *options, steps=4).exit_code == 0
    assert begun.count("\n") == 2
    assert log.read_text(encoding="utf-8").startswith(begun)  # with their times: they were not computed again
    assert (out / "ablation.md").read_text(encoding="utf-8") == (unbroken / "ablation.md").read_text(encoding="utf-8")
    assert not (out / "full" / "seed-7" / "state.pt").exists()


def test_a_folder_of_another_ablation_is_refused_before_anything_is_trained(photo_folder, tmp_path):
    out = tmp_path / "out"
    run(photo_folder, out, "--seeds", "1", "--variants", "full")
    error = run(photo_folder, out, "--seeds", "1", "--variants", "levels-3", steps=3).exception
    assert isinstance(error, TrainingError)
    assert "model.safetensors was made with another recipe; use another folder" in str(error)
    (photo_folder / "7.png").unlink()
    error = run(photo_folder, out, "--seeds", "1", "--variants", "levels-3").exception
    assert "was trained on 6 photos, now 5; use another folder" in str(error)
    assert not (out / "levels-3").exists()


def test_equal_variants_are_said(photo_folder, tmp_path):
    result = run(photo_folder, tmp_path / "out", "--seeds", "1", "--variants", "seven-pairs")
    assert "left out, for the recipe is so already: seven-pairs" in result.stderr


@pytest.mark.parametrize(
    ("more", "kind", "text"),
    [
        (["--set", "holdout_every=0"], UsageError, "photos kept out of training; add --set holdout_every=20"),
        (["--set", "holdout_every=8"], UsageError, "at least two photos kept out of training, here 1"),
        (["--pictures", "1"], UsageError, "at least two photos kept out of training, here 1"),
        (["--variants", "nonsense"], UsageError, "unknown variant 'nonsense'; known: full, levels-3"),
        (["--seeds", "0"], UsageError, "seeds must be at least 1"),
        (["--device", "tpu"], UsageError, "device 'tpu' is not available here"),
        (["--data", "a/b", "--data", "c/b"], UsageError, "two --data folders have the same name"),
        (["--data", "nowhere"], InputError, "no such file; expected a CSV file"),
    ],
)
def test_what_can_not_be_measured_is_refused_before_anything_is_trained(more, kind, text, photo_folder, tmp_path):
    error = run(photo_folder, tmp_path / "out", *more).exception
    assert isinstance(error, QualiclipError)
    assert type(error) is kind
    assert text in str(error)
    assert not (tmp_path / "out").exists()


def test_missing_and_broken_pictures_with_opinions_are_refused(photo_folder, opinions, tmp_path):
    options = ["--seeds", "1", "--variants", "full", "--data", str(opinions)]
    (opinions / "2.png").write_bytes((opinions / "2.png").read_bytes()[:100])
    error = run(photo_folder, tmp_path / "out", *options).exception
    assert isinstance(error, InputError)
    assert "2.png: " in str(error)
    assert "take it out of" in str(error)
    (opinions / "2.png").unlink()
    error = run(photo_folder, tmp_path / "out", *options).exception
    assert "2.png: no such file; mos.csv names 1 that are not there" in str(error)


def test_several_processes_are_refused(photo_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    error = run(photo_folder, tmp_path / "out").exception
    assert isinstance(error, UsageError)
    assert "an ablation runs in one process" in str(error)
