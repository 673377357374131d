"""Tiles give exactly what the whole picture gives."""

import itertools

import pytest
import torch
from torch.nn import functional

from qualiclip.engines import tiling
from qualiclip.engines.table import build_engine
from qualiclip.engines.tiling import STRIDE, encode, lower_in_tiles, reduced_side, spans
from qualiclip.models.backbone import BackboneSettings
from qualiclip.models.prompts import ANTONYM_PAIRS
from qualiclip.models.qualiclip import ModelSettings, QualityModel
from tests.clip_files import fill_batch_norms

NARROW = BackboneSettings(blocks=(3, 4, 6, 3), width=8, heads=4, embedding_size=32)  # as deep as RN50


@pytest.fixture(scope="module")
def stages():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = QualityModel(ModelSettings(NARROW), torch.randn((len(ANTONYM_PAIRS), 2, 32)))
        fill_batch_norms(model.backbone)
    return build_engine("fused", model.eval().requires_grad_(False), precision="fp32", key="narrow")


def noise(size):
    return torch.rand((1, 3, *size), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("side", [*range(32, 67), 127, 1023, 1409])
def test_reduced_side_is_that_of_layer_3(stages, side):
    if side < 67:
        assert stages.lower(torch.zeros(1, 3, side, 48)).shape[2] == reduced_side(side)
    assert reduced_side(side) in (side // 16, -(-side // 16))


@pytest.mark.parametrize("side", [33, 100, 1000, 4032, 8064])
@pytest.mark.parametrize("tile", [64, 1408])
def test_spans_cover_a_side_once_in_parts_no_longer_than_a_tile(side, tile):
    parts = spans(side, tile)
    assert parts[0][0] == 0
    assert parts[-1][1] == reduced_side(side)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(parts))
    lengths = [end - start for start, end in parts]
    assert 0 < min(lengths) <= max(lengths) <= tile // STRIDE
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize("size", [(512, 640), (519, 333), (334, 701), (600, 47)])
def test_tiles_give_what_the_whole_gives(stages, size):
    image = noise(size)
    expected = stages.lower(image)
    actual = lower_in_tiles(stages, image, tile=128, progress=False)
    assert actual.shape == expected.shape
    # A position that saw a tile's border would be off by far more than rounding.
    assert float((actual - expected).abs().max() / expected.abs().max()) < 1e-5


def test_a_smaller_halo_would_be_seen(stages, monkeypatch):
    monkeypatch.setattr(tiling, "HALO", 96)
    image = noise((512, 640))
    expected = stages.lower(image)
    actual = lower_in_tiles(stages, image, tile=128, progress=False)
    assert float((actual - expected).abs().max() / expected.abs().max()) > 1e-5


def test_large_pictures_are_computed_in_tiles_small_ones_at_once(stages, monkeypatch):
    image = noise((400, 420))
    expected = encode(stages, image)
    assert torch.equal(expected, stages.whole(image))
    monkeypatch.setattr(tiling, "LARGEST_WHOLE", 400 * 419)
    monkeypatch.setattr(tiling, "TILE", 192)
    tiled = encode(stages, image)
    torch.testing.assert_close(tiled, expected, atol=1e-4 * float(expected.abs().max()), rtol=0)


def test_the_feature_map_of_a_batch_is_tiled_too(stages, monkeypatch):
    images = torch.cat([noise((300, 320)), functional.pad(noise((300, 300)), (0, 20))])
    expected = encode(stages, images)
    monkeypatch.setattr(tiling, "LARGEST_WHOLE", 0)
    monkeypatch.setattr(tiling, "TILE", 160)
    tiled = encode(stages, images)
    torch.testing.assert_close(tiled, expected, atol=1e-4 * float(expected.abs().max()), rtol=0)
    assert torch.equal(tiled, torch.cat([encode(stages, image) for image in images.split(1)]))
