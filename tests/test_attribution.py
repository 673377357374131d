"""Attribution: worked out by hand, and complete: nothing of the logits is left over."""

import pytest
import torch

import qualiclip
from explain.maps.attribution import attribution_grid, contributions, position_weights
from qualiclip.models.targets import TARGETS, target_table
from tests.conftest import EXAMPLES


def toy_features(*positions):
    """Feature map (1, 64, 1, P) whose positions have these two numbers in their first channels."""
    feature_map = torch.zeros(1, 64, 1, len(positions))
    feature_map[0, :2, 0] = torch.tensor(positions).T
    return feature_map


def randomised(model, generator):
    """The model with biases in its pooling, too."""
    for parameter in model.backbone.attnpool.parameters():
        if parameter.ndim == 1:
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model


def test_two_positions_by_hand(toy_model):
    """Equal attention: each of 3 tokens has a third, the mean token gives half of its third to each position.

    e = (3, 0) / 2 + (0, 4) / 2 = (1.5, 2) of norm 2.5: cosines 0.6 and 0.8, one from each position.
    """
    feature_map = toy_features((3.0, 0.0), (0.0, 4.0))
    expected = torch.tensor([[[[0.6, 0.0]], [[0.0, 0.8]]]])  # (1, 2, K = 1, 2)
    torch.testing.assert_close(contributions(toy_model, feature_map), expected)
    grid = attribution_grid(toy_model, feature_map, TARGETS["difference"].value)
    torch.testing.assert_close(grid, torch.tensor([[6.0, -8.0]]))


def test_value_bias_follows_attention_and_output_bias_is_shared(toy_model):
    """With biases of (1, 0) and (0, 2): e = (1.5 + 1, 2 + 2), the shares (1.5 + 0.5, 1) and (0.5, 2 + 1)."""
    pooling = toy_model.backbone.attnpool
    pooling.v_proj.bias[0], pooling.c_proj.bias[1] = 1.0, 2.0
    feature_map = toy_features((3.0, 0.0), (0.0, 4.0))
    norm = (2.5**2 + 4**2) ** 0.5
    expected = torch.tensor([[[[2.0, 1.0]], [[0.5, 3.0]]]]) / norm
    torch.testing.assert_close(contributions(toy_model, feature_map), expected)


def test_attended_position_counts_more(toy_model):
    """Keys and queries that are not zero: weights worked out with the softmax of (q·k) / √64."""
    pooling = toy_model.backbone.attnpool
    torch.nn.init.eye_(pooling.q_proj.weight)
    torch.nn.init.eye_(pooling.k_proj.weight)
    positions = toy_features((2.0, 0.0), (0.0, 4.0))[0, :, 0].T
    # The mean token (1, 2) asks; its product with itself is 5, with the positions 2 and 8.
    attention = torch.softmax(torch.tensor([5.0, 2.0, 8.0]) / 64**0.5, dim=0)
    expected = attention[1:] + attention[0] / 2
    torch.testing.assert_close(position_weights(pooling, positions), expected[None])


def test_weights_of_the_positions_sum_to_one(tiny_model, seeded):
    positions = torch.rand((15, 256), generator=seeded(0))
    weights = position_weights(tiny_model.backbone.attnpool, positions)
    assert weights.shape == (4, 15)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(4))


def test_contributions_sum_to_the_similarities(tiny_model, seeded):
    model = randomised(tiny_model, seeded(1))
    for size in ((1, 1), (1, 2), (3, 5), (9, 4)):
        feature_map = torch.rand((1, 256, *size), generator=seeded(0))
        total = contributions(model, feature_map).sum(dim=(0, 1))
        torch.testing.assert_close(total, model.similarities(feature_map)[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["cat.png", "osprey.jpg", "handwriting.png"])
def test_map_of_a_real_photo_sums_to_the_logits(name):
    scorer = qualiclip.load("compact")
    feature_map = scorer.encode(scorer.read(EXAMPLES / name))
    similarities = scorer.model.similarities(feature_map)[0]
    for target in target_table(scorer.model.settings.pairs).values():
        total = attribution_grid(scorer.model, feature_map, target.value).sum().item()
        assert total == pytest.approx(scorer.model.settings.scale * target.value(similarities).item(), rel=1e-5)


def test_equal_positions_contribute_equally(tiny_model, seeded):
    feature_map = torch.rand((1, 256, 1, 1), generator=seeded(0)).expand(-1, -1, 2, 3)
    grid = attribution_grid(tiny_model, feature_map, TARGETS["good"].value)
    torch.testing.assert_close(grid, grid[:1, :1].expand(2, 3))


def test_moving_positions_moves_their_contributions(tiny_model, seeded):
    feature_map = torch.rand((1, 256, 3, 5), generator=seeded(0))
    moved = attribution_grid(tiny_model, feature_map.roll((1, 2), (2, 3)), TARGETS["good"].value)
    still = attribution_grid(tiny_model, feature_map, TARGETS["good"].value)
    torch.testing.assert_close(moved, still.roll((1, 2), (0, 1)))
