"""The untrained twin: random weights, always the same, under an honest name."""

import pytest
import torch

import qualiclip
from qualiclip.errors import WeightsError
from qualiclip.models.prompts import PromptPair
from qualiclip.models.untrained import UNTRAINED, state_sha256, with_random_weights
from qualiclip.weights.registry import REGISTRY


def test_random_weights_change_the_whole_encoder_and_repeat(tiny_model, seeded):
    before = {name: value.clone() for name, value in tiny_model.state_dict().items()}
    fresh, again = (with_random_weights(tiny_model, seeded(4)) for _ in range(2))
    assert all(torch.equal(value, before[name]) for name, value in tiny_model.state_dict().items())
    assert torch.equal(fresh.prompt_features, tiny_model.prompt_features)
    for (name, value), other in zip(fresh.named_parameters(), again.parameters(), strict=True):
        assert torch.equal(value, other)
        if value.dim() > 1:
            assert not torch.equal(value, before[name])
    assert not fresh.training
    assert not any(value.requires_grad for value in fresh.parameters())


def test_hash_is_that_of_names_shapes_and_values(tiny_model, seeded):
    first = with_random_weights(tiny_model, seeded(0))
    assert state_sha256(first) == state_sha256(with_random_weights(tiny_model, seeded(0)))
    assert state_sha256(first) != state_sha256(with_random_weights(tiny_model, seeded(1)))
    assert state_sha256(first) != state_sha256(tiny_model)


def test_twin_of_compact_has_its_shape_and_prompts_and_another_hash():
    trained, twin = qualiclip.load("compact"), qualiclip.load(UNTRAINED)
    assert twin.model.settings == trained.model.settings
    assert torch.equal(twin.model.prompt_features, trained.model.prompt_features)
    assert twin.checkpoint.sha256 == state_sha256(twin.model) != trained.checkpoint.sha256
    assert "never trained" in twin.checkpoint.training["description"]


def test_twin_reports_under_its_own_name(photo):
    report = qualiclip.load(UNTRAINED).score(photo)
    assert report.model == "compact-untrained"
    assert 0 <= report.score <= 1


def test_twin_is_not_a_registered_model_and_never_the_automatic_one():
    assert UNTRAINED not in REGISTRY
    assert qualiclip.load("auto").checkpoint.name != UNTRAINED


def test_twin_has_fixed_prompts_as_compact():
    with pytest.raises(WeightsError, match="no text encoder"):
        qualiclip.load(UNTRAINED, pairs=(PromptPair("Calm sea.", "Rough sea."),))
