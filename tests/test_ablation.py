"""Channel ablation: worked out by hand, equal to ablating one channel after the other, progress."""

import pytest
import torch

from explain.maps import channel_ablation as ablation
from explain.maps.channel_ablation import ablation_grid, channel_falls
from qualiclip.models.backbone import RN50, MeanQueryPooling
from qualiclip.models.targets import TARGETS

DIFFERENCE = TARGETS["difference"].value


def test_two_channels_by_hand(toy_model):
    """Together (3, 4) / 2: 0.6 - 0.8. Without the first channel (0, 2): -1; without the second (1.5, 0): 1."""
    feature_map = torch.zeros(1, 64, 1, 2)
    feature_map[0, :2, 0] = torch.tensor([[3.0, 0.0], [0.0, 4.0]])
    falls = channel_falls(toy_model, feature_map, DIFFERENCE)
    torch.testing.assert_close(falls[:2], torch.tensor([10 * (-0.2 + 1), 10 * (-0.2 - 1)]))
    torch.testing.assert_close(falls[2:], torch.zeros(62), atol=1e-5, rtol=0)
    grid = ablation_grid(toy_model, feature_map, DIFFERENCE)
    torch.testing.assert_close(grid, torch.tensor([[3 * 8.0, 4 * -12.0]]))


@pytest.mark.parametrize("size", [(1, 1), (4, 6)])
def test_falls_are_those_of_one_channel_after_the_other(tiny_model, seeded, size):
    pooling = tiny_model.backbone.attnpool
    for parameter in pooling.parameters():  # attention that is not even, and biases
        parameter.copy_(torch.randn(parameter.shape, generator=seeded(1)) * parameter.shape[-1] ** -0.25)
    feature_map = torch.rand((1, 256, *size), generator=seeded(0))
    without = feature_map * (1 - torch.eye(256))[:, :, None, None]
    expected = DIFFERENCE(tiny_model.similarities(feature_map)) - DIFFERENCE(tiny_model.similarities(without))
    assert expected.abs().max() > 1e-3
    falls = channel_falls(tiny_model, feature_map, DIFFERENCE)
    torch.testing.assert_close(falls, 10 * expected, atol=1e-5, rtol=1e-5)
    grid = ablation_grid(tiny_model, feature_map, DIFFERENCE)
    torch.testing.assert_close(grid, (10 * expected[:, None, None] * feature_map[0]).sum(dim=0), atol=1e-4, rtol=1e-4)


def test_falls_of_a_pooling_of_full_size(seeded):
    """2,048 channels and 32 heads as in RN50; some channels, by hand."""
    pooling = MeanQueryPooling(RN50.channels, RN50.heads, RN50.embedding_size).requires_grad_(False)
    features = torch.rand((RN50.channels, 12), generator=seeded(0))
    chosen = slice(100, 104)
    ours = ablation._pool_without(pooling, features, ablation.project(pooling, features.T), chosen)
    batch = features.repeat(4, 1, 1)
    batch[range(4), range(100, 104)] = 0
    torch.testing.assert_close(ours, pooling(batch[:, :, None]), atol=1e-5, rtol=1e-4)


def test_progress_counts_channels_and_can_stop_the_work(tiny_model, seeded):
    feature_map = torch.rand((1, 256, 4, 6), generator=seeded(0))
    seen = []

    def stop(done, total):
        seen.append((done, total))
        raise InterruptedError("enough")

    channel_falls(tiny_model, feature_map, DIFFERENCE, progress=lambda *at: seen.append(at))
    assert seen == [(128, 256), (256, 256)]
    seen.clear()
    with pytest.raises(InterruptedError, match="enough"):
        channel_falls(tiny_model, feature_map, DIFFERENCE, progress=stop)
    assert seen == [(128, 256)]


def test_batches_do_not_matter(tiny_model, seeded, monkeypatch):
    feature_map = torch.rand((1, 256, 4, 6), generator=seeded(0))
    at_once = channel_falls(tiny_model, feature_map, DIFFERENCE)
    monkeypatch.setattr(ablation, "CHANNELS_AT_ONCE", 100)
    torch.testing.assert_close(channel_falls(tiny_model, feature_map, DIFFERENCE), at_once, rtol=1e-4, atol=1e-5)
