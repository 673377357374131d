"""The degradation map as a heatmap: it asks no model, has one scale, says when nothing stands out."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from explain.maps import degradation
from explain.maps.defaults import DEFAULT_METHOD, DEFAULT_TARGET, MODEL_METHOD, chosen
from explain.maps.explanation import DegradationLevels, Explanation
from explain.maps.heatmaps import explain, explain_image
from explain.maps.methods import METHODS
from explain.maps.scale import difference_of_models, on_one_scale
from qualiclip.degradations import Region, degrade
from qualiclip.errors import UsageError
from qualiclip.models.qualiclip import QualityModel
from qualiclip.pictures import image_to_picture
from qualiclip.scoring.scorer import load
from tests.conftest import EXAMPLES, as_image

QUARTER = Region(0.5, 0, 1, 0.5)  # at the top right


def levels(grid: NDArray[np.float32], quiet: float = 2.0) -> DegradationLevels:
    size = (8 * grid.shape[0], 8 * grid.shape[1])
    return DegradationLevels(
        "degradation_map", "difference", grid, size, meaning="M.", stride=8, first=4.0, full_scale=5.0, quiet=quiet
    )


def test_it_asks_neither_the_model_nor_the_target(tiny_model: QualityModel) -> None:
    image = torch.rand((3, 90, 70), generator=torch.Generator().manual_seed(1))
    maps = [
        explain_image(tiny_model, image, torch.rand(1, 256, 2, 3) * number, method="degradation_map", target=target)
        for number, target in enumerate(("good", "bad", "pair:3"))
    ]
    for one in maps:
        assert one.grid.shape == (12, 9)
        assert one.values.shape == (90, 70)
        np.testing.assert_array_equal(one.grid, maps[0].grid)
        assert one.note == maps[0].note
    assert not METHODS["degradation_map"].knows_target


def test_its_places_are_the_middles_of_8_px_and_its_scale_the_five_levels() -> None:
    grid = np.zeros((4, 6), np.float32)
    grid[1, 2] = 2.5
    shown = levels(grid).values
    assert shown[11:13, 19:21].mean() == pytest.approx(0.5, rel=0.2)  # around pixel 12, 20
    assert np.unravel_index(int(shown.argmax()), shown.shape) in {(11, 19), (11, 20), (12, 19), (12, 20)}
    assert not shown[:, 40:].any()


def test_a_peak_up_to_the_quiet_level_does_not_stand_out() -> None:
    grid = np.zeros((6, 6), np.float32)
    grid[5, 5] = 1.5
    quiet, loud = levels(grid), levels(2 * grid)
    assert not quiet.has_evidence
    assert quiet.note == (
        "M. Nothing stands out here: no place is above level 2.0, as in 95 of 100 photos that were not degraded."
    )
    assert loud.has_evidence
    assert loud.note == "M. Most, level 3.0: bottom right."


def test_maps_of_two_pictures_have_one_scale_and_no_difference_of_models() -> None:
    low, high = levels(np.full((2, 2), 1.0, np.float32)), levels(np.full((2, 2), 4.0, np.float32))
    (first, second), peak = on_one_scale(low, high)
    assert (first.full_scale, second.full_scale, peak) == (5.0, 5.0, 4.0)
    with pytest.raises(UsageError, match="have no unit that two models share; use one of attribution"):
        difference_of_models(low, high)


def test_who_asks_for_a_target_gets_a_map_that_knows_it() -> None:
    assert chosen(None, None) == (DEFAULT_METHOD, DEFAULT_TARGET)
    assert chosen(None, "bad") == (MODEL_METHOD, "bad")
    assert chosen("gradcam", None) == ("gradcam", DEFAULT_TARGET)
    assert chosen("degradation_map", DEFAULT_TARGET) == ("degradation_map", DEFAULT_TARGET)
    with pytest.raises(UsageError, match="asks no model and knows no target; leave bad out, or take quality_windows"):
        chosen("degradation_map", "bad")


@pytest.mark.parametrize("name", ["gaussian_blur", "white_noise", "jpeg", "pixelate"])
def test_the_shipped_map_finds_a_degraded_quarter(name: str) -> None:
    image = as_image(EXAMPLES / "cat.png")
    height, width = image.shape[-2:]
    mask = QUARTER.mask(height, width)
    degraded = degrade(image, name, level=5, generator=torch.Generator().manual_seed(0), mask=mask)
    found = explain(load("compact", engine="fused"), image_to_picture(degraded))
    inside = found.values[mask.numpy() > 0]
    outside = found.values[mask.numpy() == 0]
    assert isinstance(found, Explanation)
    assert found.method == "degradation_map"
    assert np.median(inside) > np.quantile(outside, 0.9)
    assert found.has_evidence
    assert found.note.endswith(": top right.")


def test_the_quiet_level_is_one_of_the_five() -> None:
    assert 0.5 < degradation.quiet_level() < 5
