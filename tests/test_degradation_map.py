"""The degradation map: its network, what it is trained on, its losses, whole runs, its files."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Generator, Tensor
from typer.testing import CliRunner

from qualiclip.assets import asset
from qualiclip.degradations import DEGRADATIONS
from qualiclip.errors import QualiclipError, TrainingError, UsageError, WeightsError
from qualiclip.models.degradation_map import traces
from qualiclip.pictures import image_to_picture, load_picture, picture_to_image
from qualiclip.weights.files import file_sha256
from qualiclip.weights.map_files import load_map, save_map
from train.__main__ import app
from train.fit.map_trainer import fit_map, measure_quiet_level, random_map, take_step
from train.fit.optimization import build_optimizer
from train.losses.places import level_loss, order_loss
from train.recipes.maps import MAP_RECIPES, MapRecipe
from train.samples.mosaics import MosaicDataset, collate_mosaics, draw_crop, draw_degraded, draw_mosaic, draw_region
from train.samples.regions import REGIONS

Seeded = Callable[[int], Generator]
SMOKE = MAP_RECIPES["degradation-map-smoke"]
PLAIN = replace(SMOKE, crop=96, nothing_chance=0, everywhere_chance=0, soft_chance=0, authentic_chance=0, base_chance=0)


# Network


@pytest.mark.parametrize(("height", "width"), [(64, 96), (65, 71), (33, 400), (9, 9)])
def test_every_size_has_a_level_every_8_px(height: int, width: int) -> None:
    network = random_map(SMOKE).eval()
    levels = network.levels(torch.rand(2, 3, height, width))
    assert levels.shape == (2, math.ceil(height / 8), math.ceil(width / 8))
    assert levels.min() >= 0
    assert levels.max() <= 5
    assert not levels.requires_grad


def test_a_place_is_judged_by_its_surroundings_and_the_whole(seeded: Seeded) -> None:
    network = random_map(replace(SMOKE, width=16)).eval()
    image = torch.rand(1, 3, 512, 512, generator=seeded(1))
    image.requires_grad_()
    network.logits(image)[0, 32, 32].backward()
    assert image.grad is not None
    assert (image.grad.abs().sum(dim=(0, 1)) > 0).float().mean() > 0.9  # by the mean


def test_a_run_begins_with_weights_of_its_seed_that_find_little() -> None:
    first, again, other = (random_map(replace(SMOKE, seed=seed)).state_dict() for seed in (5, 5, 6))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["stem.0.weight"], other["stem.0.weight"])
    assert random_map(SMOKE).eval().levels(torch.rand(1, 3, 64, 64)).mean() < 1.5


def test_the_first_layer_sees_colours_and_distances(seeded: Seeded) -> None:
    image = torch.rand(2, 3, 5, 6, generator=seeded(1))
    image[0, :, 2, 3] = image[0, :, 2, 4]
    image[1, 0] = image[1, 1]
    seen = traces(image)
    assert seen.shape == (2, 7, 5, 6)
    nothing = traces(torch.zeros(1, 3, 1, 1))[0, 3, 0, 0]
    assert nothing.item() == pytest.approx(math.log2(0.5) / 3 - 0.5)
    assert seen[0, 3, 2, 3] == nothing
    assert (seen[1, 5] == nothing).all()
    assert (seen[:, 3, :, -1] == nothing).all()
    assert (seen[:, 4, -1] == nothing).all()
    below = 255 * (image[0, :, 3, 2] - image[0, :, 2, 2]).abs().mean().item()
    assert seen[0, 4, 2, 2].item() == pytest.approx(math.log2(below + 0.5) / 3 - 0.5, abs=1e-5)


def test_a_large_image_is_looked_at_band_by_band(monkeypatch: pytest.MonkeyPatch, seeded: Seeded) -> None:
    network = random_map(SMOKE).eval()
    image = torch.rand(1, 3, 77, 50, generator=seeded(2))
    whole = network.levels(image)
    monkeypatch.setattr("qualiclip.models.degradation_map.BAND", 16)
    torch.testing.assert_close(network.levels(image), whole)


# Samples


@pytest.mark.parametrize("draw", REGIONS)
def test_regions_are_hard_and_neither_empty_nor_whole(draw, seeded: Seeded) -> None:  # type: ignore[no-untyped-def]
    for seed in range(20):
        region = draw(96, 96, seeded(seed))
        assert set(region.unique().tolist()) == {0.0, 1.0}
        assert 0.02 < region.mean() < 0.98
    assert len({draw(96, 96, seeded(seed)).numpy().tobytes() for seed in range(20)}) > 3


def test_regions_have_their_chances(seeded: Seeded) -> None:
    recipe = replace(SMOKE, nothing_chance=0.3, everywhere_chance=0.3, soft_chance=0.5)
    regions = [draw_region(64, recipe, seeded(seed)) for seed in range(300)]
    nothing, everywhere = (sum(bool((region == value).all()) for region in regions) for value in (0, 1))
    soft = sum(bool(((region > 0.01) & (region < 0.99)).any()) for region in regions)
    assert 60 < nothing < 120
    assert 60 < everywhere < 120
    assert 30 < soft < 90  # half of the rest


def test_a_mosaic_is_the_photo_outside_its_region_and_knows_the_level_inside(photo: Tensor, seeded: Seeded) -> None:
    for seed in range(12):
        crop = draw_crop(photo, PLAIN, seeded(seed))
        mosaic = draw_mosaic(crop, PLAIN, seeded(seed))
        assert mosaic.crops.shape == (3, 96, 96)
        assert mosaic.shares.shape == (12, 12)
        whole = mosaic.shares == mosaic.shares.max()
        assert 0.1 <= mosaic.shares.max() <= 1  # level 0.5 to 5
        untouched = (mosaic.shares == 0).repeat_interleave(8, 0).repeat_interleave(8, 1)
        assert whole.any()
        assert untouched.any()
        difference = (mosaic.crops - crop).abs().amax(dim=0)
        assert difference[untouched].max() <= 0.5 / 255 + 1e-6  # eight bits
        assert torch.equal(mosaic.crops, (mosaic.crops * 255).round() / 255)


def test_where_most_pixels_stay_as_they_are_only_the_others_count(photo: Tensor, seeded: Seeded) -> None:
    degraded, where = draw_degraded(photo, 4.0, replace(PLAIN, again=()), seeded(3))
    assert not torch.equal(degraded, photo)
    for name in ("color_block", "non_eccentricity_patch", "jpeg"):
        only = replace(PLAIN, again=(name,) * 2000)  # of 2,024
        degraded, where = draw_degraded(photo, 4.0, only, seeded(4))
        untouched = (degraded - photo).abs().amax(dim=0) == 0
        if DEGRADATIONS[name].sparse:
            assert 0.02 < where.mean() < 0.98
            assert untouched[where == 0].all()
        else:
            assert where.min() == 1


def test_what_was_degraded_before_counts_everywhere(photo: Tensor, seeded: Seeded) -> None:
    mosaic = draw_mosaic(draw_crop(photo, PLAIN, seeded(1)), replace(PLAIN, base_chance=1.0), seeded(1))
    assert 0.1 <= mosaic.shares.min() <= 0.4  # level 0.5 to 2
    untouched = draw_mosaic(draw_crop(photo, PLAIN, seeded(1)), replace(PLAIN, nothing_chance=1.0), seeded(1))
    assert untouched.shares.max() == 0


def test_a_small_photo_is_enlarged_until_a_crop_fits(seeded: Seeded) -> None:
    assert draw_crop(torch.rand(3, 40, 200), PLAIN, seeded(0)).shape == (3, 96, 96)


def test_crops_are_of_photos_as_much_enlarged_as_the_recipe_says(photo: Tensor, seeded: Seeded) -> None:
    enlarging = replace(PLAIN, largest_scale=3.0)
    own, enlarged = (
        torch.stack([draw_crop(photo, recipe, seeded(seed)) for seed in range(8)]).diff(dim=-1).abs().mean()
        for recipe in (PLAIN, enlarging)
    )
    assert enlarged < 0.75 * own  # neighbours are more alike


def test_a_mosaic_depends_on_its_number_alone(photo_folder: Path) -> None:
    photos = sorted(photo_folder.iterdir())
    whole, rest = MosaicDataset(photos, SMOKE), MosaicDataset(photos, SMOKE, start=3)
    assert (len(whole), len(rest)) == (8, 2)
    assert torch.equal(whole[6].crops, rest[0].crops)
    assert torch.equal(whole[6].shares, rest[0].shares)
    assert not torch.equal(whole[6].crops, whole[7].crops)


# Losses


def test_the_right_level_costs_least() -> None:
    shares = torch.tensor([[[0.2, 0.6]]])
    right = level_loss(torch.logit(shares), shares)
    assert right.item() == pytest.approx(
        -(0.2 * math.log(0.2) + 0.8 * math.log(0.8) + 0.6 * math.log(0.6) + 0.4 * math.log(0.4)) / 2
    )
    assert level_loss(torch.logit(shares) + 0.3, shares) > right


def test_the_order_counts_where_levels_differ(seeded: Seeded) -> None:
    shares = torch.tensor([[[0.0, 0.02, 0.8]]])  # the first two count as equal
    logits = torch.tensor([[[0.0, 5.0, 2.0]]])
    pairs = torch.randint(3, (2, 400), generator=seeded(1)).T.tolist()
    costs = {frozenset((0, 2)): math.log1p(math.exp(-2.0)), frozenset((1, 2)): math.log1p(math.exp(3.0))}
    expected = [costs[frozenset(pair)] for pair in pairs if frozenset(pair) in costs]
    found = order_loss(logits, shares, pairs=400, generator=seeded(1))
    assert found.item() == pytest.approx(sum(expected) / len(expected), rel=1e-4)
    assert order_loss(logits, torch.zeros(1, 1, 3), pairs=50, generator=seeded(1)) == 0


# Runs and files


def test_what_can_not_be_trained_on_is_said_and_spoils_nothing(photo_folder: Path, tmp_path: Path) -> None:
    unbroken = load_file(fit_map(SMOKE, photo_folder, tmp_path / "unbroken", device="cpu"))
    stopped = tmp_path / "stopped"
    bad = tmp_path / "bad"
    bad.mkdir()
    with pytest.raises(TrainingError, match="no photos found"):
        fit_map(SMOKE, bad, stopped, device="cpu")
    (bad / "a.png").write_text("no picture")
    with pytest.raises(TrainingError, match=r"a photo can't be used: .*a\.png"):
        fit_map(SMOKE, bad, stopped, device="cpu")
    resumed = load_file(fit_map(SMOKE, photo_folder, stopped, device="cpu"))
    assert all(torch.equal(unbroken[name], resumed[name]) for name in unbroken)
    again = load_file(fit_map(SMOKE, photo_folder, stopped, device="cpu"))  # finished: nothing changes
    assert all(torch.equal(unbroken[name], again[name]) for name in unbroken)
    with pytest.raises(TrainingError, match="another recipe"):
        fit_map(replace(SMOKE, seed=1), photo_folder, stopped, device="cpu")


def test_a_run_goes_on_where_it_stopped(photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unbroken = load_file(fit_map(SMOKE, photo_folder, tmp_path / "unbroken", device="cpu"))
    get = MosaicDataset.__getitem__
    seen: list[int] = []

    def interrupted(self: MosaicDataset, index: int):  # type: ignore[no-untyped-def]
        seen.append(index)
        if len(seen) == 6:  # in step 3, after the state of step 2
            raise KeyboardInterrupt
        return get(self, index)

    monkeypatch.setattr(MosaicDataset, "__getitem__", interrupted)
    with pytest.raises(TrainingError, match="goes on after step 2"):
        fit_map(SMOKE, photo_folder, tmp_path / "stopped", device="cpu")
    resumed = load_file(fit_map(SMOKE, photo_folder, tmp_path / "stopped", device="cpu"))
    assert all(torch.equal(unbroken[name], resumed[name]) for name in unbroken)


def test_steps_on_the_same_mosaics_find_where_they_are_degraded(photo: Tensor, seeded: Seeded) -> None:
    recipe = replace(PLAIN, width=8, steps=60, schedule="constant", warmup=0.0, learning_rate=1e-2)
    crops = [draw_crop(photo, recipe, seeded(seed)) for seed in range(4)]
    batch = collate_mosaics([draw_mosaic(crop, recipe, seeded(seed)) for seed, crop in enumerate(crops)])
    network = random_map(recipe).train()
    optimizer = build_optimizer(network, recipe)
    reports = [take_step(network, optimizer, batch, recipe, step=step, device="cpu") for step in range(recipe.steps)]
    assert reports[0]["order"] == pytest.approx(math.log(2), abs=0.15)  # it can't tell yet
    assert reports[-1]["order"] < 0.1
    assert reports[-1]["level"] < 0.8 * reports[0]["level"]
    assert reports[-1]["loss"] == pytest.approx(reports[-1]["level"] + reports[-1]["order"])


def test_the_quiet_level_is_exceeded_in_one_photo_of_twenty(photo: Tensor, tmp_path: Path) -> None:
    network = random_map(replace(SMOKE, width=8)).eval()
    paths = [tmp_path / f"{index}.png" for index in range(40)]
    for index, path in enumerate(paths):
        image_to_picture(photo[:, index : index + 48, index : index + 64]).save(path)
    peaks = sorted(float(network.levels(picture_to_image(load_picture(path))[None]).max()) for path in paths)
    assert peaks[38] <= measure_quiet_level(network, paths) <= peaks[38] + 0.001  # 39 of 40 and an unknown one
    few = [float(network.levels(picture_to_image(load_picture(path))[None]).max()) for path in paths[:5]]
    assert max(few) <= measure_quiet_level(network, paths[:5]) <= max(few) + 0.001


def test_a_file_gives_the_network_back(tmp_path: Path) -> None:
    network = random_map(SMOKE).eval()
    save_map(network, tmp_path / "map.safetensors", training={"a": 1})
    loaded, training = load_map(tmp_path / "map.safetensors")
    assert training == {"a": 1}
    image = torch.rand(1, 3, 64, 64)
    assert torch.allclose(loaded.levels(image), network.levels(image), atol=1e-2)
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert not loaded.training


def test_other_files_are_refused_in_one_line(tiny_checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no degradation map"):
        load_map(tiny_checkpoint)
    path = tmp_path / "map.safetensors"
    state = random_map(SMOKE).state_dict()
    metadata = {"format": "qualiclip-degradation-map-1", "training": "{}"}
    for settings in ('{"width": 6}', "{}", "[", '{"width": "4"}'):
        save_file(state, path, {**metadata, "settings": settings})
        with pytest.raises(WeightsError, match="do not fit its settings"):
            load_map(path)


@pytest.mark.parametrize(
    "change",
    [{"crop": 100}, {"crop": 32}, {"base_level": 6.0}, {"soft_chance": math.nan}, {"schedule": "linear"}, {"steps": 0}],
)
def test_settings_are_checked(change: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(change))):
        MapRecipe(**change)  # type: ignore[arg-type]


def test_the_command_trains_a_map(photo_folder: Path, tmp_path: Path) -> None:
    """The record in the file says how it was trained."""
    command = ["fit", "degradation-map-smoke", "--photos", str(photo_folder), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*command, "--set", "steps=1"], catch_exceptions=False)
    assert done.stdout.splitlines()[-1] == str(tmp_path / "out" / "model.safetensors")
    training = load_map(tmp_path / "out" / "model.safetensors")[1]
    assert (training["recipe"]["steps"], training["photos"], training["held_out"]) == (1, 8, 0)
    assert training["started_from"] is None
    assert "order_weight=1.0" in CliRunner().invoke(app, ["show", "degradation-map"]).stdout


def test_a_run_can_go_on_from_another_map(photo_folder: Path, tmp_path: Path) -> None:
    first, out = tmp_path / "first.safetensors", tmp_path / "out"
    save_map(random_map(SMOKE), first, training={"recipe": "another"})
    command = ["fit", "degradation-map-smoke", "--photos", str(photo_folder), "--out", str(out)]
    slow = ["--set", "steps=1", "--set", "learning_rate=1e-9", "--set", "seed=6"]
    CliRunner().invoke(app, [*command, *slow, "--start-from", str(first)], catch_exceptions=False)
    network, training = load_map(out / "model.safetensors")
    torch.testing.assert_close(network.stem[0].weight, load_map(first)[0].stem[0].weight)
    assert training["started_from"] == {"sha256": file_sha256(first), "training": {"recipe": "another"}}


def test_a_run_can_not_go_on_from_what_is_no_such_map_nor_over_it(photo_folder: Path, tmp_path: Path) -> None:
    first = tmp_path / "model.safetensors"
    save_map(random_map(SMOKE), first, training={})
    fit = ["fit", "degradation-map-smoke", "--photos", str(photo_folder), "--start-from"]
    refused = {
        "can't be written": [str(first), "--out", str(tmp_path)],
        "has width 4, the recipe 6": [str(first), "--out", str(tmp_path / "out"), "--set", "width=6"],
        "no degradation map": [str(asset("weights", "compact.safetensors")), "--out", str(tmp_path / "out")],
        "no such file": [str(tmp_path / "none.safetensors"), "--out", str(tmp_path / "out")],
    }
    for message, arguments in refused.items():
        with pytest.raises(QualiclipError, match=message):
            CliRunner().invoke(app, [*fit, *arguments], catch_exceptions=False)
