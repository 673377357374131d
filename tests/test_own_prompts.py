"""A pair of one's own on a loaded model is the same as loading the model with that pair, and leaves it as it was."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

import qualiclip
from qualiclip.errors import UsageError, WeightsError
from qualiclip.models.prompts import PromptPair
from qualiclip.weights.own_prompts import OwnPrompts
from tests.clip_files import TINY, TINY_TEXT, official_state

PAIR = PromptPair("Calm sea.", "Rough sea.")


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "official.pth"
    torch.save(official_state(TINY, TINY_TEXT, seed=0), path)
    return path


def test_it_equals_loading_with_the_pair(official, photo):
    scorer = qualiclip.load(str(official))
    features = scorer.encode(photo)
    before = scorer.report(photo, features)
    twin = OwnPrompts(scorer.checkpoint).model(PAIR)
    (pair,) = twin.judge(features).pairs
    (expected,) = qualiclip.load(str(official), pairs=(PAIR,)).score(photo).pairs
    assert pair.probability == pytest.approx(expected.probability, abs=1e-6)
    assert (pair.positive, pair.negative) == ("Calm sea.", "Rough sea.")
    assert scorer.report(photo, features) == before
    assert twin.backbone is scorer.model.backbone


def test_threads_share_one_encoder(official, photo):
    prompts = OwnPrompts(qualiclip.load(str(official)).checkpoint)
    pairs = [PromptPair(f"{word} photo.", "Other.") for word in ("red", "green", "blue", "dark")] * 2
    with ThreadPoolExecutor(4) as pool:
        models = list(pool.map(prompts.model, pairs))
    for pair, model in zip(pairs, models, strict=True):
        assert torch.equal(model.prompt_features, prompts.model(pair).prompt_features)


def test_a_model_without_a_text_encoder_says_so():
    prompts = OwnPrompts(qualiclip.load("compact").checkpoint)
    assert not prompts.possible
    with pytest.raises(WeightsError, match="compact has no text encoder"):
        prompts.model(PAIR)


@pytest.mark.parametrize("text", ["", "   ", "x" * 201])
def test_prompts_have_a_length(official, text):
    prompts = OwnPrompts(qualiclip.load(str(official)).checkpoint)
    with pytest.raises(UsageError, match="expected 1 to 200 characters"):
        prompts.model(PromptPair("Good.", text))
