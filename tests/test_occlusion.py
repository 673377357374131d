"""Occlusion: worked out by hand, windows that cover everything, signs, progress."""

import pytest
import torch

from explain.maps import occlusion
from explain.maps.occlusion import occlusion_grid, windows
from qualiclip.errors import UsageError
from qualiclip.models.targets import TARGETS

DIFFERENCE = TARGETS["difference"].value


def toy_features(*positions):
    feature_map = torch.zeros(1, 64, 1, len(positions))
    feature_map[0, :2, 0] = torch.tensor(positions).T
    return feature_map


def test_two_positions_by_hand(toy_model):
    """Together (3, 4) / 2: 0.6 - 0.8. Without the first only the second prompt: -1; without the second: 1."""
    grid = occlusion_grid(toy_model, toy_features((3.0, 0.0), (0.0, 4.0)), DIFFERENCE)
    torch.testing.assert_close(grid, torch.tensor([[10 * (-0.2 + 1), 10 * (-0.2 - 1)]]))


def test_mean_feature_by_hand(toy_model):
    """The first becomes (1.5, 2): the sum (1.5, 6), cosines 0.2425 and 0.9701. The second likewise: (4.5, 2)."""
    grid = occlusion_grid(toy_model, toy_features((3.0, 0.0), (0.0, 4.0)), DIFFERENCE, fill="mean")
    without = [(1.5 - 6) / (1.5**2 + 36) ** 0.5, (4.5 - 2) / (4.5**2 + 4) ** 0.5]
    torch.testing.assert_close(grid, torch.tensor([[10 * (-0.2 - value) for value in without]]))


@pytest.mark.parametrize("size", [(1, 2), (1, 9), (2, 2), (3, 5), (24, 32), (94, 125)])
def test_windows_cover_every_position_and_never_all(size):
    covered = torch.zeros(size)
    parts = windows(*size)
    for window in parts:
        covered[window] += 1
        assert 0 < covered[window].numel() < covered.numel()
    assert covered.min() >= 1
    assert len(parts) <= 300


@pytest.mark.parametrize("fill", occlusion.FILLS)
def test_a_place_is_the_mean_over_its_windows(tiny_model, seeded, fill):
    """Each window by itself, one at a time, on the public model."""
    feature_map = torch.rand((1, 256, 4, 6), generator=seeded(0))
    whole = DIFFERENCE(tiny_model.similarities(feature_map)[0])
    drops = {}
    for top in range(2):
        for left in range(4):
            inside = torch.zeros(4, 6, dtype=torch.bool)
            inside[top : top + 3, left : left + 3] = True
            if fill == "remove":
                changed = feature_map[:, :, ~inside][:, :, None]
            else:
                changed = torch.where(inside, feature_map.mean(dim=(2, 3), keepdim=True), feature_map)
            drops[top, left] = 10 * (whole - DIFFERENCE(tiny_model.similarities(changed)[0]))
    grid = occlusion_grid(tiny_model, feature_map, DIFFERENCE, fill=fill)
    torch.testing.assert_close(grid[0, 0], drops[0, 0])
    torch.testing.assert_close(grid[3, 1], torch.stack([drops[1, 0], drops[1, 1]]).mean())


def test_batches_do_not_matter(tiny_model, seeded, monkeypatch):
    feature_map = torch.rand((1, 256, 4, 6), generator=seeded(0))
    at_once = occlusion_grid(tiny_model, feature_map, DIFFERENCE)
    monkeypatch.setattr(occlusion, "WINDOWS_AT_ONCE", 3)
    torch.testing.assert_close(occlusion_grid(tiny_model, feature_map, DIFFERENCE), at_once, rtol=1e-5, atol=1e-6)


def test_feature_map_is_left_alone(tiny_model, seeded):
    feature_map = torch.rand((1, 256, 4, 6), generator=seeded(0))
    before = feature_map.clone()
    occlusion_grid(tiny_model, feature_map, DIFFERENCE, fill="mean")
    assert torch.equal(feature_map, before)


def test_progress_counts_windows_and_can_stop_the_work(tiny_model, seeded, monkeypatch):
    feature_map = torch.rand((1, 256, 4, 6), generator=seeded(0))
    monkeypatch.setattr(occlusion, "WINDOWS_AT_ONCE", 3)
    seen = []

    def stop(done, total):
        seen.append((done, total))
        if done >= 6:
            raise InterruptedError("enough")

    occlusion_grid(tiny_model, feature_map, DIFFERENCE, progress=lambda *at: seen.append(at))
    assert seen == [(3, 8), (6, 8), (8, 8)]
    seen.clear()
    with pytest.raises(InterruptedError, match="enough"):
        occlusion_grid(tiny_model, feature_map, DIFFERENCE, progress=stop)
    assert seen == [(3, 8), (6, 8)]


def test_unknown_fill_is_refused(tiny_model):
    with pytest.raises(UsageError, match="unknown fill 'black'"):
        occlusion_grid(tiny_model, torch.zeros(1, 256, 2, 2), DIFFERENCE, fill="black")
