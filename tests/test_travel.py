"""What a user holds can be copied, and sent to another process."""

import copy
import multiprocessing
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import qualiclip
from explain.maps.heatmaps import explain_image
from explain.maps.methods import METHODS
from qualiclip.degradations import DEGRADATIONS, GROUPS
from qualiclip.degradations.compose import Composition
from qualiclip.degradations.steps import Region, Step
from qualiclip.errors import InputError, WeightsError
from qualiclip.models.prompts import PromptPair
from qualiclip.models.targets import TARGETS
from qualiclip.pictures import DEFAULT_LIMITS, PictureLimits
from qualiclip.scoring.reports import Failure
from qualiclip.scoring.scorer import Scorer
from qualiclip.weights.loading import Checkpoint, load_checkpoint
from qualiclip.weights.own_prompts import OwnPrompts
from qualiclip.weights.registry import REGISTRY
from tests.clip_files import TINY, TINY_TEXT, official_state
from tests.conftest import EXAMPLES


def sent(thing):
    return pickle.loads(pickle.dumps(thing))


WAYS = (sent, copy.deepcopy, copy.copy)
DAY = PromptPair("Day", "Night")


@pytest.fixture
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("engine", ["eager", "fused"])
def test_a_scorer_travels_with_all_its_settings(tiny_checkpoint, photo, engine):
    limits = PictureLimits(megapixels=0.1)
    scorer = qualiclip.load(str(tiny_checkpoint), scale=7, engine=engine, limits=limits, progress=True)
    report = scorer.score(photo)
    for way in WAYS:
        other = way(scorer)
        assert other.score(photo) == report
        assert (other.limits, other.progress) == (limits, True)
        with pytest.raises(InputError, match=r"the limit is 0\.1"):
            other.score(EXAMPLES / "cat.png")
    assert scorer.score(photo) == report


def test_a_model_from_a_file_is_loaded_again_by_its_whole_path(tiny_checkpoint, photo, monkeypatch, tmp_path):
    monkeypatch.chdir(tiny_checkpoint.parent)
    scorer = qualiclip.load(tiny_checkpoint.name)
    report, data = scorer.score(photo), pickle.dumps(scorer)
    assert len(data) < 10_000, "no weights"
    monkeypatch.chdir("/")
    assert pickle.loads(data).score(photo) == report
    assert sent(pickle.loads(data)).score(photo) == report


def test_other_weights_on_arrival_are_refused(tiny_checkpoint, tiny_model):
    data = pickle.dumps(load_checkpoint(str(tiny_checkpoint)))
    tiny_checkpoint.write_bytes(tiny_checkpoint.read_bytes().replace(b"none", b"more"))
    with pytest.raises(WeightsError, match=r"tiny.safetensors: SHA-256 .* is expected: not the weights that were sent"):
        pickle.loads(data)
    tiny_checkpoint.unlink()
    with pytest.raises(WeightsError, match="no such file"):
        pickle.loads(data)


def test_a_model_in_no_file_travels_with_its_weights(tiny_model, photo):
    scorer = Scorer(Checkpoint("mine", tiny_model, "0" * 64, {"recipe": "mine"}), engine="fused", limits=DEFAULT_LIMITS)
    for way in WAYS:
        other = way(scorer)
        assert other.score(photo) == scorer.score(photo)
        assert other.checkpoint.training == {"recipe": "mine"}
    assert sent(scorer).model is not scorer.model
    assert copy.deepcopy(scorer).model is not scorer.model
    assert copy.copy(scorer).model is scorer.model


def test_a_model_that_was_changed_travels_as_it_is_now(tiny_checkpoint, tiny_model, photo):
    checkpoint = load_checkpoint(str(tiny_checkpoint))
    file = sent(checkpoint).model(photo[None])
    twin = copy.deepcopy(checkpoint)
    checkpoint.model.backbone.conv1.weight.mul_(1.1)
    changed = checkpoint.model(photo[None])
    assert not torch.equal(changed, file)
    assert torch.equal(sent(checkpoint).model(photo[None]), changed)
    assert torch.equal(sent(twin).model(photo[None]), file)
    other = replace(twin, model=copy.deepcopy(checkpoint.model))
    assert torch.equal(sent(other).model(photo[None]), changed)
    twin.model.settings = replace(twin.model.settings, scale=3.0)
    assert sent(twin).model.settings.scale == 3.0


def test_own_prompts_and_their_encoder_travel(tmp_path, own_folders):
    torch.save(official_state(TINY, TINY_TEXT, seed=0), tmp_path / "clip.pth")
    checkpoint = load_checkpoint(str(tmp_path / "clip.pth"), pairs=(DAY,))
    for way in WAYS:
        other = way(checkpoint)
        assert other.model.settings.pairs == (DAY,)
        assert torch.equal(other.model.prompt_features, checkpoint.model.prompt_features)
        own = way(OwnPrompts(other)).model(PromptPair("Dawn", "Dusk"))
        assert torch.equal(own.prompt_features, OwnPrompts(checkpoint).model(own.settings.pairs[0]).prompt_features)


def test_the_untrained_twin_is_made_again():
    checkpoint = load_checkpoint("compact-untrained")
    other = sent(checkpoint)
    assert (other.name, other.sha256, other.training) == (checkpoint.name, checkpoint.sha256, checkpoint.training)
    assert len(pickle.dumps(checkpoint)) < 10_000


def test_reports_settings_and_tables_can_be_sent_and_copied(tiny_checkpoint, photo):
    scorer = qualiclip.load(str(tiny_checkpoint), engine="eager")
    things = [
        *(scorer.score(photo), Failure("a.png", "why"), Step("jpeg", 2.5, 3), Region(0.1, 0.2, 0.3, 0.4)),
        *(Composition(("jpeg",), (2.0,), 3), PictureLimits(megapixels=3), DAY, scorer.checkpoint.training),
        *(DEGRADATIONS, GROUPS, REGISTRY, METHODS, TARGETS, *DEGRADATIONS.values(), *REGISTRY.values()),
    ]
    for thing in things:
        assert [way(thing) for way in WAYS] == [thing] * 3
    for error in (InputError("why"), WeightsError("why")):
        assert (type(sent(error)), str(sent(error))) == (type(error), "why")
    with pytest.raises(TypeError, match="does not support item assignment"):
        copy.deepcopy(DEGRADATIONS)["jpeg"] = None


def test_a_heatmap_and_a_generator_can_be_sent(tiny_checkpoint, photo):
    scorer = qualiclip.load(str(tiny_checkpoint), engine="eager")
    found = explain_image(scorer.model, photo, scorer.encode(photo), method="gradcam", target="difference")
    generator = torch.Generator().manual_seed(5)
    for way in WAYS:
        other = way(found)
        assert (other.values == found.values).all()
        assert replace(other, grid=found.grid) == found
    expected = torch.rand(3, generator=copy.deepcopy(generator))
    assert torch.equal(torch.rand(3, generator=sent(generator)), expected)


@pytest.mark.slow
def test_another_process_gives_the_same_scores():
    """Started anew, as on macOS and Windows, and with its own number of threads."""
    path = str(EXAMPLES / "cat.png")
    scorers = [qualiclip.load("compact", engine=engine) for engine in ("openvino", "fused", "eager")]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        asked = [pool.apply_async(scorer.score, (path,)) for scorer in scorers]
        reports = [one.get(timeout=300) for one in asked]
    assert reports == [scorer.score(path) for scorer in scorers]
    assert Path(reports[0].path).name == "cat.png"
