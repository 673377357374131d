"""The benchmark of the heatmaps: the command, its files, its verdicts."""

import csv
import json
from dataclasses import replace

import pytest
import torch
from PIL import Image

from explain.__main__ import app
from explain.checks.benchmark import generator_for, localise
from explain.checks.faithfulness import Curves
from explain.checks.localisation import Localisation, auroc
from explain.checks.records import (
    BenchmarkPhoto,
    CurveMeasurement,
    Measurement,
    Results,
    Settings,
    WeightMeasurement,
    default_targets,
    map_name,
)
from explain.checks.report import AboutBenchmark, to_markdown
from explain.checks.summary import summarise
from explain.maps.heatmaps import METHODS, explain_image
from explain.maps.scale import enlarge
from qualiclip.degradations import degrade
from qualiclip.degradations.masks import SHAPES
from qualiclip.models.prompts import ANTONYM_PAIRS
from qualiclip.pictures import image_to_picture
from qualiclip.scoring.scorer import load
from qualiclip.terminal import run
from tests.conftest import EXAMPLES
from ui.commands.benchmark import find_pictures

TARGETS = default_targets(ANTONYM_PAIRS)
OF_A_MODEL = [name for name, row in METHODS.items() if not row.image_alone]


@pytest.fixture
def folder(photo, tmp_path):
    """Two pictures of 96 px."""
    folder = tmp_path / "photos"
    folder.mkdir()
    image_to_picture(photo).save(folder / "one.png")
    image_to_picture(photo.flip(2)).save(folder / "two.png")
    return folder


@pytest.fixture
def benchmark(tiny_checkpoint, folder, tmp_path):
    """A function that runs the command with further arguments; the results are in tmp_path/out."""
    command = ["benchmark", "--model", str(tiny_checkpoint), "--images", str(folder), "--curves", "1"]
    command += ["--out", str(tmp_path / "out"), "--types", "gaussian_blur,white_noise"]

    def start(*arguments):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["explain", *command, *arguments])
            return run(app, "explain")

    return start


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_command_writes_every_measurement_the_tables_and_a_figure(benchmark, tmp_path, capsys):
    assert benchmark() == 0
    out = tmp_path / "out"
    rows = read(out / "localisation.csv")
    maps = len({map_name(method, target) for method in METHODS for target in TARGETS})
    assert maps == len(OF_A_MODEL) * len(TARGETS) + 1  # the degradation map has no target
    assert len(rows) == 2 * 2 * 2 * (maps + 4 + maps + 1)  # pictures, shapes, types; maps, baselines, differences
    assert {row["shape"] for row in rows} == {"quadrant", "ellipse", "blob"}
    assert {row["kind"] for row in rows} == {"map", "baseline", "difference"}
    assert all(0 <= float(row["auroc"]) <= 1 for row in rows)
    changes = [float(row["auroc"]) for row in rows if row["map"] == "features"]
    assert min(changes) > 0.5  # features change most where the picture did, whatever the weights
    curves = read(out / "curves.csv")
    assert len(curves) == (len(METHODS) + 2) * 2 * 9
    assert len(read(out / "weights.csv")) == 2 * len(OF_A_MODEL)
    record = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert (record["pictures"], record["data"]) == (["one.png", "two.png"], "photos")
    assert {best["degradation"] for best in record["best"]} == {"gaussian_blur", "white_noise"}
    text = (out / "summary.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out == text
    assert all(f"| {map_name(method, 'bad')} |" in text for method in METHODS)
    with Image.open(out / "summary.png") as figure:
        assert figure.info["Description"].startswith("Where tiny.safetensors sees a degradation, 2 photos")


def test_the_same_seed_gives_the_same_numbers_and_methods_do_not_disturb_each_other(benchmark, tmp_path):
    few = ("--methods", "gradcam,hirescam", "--curves", "0")
    assert benchmark(*few) == 0
    first = read(tmp_path / "out" / "localisation.csv")
    assert benchmark(*few) == 0
    assert read(tmp_path / "out" / "localisation.csv") == first
    assert benchmark(*few, "--methods", "hirescam", "--types", "white_noise") == 0
    alone = read(tmp_path / "out" / "localisation.csv")
    assert alone == [row for row in first if row in alone]
    assert {row["map"] for row in alone if row["kind"] == "map"} == {map_name("hirescam", target) for target in TARGETS}
    assert benchmark(*few, "--seed", "1") == 0
    assert read(tmp_path / "out" / "localisation.csv") != first


def test_a_new_row_in_the_table_of_methods_is_measured(benchmark, tmp_path, monkeypatch):
    more = {"gradcam": METHODS["gradcam"], "another": METHODS["gradcam"]}
    for place in ("maps.heatmaps", "checks.records", "checks.benchmark"):
        monkeypatch.setattr(f"explain.{place}.METHODS", more)
    assert benchmark("--curves", "0", "--types", "white_noise") == 0
    assert "| another (bad) |" in (tmp_path / "out" / "summary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["--methods", "gradcamm"], 2, "unknown heatmap method 'gradcamm'; did you mean gradcam"),
        (["--types", "gaussian_blurr"], 2, "unknown degradation 'gaussian_blurr'; did you mean gaussian_blur"),
        (["--level", "6"], 2, "level must lie above 0 and not above 5, got 6"),
        (["--curves", "-1"], 2, "no negative count"),
        (["--short-side", "40"], 2, "short side 40: expected at least 96 pixels"),
        (["--images", "nowhere"], 1, "nowhere: no such folder"),
    ],
)
def test_what_can_not_be_done_is_said_in_one_line(arguments, status, text, benchmark, capsys):
    assert benchmark(*arguments) == status
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("explain: ")
    assert text in line


def test_pairs_are_asked_for_by_what_they_say(benchmark, tmp_path):
    assert benchmark("--methods", "quality_map", "--curves", "0", "--targets", "pair:noise-free,bad") == 0
    found = {row["map"] for row in read(tmp_path / "out" / "localisation.csv") if row["kind"] == "map"}
    assert found == {"quality_map (pair:noise-free)", "quality_map (bad)"}
    assert default_targets(ANTONYM_PAIRS[:1]) == ("bad", "difference")


def test_a_pair_that_is_not_there_is_said(benchmark, capsys):
    assert benchmark("--targets", "pair:9") == 2
    assert "unknown heatmap target 'pair:9'" in capsys.readouterr().err.splitlines()[-1]  # after the model's line


def test_an_empty_folder_is_said(benchmark, folder, capsys):
    for path in folder.glob("*.png"):
        path.unlink()
    assert benchmark() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "no picture in this folder" in line


def test_a_broken_picture_is_named_and_the_others_are_measured(benchmark, folder, tmp_path, capsys):
    (folder / "one.png").write_text("no picture")
    assert benchmark("--methods", "gradcam", "--types", "white_noise") == 1
    error = capsys.readouterr().err
    assert "one.png: not a picture in a known format" in error
    assert "1 picture could not be read" in error
    assert {row["picture"] for row in read(tmp_path / "out" / "localisation.csv")} == {"two.png"}


def test_pictures_are_spread_evenly(folder):
    for name in "cdefgh":
        (folder / f"{name}.png").touch()
    assert [path.name for path in find_pictures(folder, 4)] == ["c.png", "e.png", "g.png", "one.png"]
    assert len(find_pictures(folder, None)) == len(find_pictures(folder, 99)) == 8


# Verdicts


def results(**aurocs):
    """Ten pictures on which each map has these AUROCs, the same in all, and `edges` always 0.6."""
    found = []
    for picture in range(10):
        facts = (str(picture), "jpeg", "quadrant", 0.25, 0.8, 0.5)
        for name, value in {"edges": 0.6, **aurocs}.items():
            kind = "baseline" if name in ("random", "edges") else "map"
            found.append(Measurement(*facts, kind, name, Localisation(value, 1.0, 0.0)))
        found.append(Measurement(*facts, "difference", "mine", Localisation(0.95, 1.0, 0.0)))
    curves = tuple(
        CurveMeasurement("0", name, Curves((1.0, fall, 0.0), (0.0, 1 - fall, 1.0)))
        for name, fall in (("mine", 0.2), ("random", 0.5), ("edges", 0.1))
    )
    return Results(tuple(found), curves, (WeightMeasurement("0", "mine", -0.9),))


def test_best_method_and_goals_are_said_in_words():
    summary = summarise(results(mine=0.9, other=0.7, random=0.5))
    (best,) = summary.best
    assert (best.row.map, best.baseline.map, best.goal) == ("mine", "edges", 0.7)
    assert best.verdict == "better than random, better than edges"
    assert best.drop.mean == pytest.approx(0.3)
    text = to_markdown(summary, ABOUT)
    assert "| `jpeg` | 0.30 [0.30, 0.30] | mine | 0.90 [0.90, 0.90] | ≥ 0.70: met | edges 0.60 | better than" in text
    assert "Every method is better than the random map on every degradation." in text
    assert "Over all types best: mine, 0.95 [0.95, 0.95]; goal ≥ 0.90: met." in text


def test_a_method_no_better_than_random_is_said_in_words():
    summary = summarise(results(mine=0.5, other=0.3, random=0.5))
    assert {row.map: row.verdict for row in summary.select(kind="map")} == {
        "mine": "no better than random",
        "other": "worse than random",
    }
    text = to_markdown(summary, ABOUT)
    assert "- On `jpeg` no better than random: mine.\n- On `jpeg` worse than random: other." in text
    assert "| mine | 0.50 [0.50, 0.50] ° |" in text
    assert "≥ 0.70: not met" in text


def test_an_unlucky_random_map_makes_nobody_better_than_chance():
    (row,) = summarise(results(mine=0.5, random=0.4)).select(kind="map")
    assert row.over_random.low > 0
    assert row.verdict == "no better than random"


def test_curves_are_compared_with_random_and_edges():
    mine, random, edges = summarise(results(mine=0.9, random=0.5)).curves
    assert mine.gain.mean == pytest.approx(0.3)  # areas 0.65 and 0.35
    assert random.gain.mean == pytest.approx(0)
    assert (mine.over_random.mean, mine.over_edges.mean) == (pytest.approx(0.3), pytest.approx(-0.1))
    text = to_markdown(summarise(results(mine=0.9, random=0.5)), ABOUT)
    assert "better than random, worse than edges |" in text
    assert edges.deletion.mean == pytest.approx(0.3)


def test_maps_that_random_weights_do_not_change_are_called_so():
    text = to_markdown(summarise(results(mine=0.9, random=0.5)), ABOUT)
    assert "| mine | -0.90 [-0.90, -0.90] | 0.90 [0.90, 0.90] | the map hardly depends on what was learned |" in text


def test_intervals_are_over_pictures_not_over_measurements():
    """Two degradations of one picture are no two pictures."""
    base = results(mine=0.9, random=0.5)
    more = [replace(each, degradation="pixelate") for each in base.localisation]
    (row,) = summarise(replace(base, localisation=(*base.localisation, *more))).select(kind="difference")
    assert row.auroc.count == 10


ABOUT = AboutBenchmark("mine", "0" * 64, "fused", "0.1.0", "photos", ("one.png",), 384, Settings())


def test_a_map_is_measured_where_the_picture_shows_it():
    scorer = load("compact", engine="fused")
    image = scorer.read(EXAMPLES / "cat.png")
    settings = Settings(methods=("gradcam",), types=("white_noise",))
    measured = list(localise(scorer, BenchmarkPhoto("cat", image), ("quadrant",), settings))
    found = next(each for each in measured if (each.kind, each.map) == ("map", map_name("gradcam", "bad")))
    mask = SHAPES["quadrant"](*image.shape[1:], generator_for(0, "cat", "quadrant"))
    generator = generator_for(0, "cat", "quadrant", "white_noise")
    degraded = degrade(image, "white_noise", level=4, generator=generator, mask=mask)
    size = (image.shape[1], image.shape[2])
    shown = explain_image(scorer.model, degraded, scorer.encode(degraded), method="gradcam", target="bad").values
    assert found.found.auroc == pytest.approx(auroc(shown, mask.numpy() > 0), abs=0.01)
    assert found.found.auroc > 0.9
    assert image.shape[1] % 32 >= 8  # or a map that is stretched over the picture would pass
    grids = [
        explain_image(scorer.model, one, scorer.encode(one), method="gradcam", target="bad").grid
        for one in (degraded, image)
    ]
    change = enlarge(torch.from_numpy(grids[0] - grids[1]), size, stride=32).numpy()
    changed = next(each for each in measured if (each.kind, each.map) == ("difference", map_name("gradcam", "bad")))
    assert changed.found.auroc == pytest.approx(auroc(change, mask.numpy() > 0), abs=0.002)
