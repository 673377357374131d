"""Similarities, probabilities and scores, with numbers worked out by hand."""

import math

import pytest
import torch

from qualiclip.errors import UsageError
from qualiclip.models.backbone import BackboneSettings
from qualiclip.models.prompts import ANTONYM_PAIRS, PromptPair
from qualiclip.models.qualiclip import ModelSettings, QualityModel

TINY = BackboneSettings(blocks=(1, 1, 1, 1), width=8, heads=4, embedding_size=2)


def test_score_is_the_mean_softmax_of_scaled_cosines():
    pairs = (PromptPair("a", "b"), PromptPair("c", "d"))
    model = QualityModel(ModelSettings(TINY, pairs=pairs, scale=10.0), torch.ones(2, 2, 2))
    similarities = torch.tensor([[[0.3, 0.1], [0.2, 0.2]]])
    # pair 1: softmax(3, 1)[0] = 1 / (1 + e⁻²); pair 2: 1/2
    first = 1 / (1 + math.exp(-2))
    torch.testing.assert_close(model.probabilities(similarities), torch.tensor([[first, 0.5]]))


def test_similarities_are_cosines_whatever_the_length_of_the_vectors():
    prompts = torch.tensor([[[3.0, 0.0], [0.0, 5.0]]]).expand(7, 2, 2)
    model = QualityModel(ModelSettings(TINY), prompts).eval()
    model.backbone.pool = lambda feature_map: torch.tensor([[4.0, 3.0]])  # type: ignore[method-assign]
    similarities = model.similarities(torch.zeros(1, 256, 1, 1))
    torch.testing.assert_close(similarities[0, 0], torch.tensor([0.8, 0.6]))


def test_large_similarities_do_not_overflow():
    model = QualityModel(ModelSettings(TINY, scale=100.0), torch.ones(7, 2, 2))
    extreme = torch.tensor([[[1.0, -1.0]] * 7])
    torch.testing.assert_close(model.probabilities(extreme), torch.ones(1, 7))


def test_there_are_seven_pairs_with_their_dots():
    assert len(ANTONYM_PAIRS) == 7
    prompts = [prompt for pair in ANTONYM_PAIRS for prompt in (pair.positive, pair.negative)]
    assert len(set(prompts)) == 14
    assert all(prompt.endswith(".") and prompt.count(".") == 1 for prompt in prompts)


def test_scores_do_not_depend_on_the_batch(tiny_model):
    images = torch.rand((3, 3, 64, 96), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        together = tiny_model.score(tiny_model.feature_map(images))
        alone = torch.cat([tiny_model.score(tiny_model.feature_map(image[None])) for image in images])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=0)


def test_wrong_prompt_features_are_refused():
    with pytest.raises(UsageError, match=r"must be \(7, 2, 2\), got \(7, 2, 3\)"):
        QualityModel(ModelSettings(TINY), torch.ones(7, 2, 3))


def test_scale_must_be_positive():
    with pytest.raises(UsageError, match="positive scale"):
        ModelSettings(TINY, scale=0.0)
