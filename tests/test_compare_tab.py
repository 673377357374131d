"""What the Compare tab says, without a browser: sides, scores, maps on one scale, curves, downloads."""

import csv
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image

import qualiclip
from explain.maps.heatmaps import METHODS
from explain.maps.scale import on_one_scale
from qualiclip.degradations import Step
from qualiclip.errors import UsageError
from ui.files.downloads import DownloadFolder
from ui.frame.examples import list_examples
from ui.server.api import Api
from ui.studio.partners import other_model
from ui.studio.studio import Studio
from ui.studio.subject import NONE, Subject
from ui.tabs.compare.markup import common_pairs
from ui.tabs.compare.sides import MODEL, OWN, PICTURE, SAME, CompareSettings, find_sides, read_settings
from ui.tabs.compare.tab import CompareTab

EXAMPLES = Path(__file__).resolve().parent.parent / "assets" / "examples"
CAT, LAKE = str(EXAMPLES / "cat.png"), str(EXAMPLES / "lake.png")
BLUR = Step("gaussian_blur", 3.0)
SETTINGS = CompareSettings(MODEL, "compact-untrained", SAME, None, True, "quality_map", "difference")


@pytest.fixture(scope="module")
def scorers():
    return qualiclip.load("compact"), qualiclip.load("compact-untrained")


@pytest.fixture
def tab(scorers, tmp_path):
    return CompareTab(Studio(*scorers), DownloadFolder(tmp_path), list_examples())


def values(*rest, path=CAT, level=3.0, model="compact", seed=0, **changes):
    """Values of the panel's widgets, of the tab's, and of others."""
    panel = [path, model, "gaussian_blur", level, NONE, 2.0, NONE, 2.0, seed, "whole", 25, 25, 75, 75]
    settings = replace(SETTINGS, **changes)
    return [*panel, *(getattr(settings, name) for name in settings.__dataclass_fields__), *rest]


def update(tab, *, types=("jpeg",), drawn="", **changes):
    names = ("other", "scores", "first", "second", "third", "fourth", "notes", "pairs", "status", "curves")
    return dict(zip(names, tab.update(*values(list(types), drawn, **changes)), strict=True))


def scores_in(html):
    return [float(score) for score in re.findall(r'data-score="([^"]+)"', html)]


def sides_of(tab, subject=None, **changes):
    return find_sides(
        tab.studio, subject or Subject(CAT, "compact", (BLUR,)), replace(SETTINGS, **changes), list_examples()
    )


# Sides


@pytest.mark.parametrize(
    ("left", "wanted", "served", "expected"),
    [
        ("compact", "", ("compact", "compact-untrained"), "compact-untrained"),
        ("compact-untrained", "", ("compact", "compact-untrained"), "compact"),
        ("qualiclip", "", ("compact", "compact-untrained", "clip-rn50", "qualiclip"), "clip-rn50"),
        ("clip-rn50", "", ("compact", "clip-rn50", "qualiclip"), "qualiclip"),
        ("qualiclip+", "", ("compact", "qualiclip+", "clip-rn50"), "clip-rn50"),
        ("mine.safetensors", "", ("mine.safetensors", "compact"), "compact"),
        ("compact", "qualiclip", ("compact", "compact-untrained", "qualiclip"), "qualiclip"),
        ("compact", "compact", ("compact", "compact-untrained"), "compact-untrained"),
        ("compact", "gone", ("compact", "compact-untrained"), "compact-untrained"),
    ],
)
def test_model_on_the_right_is_the_wanted_one_or_the_untuned_twin(left, wanted, served, expected):
    assert other_model(left, wanted, served) == expected


def test_one_model_alone_can_only_compare_pictures():
    with pytest.raises(UsageError, match="the only model that is served; compare two pictures"):
        other_model("compact", "", ["compact"])


def test_two_models_see_the_same_picture(tab):
    sides = sides_of(tab)
    assert sides.right.subject == replace(sides.left.subject, model="compact-untrained")
    assert sides.right.view == sides.left.view
    assert sides.titles == ("compact", "compact-untrained (random weights)")


def test_second_picture_is_at_first_the_untouched_photo(tab):
    sides = sides_of(tab, mode=PICTURE)
    assert sides.left.view.steps
    assert sides.right is sides.left.pristine
    assert sides.titles == ("Degraded", "Original")


@pytest.mark.parametrize("alike", [True, False])
def test_an_example_or_an_upload_is_degraded_alike_or_not_at_all(tab, alike):
    for sides in (
        sides_of(tab, mode=PICTURE, picture="lake", alike=alike),
        sides_of(tab, mode=PICTURE, picture=OWN, upload=LAKE),
    ):
        assert sides.right.subject.path == LAKE
    sides = sides_of(tab, mode=PICTURE, picture="lake", alike=alike)
    assert sides.right.subject.steps == ((BLUR,) if alike else ())
    assert sides.titles == ("Cat, degraded", "Landscape, degraded" if alike else "Landscape")


def test_no_upload_yet_is_no_comparison_and_an_unknown_example_an_error(tab):
    assert sides_of(tab, mode=PICTURE, picture=OWN) is None
    with pytest.raises(UsageError, match="no example is called 'moon'"):
        sides_of(tab, mode=PICTURE, picture="moon")


def test_settings_come_after_the_panel_in_their_order():
    subject, settings, rest = read_settings(values("more"))
    assert subject == Subject(CAT, "compact", (BLUR, *()))
    assert (settings, rest) == (SETTINGS, ["more"])


# What is shown


def test_first_view_shows_both_models_and_how_each_follows_the_degradation(tab, scorers):
    shown = update(tab)
    picture = tab.studio.look(Subject(CAT, "compact", (BLUR,))).picture
    expected = [scorer.score(picture).score for scorer in scorers]
    assert scores_in(shown["scores"]) == pytest.approx(expected, abs=1e-6)
    assert "Untouched: 0.7" in shown["scores"]
    assert "moves the score of compact by −0.5" in shown["scores"]
    assert "Don't compare the numbers of two models" in unescape(shown["scores"])
    assert "random weights: chance" in shown["scores"]
    assert shown["scores"].count("verdict") == 2
    assert shown["pairs"].count("<tr>") == 1 + 7
    assert all(scorer.checkpoint.sha256[:12] in shown["pairs"] for scorer in scorers)
    assert [shown[name]["label"] for name in ("first", "second", "third", "fourth")] == [
        *("Heatmap: compact", "Heatmap: compact-untrained", "Degraded", "Difference: left minus right")
    ]


def test_without_a_degradation_the_tab_says_what_to_do(tab):
    shown = update(tab, level=0.0)
    assert "Nothing is degraded. Choose a degradation" in shown["scores"]
    assert "Untouched" not in shown["scores"]


def test_right_model_gives_way_when_the_panel_takes_it(tab):
    assert update(tab, model="compact-untrained")["other"] == "compact"


def test_two_pictures_stand_above_their_heatmaps(tab):
    shown = update(tab, mode=PICTURE)
    assert [shown[name]["label"] for name in ("first", "second", "third", "fourth")] == [
        *("Degraded", "Original", "Heatmap: Degraded", "Heatmap: Original")
    ]
    degraded, original = scores_in(shown["scores"])
    assert degraded < original
    assert f"Original scores higher than Degraded: {original:.3f} against {degraded:.3f}." in shown["scores"]
    assert "similar size and kind" in shown["scores"]
    assert shown["fourth"]["value"].size == (451, 300)


def test_the_same_picture_twice_is_said(tab):
    assert "Both sides are the same picture" in update(tab, mode=PICTURE, level=0.0)["scores"]


def test_missing_and_bad_pictures_are_said_in_place(tab, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    assert "Choose an example" in update(tab, path=None)["scores"]
    assert "Choose or upload the second photo" in update(tab, mode=PICTURE, picture=OWN)["scores"]
    shown = update(tab, mode=PICTURE, picture=OWN, upload=str(bad))
    assert "not a picture in a known format" in shown["scores"]
    assert shown["first"] is None
    assert shown["pairs"] == ""


def test_pairs_of_different_prompts_are_left_out(scorers):
    report = scorers[0].score(CAT)
    other = replace(report, pairs=(report.pairs[3], replace(report.pairs[0], positive="Calm sea.")))
    assert common_pairs((report, other)) == [(report.pairs[3], report.pairs[3])]


# Heatmaps


def test_maps_share_a_scale_and_the_difference_is_left_minus_right(tab):
    maps = tab.maps(sides_of(tab), SETTINGS)
    assert maps.shared
    peaks = [float(np.abs(one.values).max()) for one in (maps.left, maps.right)]
    assert max(peaks) == pytest.approx(1.0)
    assert min(peaks) < 1
    strongest = max(float(np.abs(one.grid).max()) for one in (maps.left, maps.right))
    for one, peak in zip((maps.left, maps.right), peaks, strict=True):
        assert peak == pytest.approx(np.abs(one.grid).max() / strongest, rel=0.05)
    assert np.array_equal(maps.difference.grid, maps.left.grid - maps.right.grid)


@pytest.mark.parametrize("method", ["gradcam", "eigencam"])
def test_methods_without_a_common_unit_say_so_and_give_no_difference(tab, method):
    assert METHODS[method].unit is None
    shown = update(tab, method=method)
    assert "Each map has a scale of its own" in shown["notes"]
    assert shown["fourth"]["value"] is None
    maps = tab.maps(sides_of(tab), replace(SETTINGS, method=method))
    assert [float(np.abs(one.values).max()) for one in (maps.left, maps.right)] == pytest.approx([1.0, 1.0])


def test_one_scale_is_refused_where_there_is_no_common_unit(tab):
    explanation = tab.studio.look(Subject(CAT, "compact")).explanation(method="gradcam", target="bad")
    with pytest.raises(UsageError, match="maps by gradcam have no unit"):
        on_one_scale(explanation, explanation)


def test_two_pictures_of_other_sizes_share_a_scale_without_a_difference(tab):
    maps = tab.maps(sides_of(tab, mode=PICTURE, picture="lake"), SETTINGS)
    assert maps.shared
    assert maps.difference is None
    assert maps.left.values.shape != maps.right.values.shape


# Curves


def drawn_curves(tab, types, **changes):
    return list(tab.draw_curves(*values(types, "", **changes)))


def test_curves_come_in_steps_and_are_those_of_a_sweep_of_the_reduced_photo(tab, scorers):
    steps = drawn_curves(tab, ["white_noise"], path=LAKE, seed=4)
    assert "0 of 2 curves" in steps[0][0]
    assert "All 2 curves are drawn" in steps[-1][0]
    html = steps[-1][1]
    assert html.count("<polyline") == 2 * 2  # and those of the key
    assert html.count("<circle") == 6 + 1
    assert html.count("<rect") == 6 + 1
    with Image.open(LAKE) as picture:
        small = picture.convert("RGB")
    small.thumbnail((384, 384), Image.Resampling.LANCZOS)
    expected = [scorer.score(small).score for scorer in scorers]
    cells = [re.findall(r"<td>([^<]*)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)[1:]]
    assert [row[0] for row in cells] == ["compact", "compact-untrained (random weights)"]
    assert [float(row[1]) for row in cells] == pytest.approx(expected, abs=6e-4)
    assert "384 × 216 px, seed 4" in html
    assert "compact: the score falls at 5 of 5 steps; mean SRCC −1.00." in html


def test_curves_stay_while_the_level_moves_and_go_with_the_photo(tab):
    key = drawn_curves(tab, ["jpeg"])[-1][2]
    kept = update(tab, drawn=key, level=1.0)
    assert kept["curves"] == gr.skip()
    for changes in ({"path": LAKE}, {"seed": 3}, {"types": ["darken"]}, {"model": "compact-untrained"}):
        assert update(tab, drawn=key, **changes)["curves"] == ""


def test_same_photo_twice_has_one_curve(tab):
    html = drawn_curves(tab, ["jpeg"], mode=PICTURE)[-1][1]
    assert html.count("<polyline") == 1 + 1
    assert "Cat" in html
    assert "<rect" not in html


def test_no_types_is_said_before_anything_is_computed(tab):
    with pytest.raises(gr.Error, match="at least one degradation"):
        drawn_curves(tab, [])


# Downloads


@pytest.mark.parametrize("mode", [MODEL, PICTURE])
@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_figure_comes_in_three_formats(tab, mode, suffix, start):
    path = Path(tab.save_figure(*values(suffix, mode=mode)))
    assert path.name == f"comparison.{suffix}"
    assert path.read_bytes().startswith(start)


def test_figure_says_what_it_shows_and_which_scale(tab):
    with Image.open(tab.save_figure(*values("png"))) as figure:
        facts = dict(figure.text)
    assert facts["Model 2"] == "compact-untrained"
    assert facts["Steps 1"] == "gaussian_blur:3"
    assert "Both: Gaussian blur at level 3 (seed 0)\ncompact-untrained has random weights" in facts["Description"]
    assert "All maps are on one scale, in logits" in words(tab.save_figure(*values("svg", mode=PICTURE)))
    assert "Each map has its own scale" in words(tab.save_figure(*values("svg", method="gradcam")))


def words(svg):
    """What is written in a figure; a long line stands in several texts."""
    return " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", Path(svg).read_text("utf-8")))


def test_table_has_a_row_for_each_side_and_pair(tab):
    with open(tab.save_csv(*values("png")), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["side"] for row in rows] == ["left"] * 7 + ["right"] * 7
    assert {row["model"] for row in rows} == {"compact", "compact-untrained"}
    assert all(row["picture"] == "degraded" and "gaussian_blur" in row["degradations"] for row in rows)


def test_nothing_to_download_is_said(tab):
    with pytest.raises(gr.Error, match="nothing to download"):
        tab.save_csv(*values("png", path=None))


# The endpoint


def test_compare_endpoint_reports_the_named_models_or_all(scorers):
    api = Api(Studio(*scorers))
    assert [report["model"] for report in api.compare(CAT, [])] == ["compact", "compact-untrained"]
    (only,) = api.compare(CAT, ["compact-untrained"])
    assert only["score"] == pytest.approx(scorers[1].score(CAT).score, abs=1e-6)
    with pytest.raises(UsageError, match="model"):
        api.compare(CAT, ["nobody"])


def test_models_endpoint_says_that_the_twin_was_never_trained(scorers):
    described = {model["name"]: model for model in Api(Studio(*scorers)).models()}
    assert "never trained" in described["compact-untrained"]["description"]
    assert described["compact"]["licence"] == "Apache-2.0"
