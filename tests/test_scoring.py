"""The scorer: the same number for the same picture, however it arrives."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import qualiclip
from qualiclip.errors import InputError, UsageError
from qualiclip.pictures import PictureLimits
from qualiclip.scoring.reports import Failure
from ui.frame.examples import list_examples

EXAMPLES = [example.path for example in list_examples()]


@pytest.fixture(scope="module")
def scorer():
    return qualiclip.load("compact")


def test_report_holds_all_that_is_needed_to_repeat_it(scorer):
    report = scorer.score(EXAMPLES[0])
    data = json.loads(json.dumps(report.to_dict()))
    assert list(data) == [
        *("path", "score", "model", "weights_sha256", "scale", "engine", "precision", "version", "width", "height"),
        *("pairs", "family", "range", "parts"),
    ]
    assert list(data["pairs"][0]) == [
        *("positive", "negative", "probability", "similarity_positive", "similarity_negative"),
    ]
    with Image.open(EXAMPLES[0]) as picture:
        assert (data["width"], data["height"]) == picture.size
    assert data["path"] == str(EXAMPLES[0])


def test_score_is_the_mean_of_its_pairs(scorer):
    report = scorer.score(EXAMPLES[0])
    assert report.score == pytest.approx(np.mean([pair.probability for pair in report.pairs]), abs=1e-6)
    first = report.pairs[0]
    logit = report.scale * (first.similarity_positive - first.similarity_negative)
    assert first.probability == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-5)


def test_every_way_in_gives_the_same_score(scorer):
    path = EXAMPLES[1]
    with Image.open(path) as file:
        picture = file.convert("RGB")
    values = np.array(picture)
    ways = [path, str(path), path.read_bytes(), scorer.read(path)]
    assert len({scorer.score(way).score for way in ways}) == 1
    plain = [picture, values, values.astype(np.float32) / 255, torch.from_numpy(values).permute(2, 0, 1)]
    assert len({scorer.score(way).score for way in plain}) == 1


def test_score_many_keeps_the_order_and_survives_a_bad_file(scorer, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    results = list(scorer.score_many([EXAMPLES[0], bad, EXAMPLES[1]]))
    assert results[0].to_dict() == scorer.score(EXAMPLES[0]).to_dict()
    assert isinstance(results[1], Failure)
    assert results[1].path == str(bad)
    assert "bad.png" in results[1].error
    assert results[2] == scorer.score(EXAMPLES[1])


def test_threads_give_the_scores_of_one_after_the_other(scorer):
    expected = [scorer.score(path) for path in EXAMPLES]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(scorer.score, EXAMPLES * 2)) == expected * 2


def test_engines_agree_on_the_score():
    eager, fused = (qualiclip.load("compact", engine=name).score(EXAMPLES[2]).score for name in ("eager", "fused"))
    assert eager == pytest.approx(fused, abs=1e-4)


def test_scorer_keeps_to_its_limits():
    scorer = qualiclip.load("compact", limits=PictureLimits(megapixels=0.1))
    with pytest.raises(InputError, match=r"the limit is 0\.1"):
        scorer.score(EXAMPLES[0])


def test_unknown_precision_is_refused():
    with pytest.raises(UsageError, match="unknown precision 'fp64'"):
        qualiclip.load("compact", precision="fp64")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: Path(path).stem)
@pytest.mark.parametrize("name", ["gaussian_blur", "white_noise", "jpeg"])
def test_strongest_degradation_lowers_the_score_of_every_example(scorer, path, name):
    from qualiclip.degradations import degrade

    image = scorer.read(path)
    degraded = degrade(image, name, level=5, generator=torch.Generator().manual_seed(0))
    assert scorer.score(degraded).score < scorer.score(image).score
