"""Parts of a feature map: each is pooled as if it were the whole."""

import pytest
import torch

from qualiclip.models.backbone import RN50, MeanQueryPooling
from qualiclip.models.parts import part_similarities, pool_parts, position_attention, project


def random_pooling(seeded, channels, heads, embedding_size):
    """A pooling with uneven attention, and biases."""
    pooling = MeanQueryPooling(channels, heads, embedding_size).requires_grad_(False)
    for parameter in pooling.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=seeded(1)) * channels**-0.5)
    return pooling


@pytest.mark.parametrize(("channels", "heads", "size"), [(64, 4, 16), (RN50.channels, RN50.heads, RN50.embedding_size)])
def test_each_part_is_pooled_as_if_alone(seeded, channels, heads, size):
    """Two stacks of positions, three parts of each: some of its positions, all, and some of them several times."""
    pooling = random_pooling(seeded, channels, heads, size)
    positions = torch.rand((2, 5, channels), generator=seeded(0))
    counts = torch.tensor([[1.0, 0, 0, 1, 0], [1, 1, 1, 1, 1], [0, 3, 1, 0, 2]])
    means = counts @ positions / counts.sum(dim=1, keepdim=True)
    ours = pool_parts(pooling, means, project(pooling, positions), counts)
    for stack in range(2):
        for part in range(3):
            held = positions[stack].repeat_interleave(counts[part].int(), dim=0)
            alone = pooling(held.T[None, :, None])[0]
            torch.testing.assert_close(ours[stack, part], alone, atol=1e-5, rtol=1e-5)


def test_similarities_are_the_models(tiny_model, seeded):
    feature_map = torch.rand((1, 256, 1, 4), generator=seeded(0))
    positions = feature_map[0, :, 0].T
    projected = project(tiny_model.backbone.attnpool, positions)
    ours = part_similarities(
        tiny_model.backbone.attnpool,
        tiny_model.prompt_features,
        positions.mean(dim=0, keepdim=True),
        projected,
        torch.ones(1, 4),
    )
    torch.testing.assert_close(ours, tiny_model.similarities(feature_map))


def test_attention_is_shared_by_hand():
    """Even logits: 3 positions and their mean token have a quarter each, and the mean token's goes back in thirds."""
    torch.testing.assert_close(position_attention(torch.zeros(1, 3), torch.ones(1, 3)), torch.full((1, 3), 1 / 3))
    logits = torch.tensor([[4.0, 1.0, 9.0]]).log()  # the first twice, the last not at all: 4 + 4 + 1, and their mean
    mean = 16 ** (1 / 3)
    expected = torch.tensor([[8 + mean * 2 / 3, 1 + mean / 3, 0]]) / (9 + mean)
    torch.testing.assert_close(position_attention(logits, torch.tensor([[2.0, 1.0, 0.0]])), expected)


def test_weights_too_small_to_matter_are_nought():
    """They would be denormal numbers, which processors are slow with."""
    weights = position_attention(torch.tensor([[0.0, -90.0, -400.0]]), torch.ones(1, 3))
    assert weights[0, 0] == 1
    assert (weights[0, 1:] == 0).all()
