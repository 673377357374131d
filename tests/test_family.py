"""A family that nothing outside its room has heard of goes through the whole product."""

import csv
import json
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from PIL import Image

import qualiclip
from explain.maps.heatmaps import explain_image
from explain.maps.methods import METHODS
from qualiclip.degradations import Step
from qualiclip.engines.table import build_engine
from qualiclip.errors import UsageError, WeightsError
from qualiclip.models.families import FAMILIES
from qualiclip.models.qualiclip import QualityModel
from qualiclip.models.untrained import with_random_weights
from qualiclip.pictures import image_to_picture
from qualiclip.terminal import run
from qualiclip.weights import checkpoints
from qualiclip.weights.checkpoints import save_checkpoint
from tests.toy_family import EdgeFamily
from train.__main__ import app as train
from ui.commands.main import app
from ui.files.downloads import DownloadFolder
from ui.server.api import Api
from ui.studio.studio import Studio
from ui.studio.subject import NONE, Subject
from ui.tabs.inspect.tab import InspectTab


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """One row in the table, as a new family would add it."""
    monkeypatch.setattr(checkpoints, "FAMILIES", {**FAMILIES, EdgeFamily.family: EdgeFamily})


@pytest.fixture
def toy(tmp_path):
    """A checkpoint of the toy family."""
    path = tmp_path / "edges.safetensors"
    save_checkpoint(EdgeFamily().eval(), path, training={"recipe": "by hand"}, dtype=torch.float32)
    return path


@pytest.fixture
def picture(photo, tmp_path):
    path = tmp_path / "photo.png"
    image_to_picture(photo).save(path)
    return path


@pytest.fixture
def command(monkeypatch):
    """Runs a command line in this process; gives its exit status."""

    def start(*words, program=app):
        monkeypatch.setattr("sys.argv", ["program", *map(str, words)])
        return run(program, "program")

    return start


def test_a_family_is_one_row():
    assert set(FAMILIES) == {"QualiCLIP"}
    assert FAMILIES["QualiCLIP"] is QualityModel


def test_it_is_loaded_scored_and_reported(toy, picture):
    scorer = qualiclip.load(str(toy))
    report = scorer.score(picture)
    assert (report.family, report.range, report.scale, report.pairs) == ("Edges", (0.0, 2.0), None, ())
    assert [part.name for part in report.parts] == ["edges", "colour"]
    assert report.score == pytest.approx(sum(part.value for part in report.parts), abs=1e-6)
    assert [one.score for one in scorer.score_many([picture, picture])] == [report.score] * 2


def test_every_engine_folds_it_and_tiles_it(photo):
    model = EdgeFamily().eval().requires_grad_(False)
    plain = build_engine("eager", model, precision="fp32", key="edges").whole(photo[None])
    for engine in ("fused", "openvino"):
        if engine == "openvino" and find_spec("openvino") is None:
            pytest.skip("the package openvino is not installed")
        stages = build_engine(engine, model, precision="fp32", key="edges")
        assert torch.allclose(stages.whole(photo[None]), plain, atol=1e-5)
        assert torch.allclose(stages.upper(stages.lower(photo[None])), plain, atol=1e-5)


def test_every_method_explains_it_or_says_which_ones_do(photo):
    model = EdgeFamily().eval().requires_grad_(False)
    features = model.feature_map(photo[None])
    worked = set()
    for name, row in METHODS.items():
        if isinstance(model, row.of):
            explanation = explain_image(model, photo, features, method=name, target="difference")
            assert explanation.values.shape == photo.shape[-2:]
            worked.add(name)
        else:
            with pytest.raises(UsageError, match=f"{name} can't explain a model of the family Edges; use one of "):
                explain_image(model, photo, features, method=name, target="difference")
    assert {"quality_map", "gradcam", "hirescam", "eigencam"} <= worked
    with pytest.raises(UsageError, match="unknown prompt pair"):
        explain_image(model, photo, features, method="quality_map", target="pair:sharp")


def test_its_untrained_twin_has_other_weights_and_the_same_settings(photo):
    twin = with_random_weights(EdgeFamily(gain=2.0).eval(), torch.Generator().manual_seed(0))
    assert twin.gain == 2.0
    assert not torch.equal(twin.conv1.weight, EdgeFamily().conv1.weight)


def test_the_command_lines_know_it(toy, picture, photo, command, tmp_path, capsys):
    assert command("score", picture, "--model", toy, "--json", "--csv", tmp_path / "scores.csv") == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert report["family"] == "Edges"
    assert report["range"] == [0, 2]
    assert [part["name"] for part in report["parts"]] == ["edges", "colour"]
    (row,) = csv.DictReader((tmp_path / "scores.csv").read_text(encoding="utf-8").splitlines())
    assert float(row["edges"]) == report["parts"][0]["value"]
    status = command("compare", picture, "--models", f"{toy},compact", "--figure", tmp_path / "both.png")
    assert status == 0, capsys.readouterr().err
    with Image.open(tmp_path / "both.png") as figure:
        assert figure.size[0] > 600
    assert command("explain", picture, tmp_path / "map.png", "--model", toy, "--raw", tmp_path / "map.npy") == 0
    assert np.load(tmp_path / "map.npy").shape == photo.shape[-2:]
    options = ("--types", "gaussian_blur", "--model", toy, "--out", tmp_path / "sweep")
    assert command("sweep", picture, *options) == 0
    rows = list(csv.DictReader((tmp_path / "sweep" / "scores.csv").read_text(encoding="utf-8").splitlines()))
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)  # blur takes edges away
    assert command("arithmetic", picture, "--model", toy) == 1
    assert "no prompt pairs" in capsys.readouterr().err
    assert command("score", picture, "--model", toy, "--scale", "50") == 2
    assert "family QualiCLIP, this one is Edges" in capsys.readouterr().err


def test_it_is_evaluated_and_competes(toy, photo, command, tmp_path, capsys):
    folder = tmp_path / "rated"
    folder.mkdir()
    lines = ["file,mos"]
    for index in range(6):
        blurred = qualiclip.degradations.degrade(
            photo, "gaussian_blur", level=index * 0.8, generator=torch.Generator().manual_seed(0)
        )
        image_to_picture(blurred).save(folder / f"{index}.png")
        lines.append(f"{index}.png,{6 - index}")
    (folder / "mos.csv").write_text("\n".join(lines), encoding="utf-8")
    assert command("evaluate", "--model", toy, "--data", folder, program=train) == 0
    assert json.loads(capsys.readouterr().out)["agreement"]["srcc"] == 1.0
    options = ("--images", folder, "--out", tmp_path / "duel", "--levels", 1, "--pairs", 1)
    assert command("gmad", "--attacker", toy, "--defender", "compact", *options, program=train) == 0


def test_the_studio_shows_it(toy, picture, tmp_path):
    scorer = qualiclip.load(str(toy))
    studio = Studio(scorer)
    api = Api(studio)
    name = scorer.checkpoint.name
    assert api.score(str(picture), name)["family"] == "Edges"
    assert api.models()[0]["prompts"] == []
    drawn, words = api.explain(str(picture), "quality_map", "difference", "viridis", 0.5, name)
    with Image.open(picture) as original:
        assert drawn.size == original.size
    assert words
    tab = InspectTab(studio, DownloadFolder(tmp_path))
    slots = ("gaussian_blur", 3.0, NONE, 2.0, NONE, 2.0)
    panel = (str(picture), name, *slots, 0, "whole", 25, 25, 75, 75)
    shown = list(tab.update(*panel, "degraded", "quality_map", "difference", "viridis", 0.7))
    pairs = next(step[2] for step in shown if isinstance(step[2], str) and step[2])
    assert "edges" in pairs
    assert "how far from gray" in pairs
    for save in (tab.save_figure, tab.save_csv):
        assert save(*panel, "degraded", "quality_map", "difference", "viridis", 0.7)
    assert studio.look(Subject(str(picture), name, (Step("gaussian_blur", 3.0),))).analysis.report.score < 2


def test_a_family_of_a_later_version_is_named(toy, monkeypatch):
    monkeypatch.setattr(checkpoints, "FAMILIES", dict(FAMILIES))
    with pytest.raises(WeightsError, match="of the family 'Edges', which this version does not know"):
        qualiclip.load(str(toy))
