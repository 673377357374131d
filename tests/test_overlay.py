"""Colours over the photo, and the figure."""

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from explain.figures.inspect import Panel, inspect_figure
from qualiclip.drawing.overlay import COLORMAPS, colorize, overlay
from qualiclip.errors import UsageError
from qualiclip.models.family import PairReport
from qualiclip.scoring.reports import QualityReport

GRAY = Image.new("RGB", (6, 4), (128, 128, 128))


def lightness(colors):
    """Relative luminance of sRGB colours (n, 3), after WCAG."""
    linear = ((colors / 255 + 0.055) / 1.055) ** 2.4
    return linear @ np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("name", COLORMAPS)
def test_sequential_colours_grow_evenly_lighter(name):
    ramp = colorize(np.linspace(0, 1, 64, dtype=np.float32)[None], colormap=name, signed=False)[0]
    steps = np.diff(np.cbrt(lightness(ramp.astype(float))))  # the cube root is close to perceived lightness
    assert (steps > 0).all()


def test_signed_colours_are_red_white_blue():
    low, middle, high = colorize(np.array([[-1, 0, 1]], np.float32), colormap="viridis", signed=True)[0].astype(int)
    assert low[0] > low[2] + 50
    assert high[2] > high[0] + 50
    assert np.ptp(middle) < 3
    assert middle.min() > 240


def test_strong_places_are_covered_and_weak_ones_show_a_gray_photo():
    values = np.zeros((4, 6), np.float32)
    values[0, 0] = 1
    photo = Image.new("RGB", (6, 4), (200, 40, 90))
    result = np.asarray(overlay(photo, values, colormap="viridis", signed=False, opacity=1.0))
    assert (np.ptp(result[1:], axis=2) == 0).all()
    assert tuple(result[0, 0]) == tuple(colorize(values, colormap="viridis", signed=False)[0, 0])


def test_signs_have_different_colours_over_any_photo():
    values = np.array([[-0.8, 0.8]], np.float32)
    for gray in (0, 128, 255):
        photo = Image.new("RGB", (2, 1), (gray, gray, gray))
        against, towards = np.asarray(overlay(photo, values, colormap="viridis", signed=True, opacity=0.7))[0].astype(
            int
        )
        assert against[0] - against[2] > 30
        assert towards[2] - towards[0] > 30


def test_no_opacity_is_the_photo():
    result = overlay(GRAY, np.ones((4, 6), np.float32), colormap="magma", signed=False, opacity=0.0)
    assert np.array_equal(np.asarray(result), np.asarray(GRAY))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colormap": "jet"}, "unknown colour map 'jet'; known: cividis, magma, viridis"),
        ({"opacity": 1.5}, r"opacity must lie in \[0, 1\], got 1\.5"),
        ({"values": np.zeros((2, 2), np.float32)}, "differ in size"),
    ],
)
def test_bad_settings_are_refused(change, message):
    settings = {"values": np.zeros((4, 6), np.float32), "colormap": "viridis", "signed": False, "opacity": 0.5}
    with pytest.raises(UsageError, match=message):
        overlay(GRAY, **{**settings, **change})


def test_figure_states_its_scores_and_caption(tmp_path):
    pairs = (PairReport("Good photo.", "Bad photo.", 0.8, 0.2, 0.1),)
    report = QualityReport(None, 0.8, "compact", "abc", 10.0, "fused", "fp32", "0", 6, 4, pairs)
    panels = [Panel("Original: 0.800", GRAY), Panel("Degraded: 0.800", GRAY)]
    figure = inspect_figure(panels, report, report, caption="seed 7")
    texts = [text.get_text() for text in figure.findobj(Text)]
    assert {"Original: 0.800", "seed 7", "Good photo. / Bad photo.", "0.80"} <= set(texts)
    figure.savefig(tmp_path / "figure.png")
    with Image.open(tmp_path / "figure.png") as saved:
        assert saved.width == 1100
