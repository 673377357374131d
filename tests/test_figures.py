"""Figures as files and as drawings: what is in them, how they are read, that they repeat."""

import re
import threading
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from PIL import Image

import qualiclip
from explain.figures import comparison as comparisons
from explain.figures.arithmetic import arithmetic_figure
from explain.figures.comparison import Comparison, Explained, check_counts, compare_models, maps_on_scale
from explain.figures.comparison import comparison_figure as draw_comparison
from explain.figures.inspect import Panel, inspect_figure
from explain.figures.resolution import SHADES
from explain.figures.sweep import contact_sheet, monotonicity_plot
from explain.maps.explanation import Explanation
from explain.maps.heatmaps import TARGETS
from explain.numbers.arithmetic import arithmetic
from qualiclip.degradations import DEGRADATIONS
from qualiclip.drawing.canvas import Canvas
from qualiclip.drawing.files import figure_format, report_facts, save_figure
from qualiclip.drawing.lettering import DARK, LIGHT, MIDDLE, literal, shortened, text_width, wrapped
from qualiclip.errors import UsageError
from qualiclip.models.family import PairReport, Part
from qualiclip.models.prompts import ANTONYM_PAIRS
from qualiclip.scoring.reports import QualityReport
from tests.figure_checks import check_figure, texts_of
from tests.test_sweep import row_of

ODD = "cost $5$ & <b>\\alpha_{写真}\udcff\x01 .png"  # a formula, markup, letters without glyphs, a damaged name


def report_of(probability=0.5, model="made-up", pairs=ANTONYM_PAIRS):
    rows = tuple(PairReport(pair.positive, pair.negative, probability, 0.1, 0.1) for pair in pairs)
    parts = tuple(Part(row.positive, row.probability, f"rather than “{row.negative}”") for row in rows)
    report = QualityReport(None, probability, model, "a1" * 32, 100.0, "fused", "fp32", "0", 400, 300, rows)
    return replace(report, parts=parts)


def small_figure(title="A title"):
    canvas = Canvas(4, 2)
    canvas.heading(title, ["Some facts"])
    canvas.picture(0.4, 1, (0.8, 0.6), Image.new("RGB", (8, 6), "teal"))
    return canvas.figure


def saved(path, **changes):
    settings = {"description": f"It shows {ODD}", "version": "1.2", "facts": report_facts(report_of()) | {"Seed": "7"}}
    save_figure(small_figure(ODD), path, **{**settings, **changes})
    return path


# Files


def test_png_holds_caption_parameters_and_hash_under_their_names(tmp_path):
    with Image.open(saved(tmp_path / "a.png")) as picture:
        assert picture.text == {
            "Description": "It shows cost $5$ & <b>\\alpha_{写真}?? .png",
            "Software": "QualiCLIP Studio 1.2",
            "Model": "made-up",
            "Weights SHA-256": "a1" * 32,
            "Scale": "100",
            "Engine": "fused, fp32",
            "Seed": "7",
        }
        assert picture.size == (800, 400)


def test_svg_holds_them_in_its_metadata_and_its_text_as_text(tmp_path):
    tree = ElementTree.parse(saved(tmp_path / "a.SVG"))
    space = {"dc": "http://purl.org/dc/elements/1.1/", "svg": "http://www.w3.org/2000/svg"}
    (metadata,) = tree.findall("svg:metadata", space)
    assert metadata.findtext(".//dc:description", namespaces=space) == "It shows cost $5$ & <b>\\alpha_{写真}?? .png"
    words = "".join(metadata.itertext())
    assert f"Weights SHA-256: {'a1' * 32}" in words
    assert "Seed: 7" in words
    assert "QualiCLIP Studio 1.2" in words
    texts = tree.findall(".//svg:text", space)
    assert [text.text for text in texts] == ["cost $5$ & …_{??}?? .png", "Some facts"]
    assert "DejaVu Sans" in texts[0].get("style")


def test_pdf_holds_them_in_its_info(tmp_path):
    data = saved(tmp_path / "a.pdf", description="It shows (a)").read_bytes()
    assert b"/Subject (It shows \\(a\\))" in data
    assert b"/Creator (QualiCLIP Studio 1.2)" in data
    assert b"/Keywords (Model: made-up; Weights SHA-256: " + b"a1" * 32 in data
    assert b"Seed: 7" in data
    assert b"Date" not in data
    assert b"/Type0" in data  # letters by a font that can be searched and copied, not as drawings


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_figure_gives_the_same_bytes(suffix, tmp_path, monkeypatch):
    first = saved(tmp_path / f"a.{suffix}").read_bytes()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    assert saved(tmp_path / f"b.{suffix}").read_bytes() == first


def test_settings_of_matplotlib_stay_as_they_were_when_threads_write_figures(tmp_path):
    before = dict(matplotlib.rcParams)
    threads = [threading.Thread(target=saved, args=(tmp_path / f"{index}.svg",)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(tmp_path / f"{index}.svg").read_bytes() for index in range(4)}) == 1
    assert dict(matplotlib.rcParams) == before


def test_other_names_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"a\.jpg: a figure's name must end in \.png, \.svg, \.pdf"):
        figure_format(tmp_path / "a.jpg")


# Letters and colours


def test_words_of_others_are_drawn_literally_and_fit():
    assert literal("写\x00é\nα") == "??é\nα"
    short = shortened("x" * 300 + "写.png", 2.0, size=9)
    assert short.startswith("xxx")
    assert "…" in short
    assert short.endswith("?.png")
    assert 1.8 < text_width(short, size=9) <= 2.0
    lines = wrapped("one two three " * 10 + "w" * 200, 2.0, size=9)
    assert all(text_width(line, size=9) <= 2.0 for line in lines)
    assert " ".join(lines[:-1]).split() == ["one", "two", "three"] * 10


def lightness(color):
    """L* of a colour, from 0 to 100: what is left of it in a grey print."""
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in to_rgb(color)]
    luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    return 116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance


def test_colours_of_a_figure_differ_in_grey():
    steps = [lightness(color) for color in (DARK, MIDDLE, LIGHT)]
    assert np.diff(steps).min() > 18
    assert steps[0] < 30
    shades = [lightness(colormaps[SHADES](value)) for value in np.linspace(0, 1, 21)]
    assert np.diff(shades).min() > 0


# Several models


def map_of(grid, size, target="difference"):
    row = TARGETS[target]
    return Explanation("gradcam", target, grid, (size[1], size[0]), row.signed, row.description)


def comparison_of(models=2, size=(400, 300), pairs=ANTONYM_PAIRS, target="difference", strength=1):
    grid = strength * np.linspace(-1, 0.5, 12, dtype=np.float32).reshape(3, 4)
    maps = [map_of(grid / (index + 1), size, target) for index in range(models)]
    explained = [Explained(report_of(0.5, f"{ODD} {index}", pairs), one) for index, one in enumerate(maps)]
    return Comparison(ODD * 3, Image.new("RGB", size, "teal"), tuple(explained))


def test_maps_of_a_picture_of_all_pictures_or_of_none_are_on_one_scale():
    both = [comparison_of(), comparison_of(strength=4)]
    peaks = {
        scale: [[float(np.abs(one.values).max()) for one in those] for those in maps_on_scale(both, scale)]
        for scale in ("picture", "figure", "map")
    }
    assert peaks["picture"] == [pytest.approx([1, 0.5]), pytest.approx([1, 0.5])]
    assert peaks["figure"] == [pytest.approx([0.25, 0.125]), pytest.approx([1, 0.5])]
    assert peaks["map"] == [pytest.approx([1, 1]), pytest.approx([1, 1])]
    ((positive, _),) = maps_on_scale([comparison_of(target="good")], "picture")
    assert positive.peak == pytest.approx(0.5, abs=0.01)
    assert positive.values.min() == 0
    with pytest.raises(UsageError, match="unknown scale 'pictures'; did you mean picture"):
        maps_on_scale(both, "pictures")


def test_maps_without_evidence_stay_empty():
    nothing = map_of(np.zeros((3, 4), np.float32), (40, 30))
    empty = Comparison("a", Image.new("RGB", (40, 30)), (Explained(report_of(), nothing),))
    ((shown,),) = maps_on_scale([empty], "picture")
    assert (shown.peak, shown.values.any()) == (0, False)
    check_figure(draw_comparison([empty], title="T", facts=[]))


def test_opinions_are_those_of_each_model(photo, tiny_checkpoint, tmp_path):
    scorers = [qualiclip.load(name, engine="eager") for name in ("compact", str(tiny_checkpoint))]
    path = tmp_path / "cat.png"
    comparison = compare_models(photo, scorers, path=path, method="gradcam", target="difference")
    assert comparison.name == "cat.png"
    for one, scorer in zip(comparison.explained, scorers, strict=True):
        assert one.report.score == scorer.score(photo).score
        assert one.report.path == str(path)
        assert one.explanation.grid.any()
        assert one.explanation.size == photo.shape[1:]


@pytest.mark.parametrize("models", [1, 2, 3])
@pytest.mark.parametrize("size", [(400, 300), (300, 400), (800, 90), (90, 800)])
@pytest.mark.parametrize("target", ["difference", "good"])
def test_a_comparison_shows_scores_and_pairs_of_all_and_nothing_overlaps(models, size, target):
    shown = [comparison_of(models, size, target=target), comparison_of(models, size[::-1], target=target)]
    figure = draw_comparison(shown, title=ODD * 5, facts=[ODD * 9] * models)
    check_figure(figure)
    words = texts_of(figure)
    assert words.count("0.500") == 2 * models
    assert words.count("0.50") == 2 * models * 7
    assert words.count("Sharp image.") == 2


def test_models_with_other_prompts_get_rows_of_their_own():
    first, second = comparison_of(1), comparison_of(1, pairs=ANTONYM_PAIRS[:1])
    mixed = Comparison("a", first.picture, (second.explained[0], first.explained[0]))
    words = texts_of(draw_comparison([mixed], title="T", facts=[]))
    assert words.count("0.50") == 8
    assert words.count("Good photo.") == 1


def test_places_that_lower_and_raise_are_told_by_lines_as_well():
    axes = draw_comparison([comparison_of(1)], title="T", facts=[]).axes
    (lines,) = [each for each in axes if each.collections]
    assert len(lines.collections) == 1  # half of the scale is reached below zero only
    assert lines.collections[0].get_linestyle()[0][1] is not None  # dashed


@pytest.mark.parametrize(("pictures", "models", "message"), [(7, 2, "1 to 6 pictures, got 7"), (1, 4, "1 to 3 models")])
def test_more_than_can_be_seen_is_refused(pictures, models, message):
    with pytest.raises(UsageError, match=message):
        check_counts(pictures, models)
    assert comparisons.MOST_PICTURES == 6


# All of them


def all_figures():
    """Each kind, with words that try to break it."""
    rows = [row_of([0.9, 0.8, 0.7, 0.75, 0.5, 0.4], name) for name in DEGRADATIONS]
    picture, words = Image.new("RGB", (64, 48), "teal"), f"{ODD * 8}\n{ODD}"
    yield contact_sheet(picture, rows, title=ODD, facts=words)
    yield contact_sheet(picture.rotate(90, expand=True), rows[:1], title=ODD * 9, facts=words)
    yield monotonicity_plot(rows, title=ODD, facts=words)
    yield monotonicity_plot(rows[:1], title=ODD * 9, facts=words)
    panels = [Panel(ODD * 9, picture), Panel("Degraded", picture), Panel("Heatmap", picture)]
    yield inspect_figure(panels, report_of(), report_of(0.9), caption=words)
    yield inspect_figure([Panel("One", picture.rotate(90, expand=True))], report_of(), report_of(0.0), caption=words)
    yield arithmetic_figure(arithmetic(report_of()), facts=[words])


def test_words_of_others_never_break_a_figure(tmp_path):
    first, *rest = all_figures()
    for figure in (first, *rest):
        check_figure(figure)
        save_figure(figure, tmp_path / "a.png", description=ODD, version="1")
    for figure in rest:  # the first has so many words that each of these formats takes seconds
        for suffix in ("svg", "pdf"):
            save_figure(figure, tmp_path / f"a.{suffix}", description=ODD, version="1")
        ElementTree.parse(tmp_path / "a.svg")
        assert re.search(rb"%%EOF\s*$", (tmp_path / "a.pdf").read_bytes())
