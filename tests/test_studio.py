"""What the tabs ask for is computed once, and equal for equal settings."""

import csv
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image

import qualiclip
from explain.maps.heatmaps import METHODS
from qualiclip.degradations import Region, Step, degrade
from qualiclip.errors import InputError, UsageError
from ui.files.downloads import DownloadFolder
from ui.guard import INTERNAL, shown
from ui.markup.parts import render_message
from ui.studio.cache import MemoryCache
from ui.studio.look import View, file_digest
from ui.studio.score_rows import CSV_COLUMNS
from ui.studio.studio import Studio
from ui.studio.subject import NONE, Subject
from ui.tabs.inspect.exports import write_scores
from ui.tabs.inspect.map_settings import read_settings
from ui.tabs.inspect.markup import render_choices, render_pairs, render_scores
from ui.tabs.inspect.tab import InspectTab
from ui.texts import change, verdict

EXAMPLES = Path(__file__).resolve().parent.parent / "assets" / "examples"
CAT = str(EXAMPLES / "cat.png")
BLUR = Step("gaussian_blur", 2.0)


@pytest.fixture(scope="module")
def scorer():
    return qualiclip.load("compact")


@pytest.fixture
def studio(scorer):
    return Studio(scorer)


@pytest.fixture
def tab(studio, tmp_path):
    return InspectTab(studio, DownloadFolder(tmp_path))


SLOTS = ("gaussian_blur", 2.0, NONE, 2.0, NONE, 2.0)
WHOLE = ("whole", 25, 25, 75, 75)


def widgets(
    path=CAT,
    *,
    slots=SLOTS,
    seed=0,
    region=WHOLE,
    colormap="viridis",
    opacity=0.7,
    target="difference",
    method="gradcam",
):
    """The values of the panel's widgets and the Inspect tab's, in their order."""
    return [path, "compact", *slots, seed, *region, "degraded", method, target, colormap, opacity]


def cat(*steps, region=None):
    return Subject(CAT, "compact", steps, region)


@dataclass(frozen=True)
class Block:
    nbytes: int


def test_pristine_picture_is_scored_once_while_the_level_moves(studio):
    for level in (1.0, 2.0, 3.0):
        studio.look(cat()).analysis  # noqa: B018  # asked for, not used
        studio.look(cat(Step("jpeg", level))).analysis  # noqa: B018
    assert studio.analyses.computed == 4


def test_the_same_picture_under_another_name_is_not_scored_again(studio, tmp_path):
    copy = tmp_path / "other.png"
    copy.write_bytes(Path(CAT).read_bytes())
    assert studio.look(cat()).analysis is studio.look(Subject(str(copy), "")).analysis


def test_a_slider_move_hashes_the_file_once_and_asks_for_each_picture_map_and_analysis_once(tab, studio, monkeypatch):
    """Counted at the real functions, on a second move, as the first reads the examples' own digests."""
    list(tab.update(*widgets()))
    asked = Counter()

    def counted(name, function):
        def count(*arguments):
            asked[name] += 1
            return function(*arguments)

        return count

    monkeypatch.setattr("ui.studio.studio.file_digest", counted("digest", file_digest))
    monkeypatch.setattr("ui.frame.examples.file_digest", counted("digest", file_digest))
    monkeypatch.setattr("ui.studio.look.View", counted("view", View))
    for name in ("images", "analyses", "explanations"):
        cache = getattr(studio, name)
        monkeypatch.setattr(cache, "get", counted(name, cache.get))
    list(tab.update(*widgets(slots=("gaussian_blur", 4.0, *SLOTS[2:]))))
    both = 2  # the picture as it is, and degraded
    assert asked == {"digest": 1, "view": both, "images": both, "analyses": both, "explanations": 1}


def test_a_look_at_many_levels_reads_the_file_and_the_original_once(studio, monkeypatch):
    monkeypatch.setattr(studio, "images", MemoryCache(1))  # what large pictures do to it: nothing but the last is kept
    start = studio.look(cat())
    looks = [start.after(Step("gaussian_blur", level)) for level in (1.0, 2.0, 3.0)]
    sharpness = [np.asarray(look.picture, np.float32).std() for look in looks]
    assert sharpness == sorted(sharpness, reverse=True)
    assert {id(look.pristine) for look in looks} == {id(start)}
    assert studio.images.computed == 4


def test_colours_and_opacity_recompute_nothing(tab, studio):
    list(tab.update(*widgets()))
    scored, explained = studio.analyses.computed, studio.explanations.computed
    first, *_ = tab.redraw(*widgets(opacity=0.2))
    second, *_ = tab.redraw(*widgets(opacity=0.2, colormap="magma", target="difference"))
    assert (studio.analyses.computed, studio.explanations.computed) == (scored, explained)
    assert first.size == second.size
    tab.redraw(*widgets(target="bad"))
    assert (studio.analyses.computed, studio.explanations.computed) == (scored, explained + 1)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (cat(), cat(Step("jpeg", 0.0, 9))),
        (cat(BLUR), cat(BLUR, Step("jpeg", 0.0))),
        (cat(), cat(region=Region(0, 0, 0.5, 1))),
    ],
)
def test_settings_with_the_same_result_are_the_same_view(studio, left, right):
    assert studio.look(left).view == studio.look(right).view


def test_switching_the_first_step_off_leaves_the_second_ones_noise_alone(studio):
    """The noise of a step depends on its place, not on whether the steps before it are on."""
    noise = ("white_noise", 3.0)
    alone, _ = read_settings(widgets(slots=(NONE, 2.0, *noise, NONE, 2.0), seed=5))
    other, _ = read_settings(widgets(slots=("gaussian_blur", 0.0, *noise, NONE, 2.0), seed=5))
    assert studio.look(alone).view == studio.look(other).view
    assert alone.active_steps == (Step("white_noise", 3.0, 6),)


def test_a_degraded_region_leaves_the_rest_alone(studio):
    subject, _ = read_settings(widgets(region=("own", 0, 0, 50, 100)))
    look = studio.look(subject)
    before, after = look.pristine.image, look.image
    half = round(before.shape[-1] / 2)
    assert np.array_equal(before[..., half:], after[..., half:])
    assert not np.array_equal(before[..., :half], after[..., :half])


def test_a_model_that_is_not_served_is_said(studio):
    with pytest.raises(UsageError, match="unknown model 'qualiclip'"):
        studio.look(Subject(CAT, "qualiclip")).analysis  # noqa: B018


def test_what_is_scored_is_what_is_saved(tab, studio):
    path = tab.save_picture(*widgets())
    shown_score = studio.look(cat(BLUR)).analysis.report.score
    assert studio.scorer().score(path).score == pytest.approx(shown_score, abs=1e-6)


def test_threads_get_the_serial_answers(studio):
    jobs = [(path, level) for path in (CAT, str(EXAMPLES / "coffee.png")) for level in (1.0, 3.0, 5.0)] * 3

    def run(job):
        look = studio.look(Subject(job[0], "", (Step("white_noise", job[1], 1),)))
        return look.analysis.report.score, look.explanation(method="gradcam", target="difference").values

    with ThreadPoolExecutor(4) as pool:
        parallel = list(pool.map(run, jobs))
    studio = Studio(studio.scorer())
    for (score, values), job in zip(parallel, jobs, strict=True):
        again, map_again = run(job)
        assert score == again
        np.testing.assert_array_equal(values, map_again)


def test_cache_keeps_what_was_used_last_and_stays_under_its_cap():
    cache = MemoryCache(100)
    for key in "abc":
        cache.get(key, lambda: Block(40))
    cache.get("b", lambda: pytest.fail("b was kept"))
    cache.get("d", lambda: Block(40))
    cache.get("b", lambda: pytest.fail("b was used last but one"))
    assert cache.computed == 4
    cache.get("c", lambda: Block(40))
    assert cache.computed == 5


def test_one_value_above_the_cap_is_kept_alone():
    cache = MemoryCache(10)
    cache.get("a", lambda: Block(50))
    cache.get("a", lambda: pytest.fail("kept"))


def test_an_error_is_not_kept(studio, tmp_path):
    file = tmp_path / "a.png"
    file.write_text("no picture")
    with pytest.raises(InputError):
        studio.look(Subject(str(file), "")).analysis  # noqa: B018
    file.write_bytes(Path(CAT).read_bytes())
    assert studio.look(Subject(str(file), "")).analysis.report.score > 0


def test_page_shows_bad_input_in_place_of_the_scores(tab, tmp_path):
    bad = tmp_path / "a.png"
    bad.write_text("<b>no picture</b>")
    ((pictures, message, pairs, heatmap, *words),) = tab.update(*widgets(str(bad)))
    assert (pictures, pairs, heatmap, words) == (None, "", None, ["", "", ""])
    assert 'role="alert"' in message
    assert "a.png: not a picture" in message


def test_pictures_do_not_wait_for_the_scores_nor_scores_for_the_heatmap(tab, studio):
    steps = tab.update(*widgets())
    (before, after), *rest = next(steps)
    assert before.size == after.size == (451, 300)
    assert rest == [gr.skip()] * 6  # as they are
    assert studio.analyses.computed == 0
    pictures, scores, pairs, *rest = next(steps)
    assert scores.count("data-score") == 2
    assert pairs.count("<tr") >= 7
    assert [pictures, *rest] == [gr.skip()] * 5
    assert studio.explanations.computed == 0
    ((pictures, scores, pairs, heatmap, note, commands, lines),) = steps
    assert pictures == scores == pairs == gr.skip()
    assert heatmap.size == (451, 300)
    assert "the score (blue)" in note
    assert commands.startswith("qualiclip degrade assets/examples/cat.png")
    assert "qualiclip.explain(" in lines


def test_page_without_a_photo_asks_for_one(tab):
    ((_, message, *_),) = tab.update(*widgets(None))
    assert "Choose an example" in message
    assert tab.redraw(*widgets(None)) == (None, "", "", "")
    with pytest.raises(gr.Error, match="nothing to download yet"):
        tab.save_csv(*widgets(None))


def test_empty_seed_counts_as_zero():
    subject, _ = read_settings(widgets(seed=None))
    assert subject.steps[0].seed == 0


def test_csv_has_a_row_per_picture_and_pair(studio, tmp_path):
    subject, _ = read_settings(widgets(seed=3, region=("left", *WHOLE[1:])))
    look = studio.look(subject)
    before, after = look.pristine.analysis, look.analysis
    path = tmp_path / "scores.csv"
    write_scores(path, subject, before, after)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert [row["picture"] for row in rows] == ["original"] * 7 + ["degraded"] * 7
    assert float(rows[-1]["score"]) == after.report.score
    step = {"type": "gaussian_blur", "level": 2.0, "seed": 3, "region": "0,0,0.5,1"}
    assert json.loads(rows[-1]["degradations"]) == [step]


def test_a_step_names_the_seed_that_repeats_it(studio, seeded):
    """The third slot draws from another seed than the first; what is written down must be that seed."""
    subject, _ = read_settings(widgets(slots=(NONE, 2.0, NONE, 2.0, "white_noise", 3.0), seed=5))
    (step,) = subject.active_steps
    look = studio.look(subject)
    image = degrade(look.pristine.image, step.name, level=step.level, generator=seeded(step.seed))
    np.testing.assert_allclose(look.image, image, atol=0.5 / 255 + 1e-6)
    assert subject.describe_steps() == "White noise at level 3 (seed 7)"


def test_names_in_html_are_escaped():
    assert "<script>" not in render_message("<script>", error=True)


def test_scores_and_pairs_are_text_and_not_only_bars(studio):
    look = studio.look(cat(BLUR))
    before, after = look.pristine.analysis.report, look.analysis.report
    assert f"{after.score:.3f}" in render_scores(before, after)
    table = render_pairs(before, after)
    assert all(f"{pair.probability:.2f}" in table for pair in (*before.pairs, *after.pairs))


def test_every_method_and_target_of_the_page_gives_a_map(tab, studio):
    for method in METHODS:
        picture, note, *_ = tab.redraw(*widgets(method=method))
        assert ("lowers<span" in note) == METHODS[method].signed  # the key to two colours
        assert picture.size == studio.look(cat()).picture.size
    for target, row in studio.targets().items():
        _, note, *_ = tab.redraw(*widgets(target=target))
        assert ("lowers<span" in note) == row.signed


def test_figure_names_the_pair_it_shows(tab):
    with Image.open(tab.save_figure(*widgets(target="pair:2", method="occlusion"))) as figure:
        assert "Occlusion, pair: Sharp image." in figure.text["Description"]


def test_methods_are_told_with_their_cost(studio):
    text = unescape(render_choices(METHODS.values(), studio.targets().values()))
    for row in METHODS.values():
        assert f"<dt>{row.label}</dt><dd>{row.description} Cost: {row.cost[0].lower()}{row.cost[1:]}</dd>" in text
    assert "“Sharp image.”" in text


@pytest.mark.parametrize(
    ("score", "word"), [(0.0, "bad"), (0.19, "bad"), (0.2, "poor"), (0.5, "fair"), (0.61, "good"), (1.0, "excellent")]
)
def test_verdicts_split_the_range_evenly(score, word):
    assert verdict(score) == word


def test_change_is_said_in_words():
    assert change(0.7, 0.7) == "The score is the same to the eye."
    assert change(0.7, 0.67) == "The score falls a little, by 0.03."
    assert change(0.4, 0.9) == "The score rises much, by 0.50."


def test_foreign_errors_are_logged_and_hidden(caplog):
    def broken():
        raise ZeroDivisionError("secret detail")

    with pytest.raises(gr.Error) as caught:
        shown(broken)()
    assert caught.value.message == INTERNAL
    assert "secret detail" in caplog.text


def test_our_errors_are_shown():
    def refuse():
        raise InputError("a.png: too small")

    with pytest.raises(gr.Error) as caught:
        shown(refuse)()
    assert caught.value.message == "a.png: too small"
