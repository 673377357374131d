"""What the Sweep tab computes and shows, without a browser."""

import csv
import re
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from PIL import Image

import qualiclip
from qualiclip.degradations import DEGRADATIONS, GROUPS
from qualiclip.errors import UsageError
from tests.commands import run_here
from tests.test_sweep import row_of
from ui.commands.main import app as command_line
from ui.files.downloads import DownloadFolder
from ui.guard import INTERNAL, shown_steps
from ui.server.api import Api
from ui.studio.studio import Studio
from ui.studio.subject import NONE, Subject
from ui.studio.sweeps import SweepRequest, Sweeps
from ui.tabs.sweep import markup as render_sweep
from ui.tabs.sweep.markup import DROPS, curve, drop_class, summary, table_row, wall_row
from ui.tabs.sweep.tab import SweepTab, read_request

CSS = Path(__file__).resolve().parent.parent / "assets" / "css" / "sweep.css"
STATUS, WALL, CURVES, TABLE, DONE, START, STOP, RESULTS = range(8)


@pytest.fixture(scope="module")
def studio():
    return Studio(qualiclip.load("compact"))


@pytest.fixture
def tab(studio, tmp_path):
    return SweepTab(studio, DownloadFolder(tmp_path))


@pytest.fixture
def small(photo, tmp_path):
    path = tmp_path / "eye.png"
    qualiclip.pictures.image_to_picture(photo).save(path)
    return str(path)


def widgets(path, *types, seed=0, side="384"):
    """Values of the panel's widgets and of the tab's, in their order."""
    panel = [path, "compact", "gaussian_blur", 2.0, NONE, 2.0, NONE, 2.0, seed, "left", 25, 25, 75, 75]
    return [*panel, *([name for name in names if name in types] for names in GROUPS.values()), side]


def request(path, *types, side=384, seed=0):
    return SweepRequest(path, "compact", side, seed, types)


def test_widgets_ask_for_the_photo_whole_and_pristine():
    asked = read_request(widgets("a.png", "jpeg", "lens_blur", seed=3, side="full"))
    assert asked == SweepRequest("a.png", "compact", None, 3, ("lens_blur", "jpeg"))  # in the order of the table
    assert read_request(widgets(None, "jpeg")) is None
    with pytest.raises(UsageError, match="at least one degradation"):
        read_request(widgets("a.png"))


@pytest.mark.parametrize(
    ("values", "message"),
    [({"types": ("jpg",)}, "did you mean jpeg"), ({"types": ("jpeg",), "side": 8}, "32 px or more")],
)
def test_requests_are_checked(values, message):
    with pytest.raises(UsageError, match=message):
        request("a.png", *values["types"], side=values.get("side"))


def test_a_sweep_appears_one_degradation_after_the_other(tab, small):
    first, second, third, last = tab.run(*widgets(small, "jpeg", "darken"))
    assert first[WALL] == ""
    assert (first[START]["interactive"], first[STOP]["interactive"], first[RESULTS]["visible"]) == (False, True, False)
    assert "1 of 2 degradations. About" in second[STATUS]
    for part in (WALL, CURVES, TABLE):  # only what is new is sent, so what was there must not change
        assert third[part].startswith(second[part])
        assert last[part] == third[part]
    assert (second[DONE].names, third[DONE].names) == (("jpeg",), ("jpeg", "darken"))
    assert last[WALL].count("<tr><th") == 2
    assert (last[START]["interactive"], last[STOP]["interactive"], last[RESULTS]["visible"]) == (True, False, True)
    assert "SRCC" in last[STATUS]


def test_scores_on_the_wall_are_those_of_inspect_at_full_size(tab, studio, small):
    *_, last = tab.run(*widgets(small, "white_noise", seed=4, side="full"))
    swept = [float(score) for score in re.findall(r'data-swept="(.*?)"', last[WALL])]
    steps = [qualiclip.degradations.Step("white_noise", level, 4) for level in range(6)]
    inspected = [studio.look(Subject(small, "compact", (step,))).analysis.report.score for step in steps]
    assert swept == pytest.approx(inspected, abs=1e-6)


def test_nothing_more_is_computed_when_a_sweep_is_closed(tab, small):
    steps = tab.run(*widgets(small, *DEGRADATIONS))
    for _ in range(3):
        next(steps)
    steps.close()
    assert tab.sweeps.cache.computed == 2


def test_a_degradation_is_swept_once(studio, small):
    sweeps = Sweeps(studio)
    first = list(sweeps.rows(request(small, "jpeg", "darken")))
    again = list(sweeps.rows(request(small, "darken")))
    assert again[0] is first[1]
    assert sweeps.cache.computed == 2
    assert next(sweeps.rows(request(small, "darken", seed=1))) is not first[1]


def test_plan_says_how_many_pictures(tab, small):
    planned = tab.plan(*widgets(small, "jpeg", "darken", side="512"))
    assert "scores 11 pictures" in planned
    assert "reduced to 512 px" in planned
    nothing = tab.plan(*widgets(small))
    assert 'role="alert"' in nothing
    assert "at least one degradation" in nothing


def test_no_photo_and_a_bad_photo_are_said_in_place(tab, tmp_path):
    assert "Choose an example" in tab.plan(*widgets(None, "jpeg"))
    (only,) = tab.run(*widgets(None, "jpeg"))
    assert "Choose an example" in only[STATUS]
    bad = tmp_path / "a.png"
    bad.write_text("no picture")
    *_, last = tab.run(*widgets(str(bad), "jpeg"))
    assert 'role="alert"' in last[STATUS]
    assert "a.png: not a picture" in last[STATUS]
    assert last[START]["interactive"]


def test_a_stop_says_how_far_it_came(tab, small):
    status, start, stop = tab.stopped(request(small, "jpeg", "darken"))
    assert "Stopped after 2 degradations." in status
    assert (start["interactive"], stop["interactive"]) == (True, False)
    assert "before the first" in tab.stopped(None)[0]


def test_a_cell_asks_inspect_for_this_degradation_alone(tab):
    opened = tab.open(SimpleNamespace(degradation="jpeg", level=4))
    assert opened == ("jpeg", 4, NONE, 2.0, NONE, 2.0, "whole")
    for event in (SimpleNamespace(degradation="jpg", level=4), SimpleNamespace(degradation="jpeg", level=9)):
        with pytest.raises(UsageError):
            tab.open(event)


def test_csv_is_that_of_the_command_line(tab, small, tmp_path):
    out = tmp_path / "out"
    assert (
        run_here(
            command_line, "sweep", small, "--out", out, "--types", "motion_blur,jpeg", "--side", "384", "--seed", "2"
        )
        == 0
    )
    asked = request(small, "motion_blur", "jpeg", seed=2)
    assert Path(tab.save_csv(asked)).read_bytes() == (out / "scores.csv").read_bytes()
    with Path(tab.save_csv(asked)).open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 12


def test_figures_come_in_every_format(tab, small):
    done = request(small, "jpeg")
    with Image.open(tab.save_sheet(done, "png")) as sheet:
        assert sheet.text["Picture"] == "eye.png"
    assert "<svg" in Path(tab.save_curves(done, "svg")).read_text("utf-8")
    assert Path(tab.save_sheet(done, "pdf")).read_bytes().startswith(b"%PDF")
    with pytest.raises(UsageError, match="unknown format"):
        tab.save_sheet(done, "../gif")
    with pytest.raises(gr.Error, match="press Start first"):
        tab.save_csv(None)


def test_cells_say_in_words_what_colours_and_marks_say():
    row = row_of([0.8, 0.7, 0.7, 0.85, 0.3, 0.2])
    cells = unescape(wall_row(row))
    assert 'aria-label="JPEG, level 1: score 0.700, −0.100 against the original."' in cells
    assert "JPEG, level 2: score 0.700, −0.100 against the original. It does not fall: +0.000" in cells
    assert cells.count('class="rise">▲ +') == 2
    assert [drop_class(drop) for drop in (-0.05, 0, *DROPS)] == ["up", *(f"drop-{n}" for n in range(5))]
    assert "▲ 2, 3" in table_row(row)
    assert curve(row).count('class="rise"') == 2


def test_summary_names_the_best_and_the_worst():
    falling, rising = row_of([0.6, 0.5, 0.4, 0.3, 0.2, 0.1], "jpeg"), row_of([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], "darken")
    words = summary([falling, rising])
    assert "0.00 on average" in words
    assert "5 of 10 steps do not fall" in words
    assert "best for JPEG (−1.00), and worst for Darken (1.00)" in words
    assert "best" not in summary([falling])


def luminance(colour):
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_numbers_can_be_read_on_every_colour():
    text = CSS.read_text("utf-8").split("/* The Sweep tab")[1]
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in text.split("}")[:2])
    for colours in (light, dark):
        for name in ("drop-0", "drop-1", "drop-2"):
            assert contrast(colours[name], colours["on-light"]) >= 4.5
        assert contrast(colours["drop-3"], "#1a0d04") >= 4.5
        for name in ("drop-4", "up"):
            assert contrast(colours[name], colours["on-deep"]) >= 4.5


def test_a_thumbnail_is_small(studio, small):
    (row,) = Sweeps(studio).rows(request(small, "white_noise"))
    assert len(render_sweep.wall_row(row)) < 80_000


def test_api_gives_the_scores_of_each_type(studio, small):
    swept = Api(studio).sweep(small, ["jpeg"], 64, 1, "compact")
    assert (swept["width"], swept["height"], swept["seed"], swept["levels"]) == (64, 48, 1, [0, 1, 2, 3, 4, 5])
    (row,) = Sweeps(studio).rows(request(small, "jpeg", side=64, seed=1))
    assert swept["types"] == {"jpeg": {"scores": list(row.scores), "srcc": row.srcc, "rises": list(row.rises)}}
    assert Api(studio).sweep(small, ["jpeg"], 0, 1, "compact")["width"] == 128


def test_errors_of_generators_are_logged_and_hidden(caplog):
    def broken():
        yield 1
        raise ZeroDivisionError("secret detail")

    steps = shown_steps(broken)()
    assert next(steps) == 1
    with pytest.raises(gr.Error) as caught:
        next(steps)
    assert caught.value.message == INTERNAL
    assert "secret detail" in caplog.text
