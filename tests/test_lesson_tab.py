"""The lesson's numbers are the library's; each step is computed once, and only what it needs."""

import json
import re
from html import unescape
from pathlib import Path

import gradio as gr
import pytest

import qualiclip
from explain.checks.baselines import BASELINES
from explain.checks.localisation import auroc
from explain.checks.spot_check import evidence_auroc
from explain.maps.heatmaps import explain_image
from explain.numbers.arithmetic import arithmetic
from qualiclip.degradations import Region, Step, apply_steps
from ui.files.downloads import DownloadFolder
from ui.studio.studio import Studio
from ui.studio.subject import NONE, Subject
from ui.tabs.lesson.check import verdict
from ui.tabs.lesson.losses import render_losses
from ui.tabs.lesson.markup import RELEASED_LIST, SHUFFLED, ordered_pairs, rises
from ui.tabs.lesson.tab import KINDS, PLACES, RESULTS, Choice, LessonTab, read_choice
from ui.tabs.lesson.training_log import FILE, training_log
from ui.texts import TABLES, say

EXAMPLES = Path(__file__).resolve().parent.parent / "assets" / "examples"
CAT = str(EXAMPLES / "cat.png")
SUBJECT = Subject(CAT, "compact")


@pytest.fixture(scope="module")
def scorer():
    return qualiclip.load("compact")


@pytest.fixture(scope="module")
def shared(scorer, tmp_path_factory):
    return LessonTab(Studio(scorer), DownloadFolder(tmp_path_factory.mktemp("downloads")))


@pytest.fixture
def tab(scorer, tmp_path):
    return LessonTab(Studio(scorer), DownloadFolder(tmp_path))


def choice(step, kind="gaussian_blur", level=4.0, place="top-right"):
    return Choice(step, kind, level, place)


def widgets(step, *, path=CAT, kind="gaussian_blur", level=4, place="top-right"):
    """The values of the panel's widgets and the lesson's, in their order."""
    slots = ("jpeg", 3.0, NONE, 2.0, NONE, 2.0)
    return [path, "compact", *slots, 5, "left", 25, 25, 75, 75, step, kind, level, place]


def numbers(html, attribute):
    return [float(number) for number in re.findall(rf'data-{attribute}="([^"]+)"', html)]


def degraded(scorer, kind, level, *, region=None):
    return apply_steps(scorer.read(CAT), [Step(kind, level)] if level else [], region=region)


def test_the_photo_is_taken_as_it_is_whatever_the_panel_does_to_it():
    subject, asked = read_choice(widgets("rank", kind="jpeg", level=2))
    assert subject == SUBJECT
    assert asked == choice("rank", "jpeg", 2.0)


@pytest.mark.parametrize("kind", ["gaussian_blur", "darken"])
def test_the_scores_of_the_six_levels_are_the_librarys(shared, scorer, kind):
    html = shared.rank(SUBJECT, choice("rank", kind))
    shown = numbers(html, "rank-score")
    # What is scored is what is shown: eight bits.
    expected = [scorer.score(degraded(scorer, kind, level)).score for level in range(6)]
    assert shown == pytest.approx(expected, abs=2e-3)
    assert numbers(html, "level") == list(SHUFFLED)
    wrong = rises(shown)
    assert html.count("↑") == len(wrong)
    assert ("verdict wrong" in html) == bool(wrong)
    assert f"{ordered_pairs(shown)} of 15" in html


def test_levels_that_do_not_fall_are_violations():
    assert rises([0.9, 0.8, 0.8, 0.5, 0.6, 0.1]) == [2, 4]
    assert ordered_pairs([0.9, 0.8, 0.8, 0.5, 0.6, 0.1]) == 13
    assert rises([0.6, 0.5, 0.4]) == []
    assert ordered_pairs([0.6, 0.5, 0.4]) == 3


def test_the_first_step_scores_nothing(tab):
    html = tab.degrade(SUBJECT, choice("degrade"))
    assert html.count("<figure>") == html.count("data:image/png;base64,") == 6
    assert tab.studio.analyses.computed == 0


def test_cosines_on_the_page_are_the_reports(shared):
    before, after = shared.both(SUBJECT, choice("prompts"))
    html = shared.prompts(SUBJECT, choice("prompts"))
    for report, kind in ((before.report, "before"), (after.report, "after")):
        expected = [
            f"{cosine:.3f}".replace("-", "−")
            for pair in report.pairs
            for cosine in (pair.similarity_positive, pair.similarity_negative)
        ]
        cells = re.findall(rf'<span class="value {kind}">([−\d.]+)</span>', html)
        assert cells == expected
    assert "contains no CLIP" in html


def test_the_released_list_has_thirteen_texts():
    listed: dict[str, list[str]] = {}
    exec(RELEASED_LIST, listed)
    assert len(listed["prompts"]) == 13
    assert "Noisy image.High-quality image." in listed["prompts"]


def test_the_arithmetic_on_the_page_is_the_librarys_and_a_calculator_agrees(shared):
    steps = arithmetic(shared.both(SUBJECT, choice("arithmetic"))[1].report)
    html = shared.arithmetic(SUBJECT, choice("arithmetic"))
    assert numbers(html, "lesson-score") == [steps.score]
    rows = re.findall(r"<td>([−\d.]+)</td>" * 3 + r"<td><b>([\d.]+)</b></td>", html)
    assert len(rows) == len(steps.rows) == 7
    for row, cells in zip(steps.rows, rows, strict=True):
        better, worse, difference, probability = (float(cell.replace("−", "-")) for cell in cells)
        assert (better, worse) == pytest.approx((row.similarity_positive, row.similarity_negative), abs=5e-5)
        assert difference == pytest.approx(steps.scale * (better - worse), abs=1.6e-3)
        assert probability == pytest.approx(1 / (1 + 2.718281828**-difference), abs=2e-4)
    total = sum(float(cells[-1]) for cells in rows)
    assert total / 7 == pytest.approx(steps.score, abs=1e-4)


def test_the_aurocs_of_the_last_step_are_the_librarys(shared, scorer):
    html = shared.heatmap(SUBJECT, choice("heatmap", "white_noise"))
    region = Region(0.5, 0, 1, 0.5)
    image = scorer.read(shared.studio.look(shared.degraded(SUBJECT, choice("heatmap", "white_noise"))).picture)
    explanation = explain_image(
        scorer.model, image, scorer.encode(image), method="quality_windows", target="difference"
    )
    mask = region.mask(*image.shape[-2:]).bool().numpy()
    shown = numbers(html, "auroc")
    assert shown[0] == pytest.approx(auroc(-explanation.values, mask), abs=0.01)  # every fourth place of each axis
    edges = BASELINES["edges"](image, None).numpy()
    assert shown[2] == pytest.approx(evidence_auroc(edges, region), abs=1e-9)
    assert "finds the damage" in html


def test_a_wrong_map_is_called_wrong(shared):
    html = shared.heatmap(SUBJECT, choice("heatmap", "darken", 4.0, "bottom-left"))
    assert numbers(html, "auroc")[0] < 0.45
    assert "the heatmap is wrong: it points away from the damage" in html


def test_the_verdict_follows_the_auroc_and_the_rivals():
    assert verdict(0.3, best_rival=0.5) == say("lesson/map-misleads")
    assert verdict(0.5, best_rival=0.4) == say("lesson/map-chance")
    assert verdict(0.7, best_rival=0.6) == f"{say('lesson/map-hints')} {say('lesson/map-better')}"
    assert verdict(0.9, best_rival=0.95) == f"{say('lesson/map-finds')} {say('lesson/map-beaten')}"


def test_without_damage_there_is_nothing_to_find(tab):
    assert say("lesson/no-damage") in unescape(tab.heatmap(SUBJECT, choice("heatmap", level=0.0)))
    assert tab.untrained(*widgets("heatmap", level=0)) == ""


def test_random_weights_give_another_map(shared):
    html = shared.untrained(*widgets("heatmap"))
    (correlation,) = numbers(html, "correlation")
    assert abs(correlation) < 0.9
    assert html == shared.untrained(*widgets("heatmap"))  # the same draw every time


def test_only_the_open_step_is_computed_and_only_once(tab):
    first = tab.update(*widgets("prompts"))
    computed = tab.studio.analyses.computed
    assert computed == 2
    kept = [index for index, part in enumerate(first) if not isinstance(part, str)]
    assert kept == [0, 1, 3, 4, 5, 6]
    assert all(first[index] == gr.skip() for index in kept)
    assert tab.update(*widgets("prompts")) == first
    tab.update(*widgets("arithmetic"))
    assert tab.studio.analyses.computed == computed


@pytest.mark.parametrize("step", RESULTS)
def test_without_a_photo_it_is_said(tab, step):
    html = tab.update(*widgets(step, path=None))[list(RESULTS).index(step)]
    assert say("empty") in unescape(html)


def test_a_picture_that_cant_be_used_is_said_in_place(tab, tmp_path):
    bad = tmp_path / "holiday.png"
    bad.write_text("no picture")
    html = tab.update(*widgets("rank", path=str(bad)))[1]
    assert 'role="alert"' in html


def test_the_figure_for_slides_is_a_png(shared):
    assert Path(shared.save_figure(*widgets("arithmetic"))).read_bytes().startswith(b"\x89PNG")


def test_the_log_is_a_run_from_random_weights_whose_levels_spread():
    log = training_log()
    assert len(json.loads(FILE.read_text("utf-8"))["rows"]) == len(log.rows) <= 100
    assert log.facts["started_from"] == "random weights"
    assert log.rows[-1].step == log.facts["steps"]
    assert [row.step for row in log.rows] == sorted({row.step for row in log.rows})
    spread = [row.good[0] - row.good[-1] for row in log.rows]
    assert spread[-1] > 3 * spread[0]
    assert sum(spread[-10:]) > 2 * sum(spread[:10])


def test_the_frames_and_the_table_show_the_log():
    html = render_losses()
    frames = json.loads(unescape(re.search(r'data-frames="([^"]+)"', html)[1]))
    log = training_log()
    assert len(frames) == len(log.rows)
    # Heights in the chart are linear in the similarities.
    first, last = log.rows[0], log.rows[-1]
    slope = (frames[-1][0] - frames[0][0]) / (last.good[0] - first.good[0])
    assert (frames[-1][11] - frames[0][0]) / (last.bad[5] - first.good[0]) == pytest.approx(slope, rel=0.05)
    assert frames[-1][-1].startswith(f"Step {last.step} of {last.step}")
    for value in (first.good[0], last.good[-1], last.bad[0]):
        assert f"<td>{value:.3f}</td>".replace("-", "−") in html
    assert f"by {log.facts['ranking_margin']:g} at least" in html


def test_the_lessons_kinds_and_places_have_names_in_both_languages(shared):
    for kind in KINDS:
        assert shared.degrade(SUBJECT, choice("degrade", kind)).count("alt=") == 6
    assert all(f"region/{place}" in table for place in PLACES for table in TABLES.values())
