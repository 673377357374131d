"""A sweep over the levels: its numbers, its table, its figures."""

import csv

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

import qualiclip
from explain.figures.sweep import contact_sheet, monotonicity_plot
from qualiclip.crops import middle, reduced
from qualiclip.degradations import DEGRADATIONS, degrade
from qualiclip.drawing.files import save_figure
from qualiclip.errors import InputError
from qualiclip.pictures import PictureLimits, image_to_picture
from qualiclip.scoring.reports import QualityReport
from qualiclip.scoring.scorer import Scorer
from qualiclip.scoring.sweep import LEVELS, SweepRow, sweep, sweep_table


def row_of(scores, name="jpeg"):
    """A row with made-up scores, to test what is derived from them."""
    reports = tuple(
        QualityReport(None, score, "made-up", "0" * 64, 100.0, "eager", "fp32", "0", 64, 48, ()) for score in scores
    )
    return SweepRow(name, 0, tuple(Image.new("RGB", (40, 30), (40 * level,) * 3) for level in LEVELS), reports)


def test_each_level_is_scored_with_the_same_draw(photo, seeded):
    scorer = qualiclip.load("compact")
    pristine = scorer.score(photo)
    row = sweep(photo, pristine, scorer, "motion_blur", seed=3, side=50)
    files = [image_to_picture(degrade(photo, "motion_blur", level=n, generator=seeded(3))) for n in range(1, 6)]
    expected = [scorer.score(file).score for file in files]  # as `qualiclip degrade` writes them: in eight bits
    assert row.scores == (pristine.score, *expected)
    assert (row.label, row.seed) == ("Motion blur", 3)


def test_details_are_the_middle_of_each_level(photo, seeded):
    scorer = qualiclip.load("compact")
    row = sweep(photo, scorer.score(photo), scorer, "darken", seed=0, side=64)
    darkest = image_to_picture(degrade(photo, "darken", level=5, generator=seeded(0)))
    assert np.array_equal(row.details[5], darkest.crop((32, 24, 96, 72)))  # photo: 128 × 96 px
    assert np.array_equal(row.details[0], image_to_picture(photo).crop((32, 24, 96, 72)))


def test_the_middle_of_a_small_picture_is_all_of_it():
    assert middle(30, 40, side=200) == (0, 0, 40, 30)
    assert middle(400, 200, side=100) == (75, 150, 125, 250)


def test_a_reduced_picture_keeps_its_shape_and_the_original():
    picture = Image.new("RGB", (400, 200))
    assert reduced(picture, 100).size == (100, 50)
    assert reduced(picture, None).size == reduced(picture, 500).size == picture.size == (400, 200)


def test_a_picture_beyond_the_limits_is_refused(photo):
    small = Scorer(qualiclip.load("compact").checkpoint, limits=PictureLimits(megapixels=0.001))
    with pytest.raises(InputError, match="the limit is"):
        sweep(photo, qualiclip.load("compact").score(photo), small, "jpeg", seed=0)


def test_rises_and_rank_correlation_say_how_well_the_score_follows_the_level():
    falling, uneven, flat = row_of([6, 5, 4, 3, 2, 1]), row_of([6, 5, 5, 1, 2, 0]), row_of([1] * 6)
    assert (falling.rises, falling.srcc) == ((), pytest.approx(-1))
    assert uneven.rises == (2, 4)
    assert uneven.srcc == pytest.approx(
        np.corrcoef([0, 1, 2, 3, 4, 5], [5, 3.5, 3.5, 1, 2, 0])[0, 1]
    )  # ties share ranks
    assert (flat.rises, flat.srcc) == ((1, 2, 3, 4, 5), 0)


def test_table_has_a_row_for_each_level_with_its_strength(tmp_path, photo):
    scorer = qualiclip.load("compact")
    pristine = scorer.score(photo)
    row = sweep(photo, pristine, scorer, "jpeg", seed=0, side=50)
    with sweep_table(tmp_path / "a.csv", "cat", [pair.positive for pair in pristine.pairs]) as write:
        write(row)
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(line["level"], line["strength"]) for line in rows] == [
        ("0", ""), ("1", "43"), ("2", "36"), ("3", "24"), ("4", "7"), ("5", "4")
    ]  # fmt: skip
    assert [float(line["score"]) for line in rows] == list(row.scores)
    assert {(line["picture"], line["unit"], line["model"]) for line in rows} == {("cat", "quality", "compact")}
    assert float(rows[0]["Sharp image."]) == pristine.pairs[1].probability


@pytest.mark.parametrize("count", [1, 3, 24])
def test_figures_show_every_type_level_and_score(count, tmp_path):
    rows = [row_of([0.9, 0.8, 0.7, 0.75, 0.5, 0.4], name) for name in list(DEGRADATIONS)[:count]]
    sheet = contact_sheet(Image.new("RGB", (64, 48)), rows, title="A title", facts="Some facts")
    words = [text.get_text() for text in sheet.axes[0].texts]
    assert sum(word == "0.800" for word in words) == sum(word == "0.750 ▲" for word in words) == count
    assert len(sheet.axes[0].images) == 1 + 5 * count
    assert "A title" in words
    plot = monotonicity_plot(rows, title="A title", facts="Some facts")
    shown = [axes for axes in plot.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in shown] == [row.label for row in rows]
    assert all(axes.lines[1].get_xdata() == [3] for axes in shown)  # the marked rise
    for figure in (sheet, plot):
        save_figure(figure, tmp_path / "figure.png", description="Some facts", version="1.2")
        with Image.open(tmp_path / "figure.png") as written:
            assert written.text["Description"] == "Some facts"
            assert written.text["Software"] == "QualiCLIP Studio 1.2"


@pytest.mark.parametrize("size", [(64, 48), (48, 64)])
def test_nothing_on_a_contact_sheet_overlaps_or_is_cut(size):
    rows = [row_of([0.9, 0.8, 0.7, 0.75, 0.5, 0.4], name) for name in DEGRADATIONS]
    sheet = contact_sheet(Image.new("RGB", size), rows, title="Degradations at levels 1 to 5", facts="A\nB")
    renderer = FigureCanvasAgg(sheet).get_renderer()
    sheet.draw(renderer)
    boxes = [text.get_window_extent(renderer) for text in sheet.axes[0].texts]
    whole = sheet.bbox
    for index, box in enumerate(boxes):
        assert whole.x0 <= box.x0 < box.x1 <= whole.x1
        assert whole.y0 <= box.y0 < box.y1 <= whole.y1
        assert not any(box.overlaps(other) for other in boxes[:index])


def test_sweep_refuses_unknown_types(photo):
    scorer = qualiclip.load("compact")
    with pytest.raises(qualiclip.errors.UsageError, match="did you mean jpeg"):
        sweep(photo, scorer.score(photo), scorer, "jpg", seed=0, side=10)


def test_a_level_is_not_changed_by_what_was_scored_before(photo):
    scorer = qualiclip.load("compact")
    pristine = scorer.score(photo)
    torch.rand(5)  # global draws must not matter
    first, second = (sweep(photo, pristine, scorer, "white_noise", seed=1, side=20).scores for _ in range(2))
    assert first == second
