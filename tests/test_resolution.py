"""The score at other sizes and of windows: which, where, how many, and the figure."""

import numpy as np
import pytest
import torch
from PIL import Image

import qualiclip
from explain.figures.resolution import resolution_figure
from explain.numbers.resolution import (
    Reduced,
    Resolution,
    ResolutionSettings,
    Window,
    measure_resolution,
    reduced_image,
    resolution_cells,
    window_boxes,
)
from qualiclip.errors import UsageError
from qualiclip.scoring.reports import QualityReport
from tests.figure_checks import check_figure, texts_of

SETTINGS = ResolutionSettings()


def report_of(score, width=400, height=300):
    return QualityReport(None, score, "made-up", "0" * 64, 100.0, "eager", "fp32", "0", width, height, ())


def made_up(shares=(0.5, 1.0), width=400, height=300, settings=SETTINGS):
    """Scores that rise with the size, and from window to window."""
    sizes = [Reduced(share, report_of(0.9 * share, round(width * share), round(height * share))) for share in shares]
    boxes = window_boxes(height, width, settings)
    windows = [
        Window(box, report_of(index / len(boxes), box[2] - box[0], box[3] - box[1])) for index, box in enumerate(boxes)
    ]
    return Resolution(tuple(sizes), tuple(windows))


def test_windows_of_a_grid_cover_the_picture_and_overlap_by_half():
    boxes = window_boxes(300, 400, ResolutionSettings())
    assert boxes[:3] == [(0, 0, 200, 150), (100, 0, 300, 150), (200, 0, 400, 150)]
    assert boxes[4] == (100, 75, 300, 225)
    assert boxes[-1] == (200, 150, 400, 300)
    assert len(boxes) == 9


@pytest.mark.parametrize(("grid", "overlap", "first"), [(1, 0.5, (0, 0, 401, 299)), (2, 0.0, (0, 0, 200, 150))])
def test_other_grids(grid, overlap, first):
    boxes = window_boxes(299, 401, ResolutionSettings(grid=grid, overlap=overlap))
    assert boxes[0] == first
    assert boxes[-1][2:] == (401, 299)
    assert len(boxes) == grid**2


def test_too_small_windows_and_sizes_are_left_out(tiny_checkpoint):
    assert window_boxes(126, 400, ResolutionSettings()) == []
    assert len(window_boxes(128, 400, ResolutionSettings())) == 9
    assert window_boxes(300, 400, ResolutionSettings(grid=0)) == []
    scorer = qualiclip.load(str(tiny_checkpoint), engine="eager")
    result = measure_resolution(torch.rand(3, 90, 120), scorer, settings=ResolutionSettings())
    assert [size.short_side for size in result.sizes] == [64, 76, 90]  # 0.71, 0.84, 1; 0.6 would be 54 px
    tiny = measure_resolution(torch.rand(3, 40, 40), scorer, settings=ResolutionSettings())
    assert ([size.share for size in tiny.sizes], tiny.windows) == ([1.0], ())
    assert tiny.spread is None
    assert "too small" in tiny.note


def test_each_part_has_the_score_that_it_has_alone(photo, tiny_checkpoint):
    scorer = qualiclip.load(str(tiny_checkpoint), engine="eager")
    settings = ResolutionSettings(shares=(0.75,), grid=2, overlap=0.5, min_side=32)
    result = measure_resolution(photo, scorer, settings=settings)
    assert result.own == scorer.score(photo)
    assert result.sizes[0].report.score == scorer.score(reduced_image(photo, 0.75)).score
    assert result.windows[1].box == (43, 0, 128, 64)
    assert result.windows[1].report.score == pytest.approx(scorer.score(photo[:, 0:64, 43:128].clone()).score, abs=1e-6)
    assert len(result.windows) == 4


def test_reduction_keeps_flat_and_does_not_alias():
    flat = reduced_image(torch.full((3, 80, 120), 0.3), 0.5)
    assert flat.shape == (3, 40, 60)
    assert torch.allclose(flat, torch.tensor(0.3), atol=1e-6)
    stripes = torch.arange(120).remainder(2).float().expand(3, 80, 120)  # would be all 0 or all 1 without a filter
    inner = reduced_image(stripes, 0.25)[:, :, 3:-3]
    assert (inner - 0.5).abs().max() < 0.05
    noise = torch.rand(3, 80, 120, generator=torch.Generator().manual_seed(0)).round()
    assert 0 <= reduced_image(noise, 0.9).min() <= reduced_image(noise, 0.9).max() <= 1


def test_progress_counts_and_what_it_raises_ends_the_measurement(photo, tiny_checkpoint):
    scorer = qualiclip.load(str(tiny_checkpoint), engine="eager")
    settings = ResolutionSettings(shares=(0.75,), grid=2, min_side=32)
    steps = []
    measure_resolution(photo, scorer, settings=settings, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(done, 6) for done in range(7)]

    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_resolution(photo, scorer, settings=settings, progress=stop)


def test_the_note_says_how_far_scores_spread():
    result = made_up()
    assert result.spread == (0, 8 / 9)
    assert result.note == "At 0.5 of its size the picture scores 0.450 (-0.450). Its 9 windows score 0.000 to 0.889."


def test_table_has_a_row_for_each_part():
    rows = [cells for cells, _ in resolution_cells(made_up())]
    assert rows[:2] == [{"part": "whole", "share": 0.5}, {"part": "whole", "share": 1.0}]
    assert rows[2] == {"part": "window", "left": 0, "top": 0, "right": 200, "bottom": 150}
    assert len(rows) == 11


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shares": (0.5, 1.0)}, "between 0 and 1"),
        ({"grid": -1}, "grid -1"),
        ({"overlap": 1.0}, "overlap 1.0"),
        ({"min_side": 0}, "min_side 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change, message):
    with pytest.raises(UsageError, match=message):
        ResolutionSettings(**change)


@pytest.mark.parametrize("size", [(400, 300), (300, 400), (900, 130), (130, 900), (70, 70)])
@pytest.mark.parametrize("grid", [0, 3, 8])
def test_figure_shows_every_part_and_nothing_overlaps(size, grid):
    settings = ResolutionSettings(grid=grid)
    shares = (*settings.shares, 1.0) if min(size) > 100 else (1.0,)
    result = made_up(shares, *size, settings)
    picture = Image.new("RGB", size, "teal")
    facts = ["a $very$ " + "long " * 60 + "name 写真.png", "Model x"]
    figure = resolution_figure(picture, result, title="Size and place $\\alpha", facts=facts)
    check_figure(figure)
    words = texts_of(figure)
    assert f"own size, {size[0]} × {size[1]} px: 0.900" in words
    assert ("0 worst" in words) == bool(result.windows)
    curve = figure.axes[0]
    low, high = curve.get_ylim()
    assert low <= min(size.report.score for size in result.sizes) < 0.9 + 1e-9 <= high


def test_marks_of_windows_do_not_overlap_and_have_the_colour_of_their_score():
    figure = resolution_figure(Image.new("RGB", (400, 300)), made_up(), title="T", facts=[])
    (axes,) = [axes for axes in figure.axes if len(axes.texts) == 9]
    filled = [patch for patch in axes.patches if patch.get_fill()]
    boxes = [patch.get_bbox() for patch in filled]
    assert not any(a.overlaps(b) for index, a in enumerate(boxes) for b in boxes[:index])
    lightness = [np.dot(patch.get_facecolor()[:3], (0.299, 0.587, 0.114)) for patch in filled]
    assert lightness == sorted(lightness)  # a higher score is lighter, in grey as well
