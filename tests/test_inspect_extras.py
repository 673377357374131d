"""What the Inspect tab tells on request equals what the library says."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import qualiclip
from explain.numbers.resolution import ResolutionSettings, measure_resolution
from qualiclip.models.prompts import PromptPair
from tests.clip_files import TINY, TINY_TEXT, official_state
from ui.files.downloads import DownloadFolder
from ui.studio.reference import FILE, rank
from ui.studio.studio import Studio
from ui.tabs.inspect.extras import InspectExtras
from ui.tabs.inspect.map_settings import read_settings

CAT = str(Path(__file__).resolve().parent.parent / "assets" / "examples" / "cat.png")
PANEL = [CAT, "", "gaussian_blur", 3.0, "none", 2.0, "none", 2.0, 0, "whole", 25, 25, 75, 75]
MAP = ["degraded", "quality_map", "difference", "viridis", 0.7]


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "official.pth"
    torch.save(official_state(TINY, TINY_TEXT, seed=0), path)
    return qualiclip.load(str(path)), path


@pytest.fixture
def extras(tmp_path):
    return InspectExtras(Studio(qualiclip.load("compact")), DownloadFolder(tmp_path))


def test_own_pair_equals_the_library(official, tmp_path):
    scorer, path = official
    extras = InspectExtras(Studio(scorer), DownloadFolder(tmp_path))
    assert extras.own_prompts_possible
    picture, said = extras.own_pair(*PANEL, *MAP, "Calm <sea>.", "Rough sea.")
    (expected,) = qualiclip.load(str(path), pairs=(PromptPair("Calm <sea>.", "Rough sea."),)).score(CAT).pairs
    assert f"{expected.probability:.3f}" in said
    assert "Calm &lt;sea&gt;." in said
    assert picture.size == (451, 300)


def test_a_bad_pair_or_a_model_without_text_is_said_in_place(official, extras, tmp_path):
    scorer, _ = official
    asked = InspectExtras(Studio(scorer), DownloadFolder(tmp_path))
    picture, said = asked.own_pair(*PANEL, *MAP, " ", "Rough sea.")
    assert picture is None
    assert "expected 1 to 200 characters" in said
    assert not extras.own_prompts_possible
    assert "no text encoder" in extras.own_pair(*PANEL, *MAP, "Good.", "Bad.")[1]


def test_other_sizes_and_windows_equal_the_library(extras):
    path, table = extras.sizes(*PANEL, *MAP, progress=lambda *args, **settings: None)
    scorer = qualiclip.load("compact")
    subject, _ = read_settings([*PANEL, *MAP])
    image = extras.studio.look(subject).image
    measured = measure_resolution(image, scorer, settings=ResolutionSettings())
    assert all(f"{one.report.score:.3f}" in table for one in measured.sizes)
    assert Path(path).read_bytes().startswith(b"\x89PNG")


def test_without_a_photo_all_of_it_asks_for_one(extras):
    nothing = [None, *PANEL[1:], *MAP]
    assert "Choose an example" in extras.seen(*nothing)
    assert "Choose an example" in extras.own_pair(*nothing, "a", "b")[1]


def test_a_rank_is_the_share_of_the_pool_that_scores_lower():
    report = qualiclip.load("compact").score(CAT)
    content = json.loads(FILE.read_text("utf-8"))
    scores = content["models"][report.weights_sha256]["scores"]
    assert len(scores) == content["count"] == rank(report).count
    assert rank(report).percent == round(100 * sum(score < report.score for score in scores) / len(scores))
    assert rank(replace(report, score=0.0)).percent == 0
    assert rank(replace(report, score=1.0)).percent == 100
    assert rank(replace(report, weights_sha256="another")) is None
