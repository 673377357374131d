"""Local quality: the score of every position alone; finer positions are those of shifted pictures."""

import pytest
import torch

from explain.maps.heatmaps import explain_finely, explain_image
from explain.maps.quality_map import fine_quality_grid, local_scores, quality_grid, window_grid
from qualiclip.errors import UsageError
from qualiclip.models import windows
from qualiclip.models.backbone import Backbone, BackboneSettings
from qualiclip.models.targets import TARGETS

DIFFERENCE = TARGETS["difference"].value


def encoder(model):
    def encode(image):
        with torch.no_grad():
            return model.feature_map(image[None])

    return encode


def noise(*size):
    return torch.rand((3, *size), generator=torch.Generator().manual_seed(3))


def test_each_position_has_the_score_of_its_feature_alone(tiny_model, seeded):
    feature_map = torch.rand((1, 256, 3, 5), generator=seeded(0))
    scores, similarities = local_scores(tiny_model, feature_map), tiny_model.local_evidence(feature_map)
    grid = quality_grid(tiny_model, feature_map, DIFFERENCE)
    for y in range(3):
        for x in range(5):
            alone = feature_map[:, :, y : y + 1, x : x + 1]
            expected = tiny_model.similarities(alone)[0]
            torch.testing.assert_close(similarities[y, x], expected)
            torch.testing.assert_close(scores[y, x], tiny_model.score(alone)[0])
            torch.testing.assert_close(grid[y, x], 10 * DIFFERENCE(expected), rtol=1e-5, atol=1e-5)


def test_windows_are_pooled_as_pictures_and_averaged(tiny_model, seeded):
    feature_map = torch.rand((1, 256, 4, 5), generator=seeded(0))
    padded = torch.nn.functional.pad(feature_map, (1, 1, 1, 1), mode="replicate")
    pooled = torch.tensor(
        [
            [
                float(DIFFERENCE(tiny_model.similarities(padded[:, :, y : y + 3, x : x + 3])[0]))
                for x in range(feature_map.shape[3])
            ]
            for y in range(feature_map.shape[2])
        ]
    )
    grid = window_grid(tiny_model, feature_map, DIFFERENCE)
    torch.testing.assert_close(grid[1, 2], 10 * pooled[:3, 1:4].mean(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(grid[0, 0], 10 * pooled[:2, :2].mean(), rtol=1e-5, atol=1e-5)
    even = torch.ones((1, 256, 2, 3))
    expected = 10 * DIFFERENCE(tiny_model.similarities(even)[0])
    torch.testing.assert_close(window_grid(tiny_model, even, DIFFERENCE), expected.expand(2, 3))


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_bands_of_rows_do_not_matter(tiny_model, seeded, monkeypatch, rows):
    feature_map = torch.rand((1, 256, 4, 5), generator=seeded(0))
    at_once = window_grid(tiny_model, feature_map, DIFFERENCE)
    monkeypatch.setattr(windows, "BATCH_NUMBERS", rows * 256 * 5)
    torch.testing.assert_close(window_grid(tiny_model, feature_map, DIFFERENCE), at_once, rtol=1e-5, atol=1e-5)


def test_windows_cost_less_by_attention_and_are_those_of_any_model(tiny_model, seeded):
    feature_map = torch.rand((1, 256, 3, 4), generator=seeded(0))
    plain = windows.window_evidence(tiny_model.evidence, feature_map)
    torch.testing.assert_close(tiny_model.window_evidence(feature_map), plain, rtol=1e-5, atol=1e-5)


def test_two_positions_by_hand(toy_model):
    """(3, 4) / 5 along the two prompts: 0.6 - 0.8; (1, 0): 1 - 0; both times the scale of 10."""
    feature_map = torch.zeros(1, 64, 1, 2)
    feature_map[0, :2, 0] = torch.tensor([[3.0, 1.0], [4.0, 0.0]])
    torch.testing.assert_close(quality_grid(toy_model, feature_map, DIFFERENCE), torch.tensor([[-2.0, 10.0]]))


@pytest.mark.parametrize("stride", [32, 16, 8])
@pytest.mark.parametrize("size", [(96, 160), (75, 107), (32, 40)])
def test_finer_map_is_the_coarse_map_at_multiples_of_32(tiny_model, stride, size):
    image, encode = noise(*size), encoder(tiny_model)
    fine = fine_quality_grid(tiny_model, encode, image, DIFFERENCE, stride=stride)
    coarse = quality_grid(tiny_model, encode(image), DIFFERENCE)
    assert torch.equal(fine[:: 32 // stride, :: 32 // stride], coarse)
    assert fine.shape == tuple((side - 32) // stride + 1 for side in size)
    assert torch.isfinite(fine).all()


def test_positions_between_are_those_of_the_shifted_picture(tiny_model):
    image, encode = noise(96, 160), encoder(tiny_model)
    fine = fine_quality_grid(tiny_model, encode, image, DIFFERENCE, stride=8)
    shifted = quality_grid(tiny_model, encode(image[:, 8:, 24:]), DIFFERENCE)
    assert torch.equal(fine[1::4, 3::4], shifted)


def test_far_from_the_borders_the_map_moves_with_the_picture(tiny_model):
    """A square in the middle of gray, moved by 16 px, moves by a position of the map of stride 16.

    Exactly so, because positions of tiny's trunk see 105 px, and those of the middle never the borders.
    """
    maps = []
    for left in (240, 256):
        image = torch.full((3, 512, 512), 0.5)
        image[:, 240:272, left : left + 32] = noise(32, 32)
        maps.append(fine_quality_grid(tiny_model, encoder(tiny_model), image, DIFFERENCE, stride=16))
    first, second = (grid[12:18, 12:18] for grid in (maps[0], maps[1].roll(-1, 1)))
    assert first.std() > 1e-3
    torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("blocks", "side"), [((1, 1, 1, 1), 105), ((2, 2, 2, 2), 225), ((3, 4, 6, 3), 457)])
def test_a_position_sees_as_much_as_the_page_says(blocks, side):
    """The pixels that a position's gradient reaches: tiny, compact and RN50. Weights that are positive hide none."""
    backbone = Backbone(BackboneSettings(blocks=blocks, width=2, heads=1, embedding_size=2)).eval()
    for parameter in backbone.parameters():
        torch.nn.init.constant_(parameter, 0.5)
    image = torch.full((1, 3, 544, 544), 0.5, requires_grad=True)
    features = backbone.double().feature_map(image.double())
    (gradient,) = torch.autograd.grad(features[0, :, 8, 8].sum(), image)
    rows = gradient[0, 0].abs().sum(dim=1).nonzero()[:, 0]
    assert int(rows.max() - rows.min() + 1) == side


@pytest.mark.parametrize(("stride", "encodings"), [(32, 1), (16, 4), (8, 16)])
def test_cost_is_the_number_of_encodings(tiny_model, stride, encodings):
    seen = []
    calls = []

    def encode(image):
        calls.append(image.shape)
        return encoder(tiny_model)(image)

    explain_finely(
        tiny_model, encode, noise(64, 96), target="difference", stride=stride, progress=lambda *at: seen.append(at)
    )
    assert len(calls) == encodings
    assert seen == [(done, encodings) for done in range(encodings + 1)]


def test_progress_can_stop_the_work(tiny_model):
    calls = []

    def encode(image):
        calls.append(1)
        return encoder(tiny_model)(image)

    def stop(done, total):
        if done == 2:
            raise InterruptedError("enough")

    with pytest.raises(InterruptedError, match="enough"):
        fine_quality_grid(tiny_model, encode, noise(64, 96), DIFFERENCE, stride=8, progress=stop)
    assert len(calls) == 2


def test_coarsest_fine_map_is_the_usual_one(tiny_model):
    image = noise(96, 160)
    fine = explain_finely(tiny_model, encoder(tiny_model), image, target="pair:2", stride=32)
    usual = explain_image(tiny_model, image, encoder(tiny_model)(image), method="quality_map", target="pair:2")
    assert (fine.values == usual.values).all()
    assert (fine.signed, fine.meaning, fine.stride) == (usual.signed, usual.meaning, usual.stride)


def test_other_strides_are_refused(tiny_model):
    with pytest.raises(UsageError, match="stride must be one of 32, 16, 8 px, got 12"):
        fine_quality_grid(tiny_model, encoder(tiny_model), noise(64, 64), DIFFERENCE, stride=12)
