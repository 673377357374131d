"""A map lies on its picture in one way, whoever draws it: also where a side is no multiple of 32 px."""

import numpy as np
import pytest
import torch
from PIL import Image

import qualiclip
from explain.checks.spot_check import draw_map as draw_check
from explain.figures.comparison import compare_models, comparison_figure
from explain.maps.defaults import DEFAULT_COLORMAP, DEFAULT_METHOD, DEFAULT_OPACITY, DEFAULT_TARGET
from explain.maps.drawing import draw_heatmap
from explain.maps.explanation import Explanation
from explain.maps.heatmaps import explain
from explain.maps.scale import enlarge
from qualiclip.degradations import Region
from qualiclip.errors import UsageError
from qualiclip.pictures import as_image, image_to_picture
from ui.commands.explain_picture import ExplainSettings, explain_picture
from ui.files.downloads import DownloadFolder
from ui.frame.examples import list_examples
from ui.server.api import Api
from ui.studio.studio import Studio
from ui.studio.subject import NONE, Subject
from ui.tabs.compare import exports
from ui.tabs.compare.sides import PICTURE, SAME
from ui.tabs.compare.tab import CompareTab
from ui.tabs.inspect.map_settings import MapSettings
from ui.tabs.inspect.tab import draw_map

SIZES = [(511, 333), (333, 500), (500, 511)]  # height, width


@pytest.fixture(scope="module")
def scorer():
    return qualiclip.load("compact", engine="eager")


def clouds(size):
    """A picture (height, width) with soft places, and rough ones in its upper half."""
    coarse = np.random.default_rng(0).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    pixels = np.asarray(Image.fromarray(coarse).resize(size[::-1], Image.Resampling.BICUBIC)).astype(float)
    upper = pixels[: size[0] // 2]
    upper += np.random.default_rng(1).normal(0, 25, upper.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


@pytest.fixture(params=SIZES, ids=str)
def path(request, tmp_path):
    path = tmp_path / "picture.png"
    clouds(request.param).save(path)
    return path


@pytest.fixture
def studio(scorer):
    return Studio(scorer)


@pytest.fixture
def expected(studio, path):
    """The pixels that the Inspect tab shows."""
    settings = MapSettings("degraded", DEFAULT_METHOD, DEFAULT_TARGET, DEFAULT_COLORMAP, DEFAULT_OPACITY)
    drawn, _ = draw_map(studio.look(Subject(str(path), "compact")), settings)
    return np.asarray(drawn)


def drawn_in(figure):
    """The pictures of a figure as they are, without its key."""
    pictures = [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]
    return [picture for picture in pictures if len(picture) > 8]


def test_command_line_library_and_endpoint_draw_what_the_page_draws(studio, scorer, path, expected, tmp_path):
    settings = ExplainSettings(DEFAULT_METHOD, DEFAULT_TARGET, 32, DEFAULT_COLORMAP, DEFAULT_OPACITY)
    explain_picture(lambda: scorer, path, tmp_path / "out.png", settings, raw=tmp_path / "map.npy")
    with Image.open(tmp_path / "out.png") as written:
        assert np.array_equal(np.asarray(written), expected)
    heatmap = explain(scorer, path)
    assert np.array_equal(np.load(tmp_path / "map.npy"), heatmap.values)
    look = studio.look(Subject(str(path), "compact"))
    for picture in (path, look.image, look.picture):
        assert np.array_equal(np.asarray(draw_heatmap(picture, heatmap)), expected)
    answer, _ = Api(studio).explain(str(path), DEFAULT_METHOD, DEFAULT_TARGET, DEFAULT_COLORMAP, 0.7, "compact")
    assert np.array_equal(np.asarray(answer), expected)
    outline = draw_check(look.picture, heatmap, Region(0, 0, 0.25, 0.25), side=max(look.picture.size))
    inside = tuple(slice(side // 3, None) for side in heatmap.size)
    assert np.array_equal(np.asarray(outline)[inside], expected[inside])


def test_figures_and_the_tab_they_are_downloaded_from_draw_what_the_page_draws(
    studio, scorer, path, expected, tmp_path, monkeypatch
):
    image = scorer.read(path)
    compared = compare_models(image, [scorer], path=path, method=DEFAULT_METHOD, target=DEFAULT_TARGET)
    picture, heatmap = drawn_in(comparison_figure([compared], title="T", facts=[]))
    assert np.array_equal(picture, np.asarray(image_to_picture(image)))
    assert np.array_equal(heatmap, expected)

    figures = []
    monkeypatch.setattr(exports, "save_figure", lambda figure, *_, **__: figures.append(figure))
    tab = CompareTab(studio, DownloadFolder(tmp_path), list_examples())
    panel = [str(path), "compact", *(NONE, 2.0) * 3, 0, "whole", 25, 25, 75, 75]
    chosen = [PICTURE, "", SAME, None, True, DEFAULT_METHOD, DEFAULT_TARGET]  # the same picture on both sides
    shown = tab.update(*panel, *chosen, [], "")
    assert np.array_equal(np.asarray(shown[4]["value"]), expected)
    tab.save_figure(*panel, *chosen, "png")
    assert [np.array_equal(one, expected) for one in drawn_in(figures[0])] == [False, True] * 2


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("corner", [(0, 0), (0, -1), (-1, 0), (-1, -1)])
def test_a_bright_position_in_a_corner_stays_where_it_belongs(size, corner):
    grid = np.zeros((size[0] // 32, size[1] // 32), np.float32)
    grid[corner] = 1
    explanation = Explanation("gradcam", "good", grid, size)
    centre = [32 * (place % count) + 16 for place, count in zip(corner, grid.shape, strict=True)]  # px
    for shown in (size, (size[0] // 2, size[1] // 2), (2 * size[0], 2 * size[1])):
        values = explanation.at(*shown)
        profiles = values.max(axis=1), values.max(axis=0)
        for profile, own, at, place in zip(profiles, size, centre, corner, strict=True):
            spot = np.flatnonzero(profile > 0.999 * profile.max())  # from its centre to the border: values go on as is
            border, inner = (spot[0], spot[-1]) if place == 0 else (spot[-1], spot[0])
            assert border == (0 if place == 0 else len(profile) - 1)
            px = own / len(profile)  # of the picture, in one of what is shown
            assert (inner + 0.5) * px == pytest.approx(at, abs=px)
    colours = np.asarray(draw_heatmap(Image.new("RGB", size[::-1], "gray"), explanation)).astype(int)
    covered = np.abs(colours - colours[size[0] // 2, size[1] // 2]).sum(axis=2)
    assert covered[tuple(centre)] >= 0.9 * covered.max()


def test_a_smaller_copy_has_the_map_of_the_same_places():
    """Pixel 8 of 48 has its middle at 17 of 96 px, 1 px beyond the first centre."""
    half = enlarge(torch.tensor([[0.0, 2.0, 4.0]]), (1, 96), stride=32, shown=(1, 48))[0]
    assert half[[0, 7, 8, 24, 47]].tolist() == pytest.approx([0, 0, 1 / 16, 33 / 16, 4])


@pytest.mark.parametrize("shown", [(333, 511), (511, 511), (480, 320), (100, 67)])
def test_a_map_is_not_drawn_over_a_picture_of_another_shape(shown):
    explanation = Explanation("gradcam", "good", np.ones((15, 10), np.float32), (511, 333))
    with pytest.raises(UsageError, match=r"a map of a picture of 333 × 511 px does not fit one of \d+ × \d+ px"):
        draw_heatmap(Image.new("RGB", shown[::-1]), explanation)


def test_whatever_holds_a_picture_can_be_drawn_on(scorer, tmp_path):
    """A file whose picture lies on its side is explained and drawn upright."""
    picture = clouds((64, 96))
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.png"
    picture.save(path, exif=exif)
    explanation = explain(scorer, path)
    assert explanation.size == (96, 64)
    with Image.open(path) as opened:
        drawn = [draw_heatmap(source, explanation) for source in (path, path.read_bytes(), opened, as_image(path))]
    assert [one.size for one in drawn] == [(64, 96)] * 4
    assert len({one.tobytes() for one in drawn}) == 1
    gray = draw_heatmap(picture.rotate(90, expand=True).convert("L"), explanation)
    assert gray.size == (64, 96)


def test_explaining_is_one_call(scorer, photo):
    picture = image_to_picture(photo)
    usual = explain(scorer, picture)
    assert (usual.method, usual.target, usual.size) == (DEFAULT_METHOD, DEFAULT_TARGET, photo.shape[1:])
    seen = []
    finer = explain(scorer, picture, method="quality_map", stride=16, progress=lambda *at: seen.append(at))
    assert finer.stride == 16
    assert seen[-1] == (4, 4)
    for wrong, message in (
        ({"method": "magic"}, "unknown heatmap method 'magic'"),
        ({"target": "ugly"}, "unknown heatmap target 'ugly'"),
        ({"stride": 16}, "a stride of 16 px is for the method quality_map, not degradation_map"),
        ({"stride": 7, "method": "quality_map"}, "stride must be one of 32, 16, 8 px, got 7"),
    ):
        with pytest.raises(UsageError, match=message):
            explain(scorer, picture, **wrong)
