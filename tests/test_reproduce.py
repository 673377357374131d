"""The code that the studio shows repeats what it shows: every number, every pixel."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import qualiclip
from qualiclip.degradations import Region, Step
from ui.commands.main import main
from ui.files.downloads import DownloadFolder
from ui.studio.studio import Studio
from ui.studio.subject import Subject
from ui.tabs.inspect.map_settings import MapSettings
from ui.tabs.inspect.reproduce import as_commands, as_python
from ui.tabs.inspect.tab import InspectTab, draw_map

ROOT = Path(__file__).resolve().parent.parent
CAT = str(ROOT / "assets" / "examples" / "cat.png")
STEPS = (Step("gaussian_blur", 2.25), Step("white_noise", 3.0, 8))
MAP = MapSettings("degraded", "quality_map", "bad", "magma", 0.65)


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    return InspectTab(Studio(qualiclip.load("compact")), DownloadFolder(tmp_path_factory.mktemp("downloads")))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder where the examples lie, and where one is."""
    (tmp_path / "assets").symlink_to(ROOT / "assets")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(arguments, folder):
    """The standard output of Python with these arguments."""
    # One thread, as in the tests themselves: a sum shared among threads is rounded elsewhere, and then a few pixels in
    # a hundred thousand of a heatmap differ by a grey level or two.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def run_here(monkeypatch, capsys):
    """The same, in this process: for what one other process has shown already."""

    def call(arguments, folder):
        option, what, *others = arguments
        if option == "-c":
            exec(what, {})  # our own lines
        else:
            monkeypatch.setattr(sys, "argv", [what, *others])
            with pytest.raises(SystemExit) as ended:
                main()
            assert ended.value.code == 0
        return capsys.readouterr().out

    return call


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture).copy()


def check(look, settings, scores, folder):
    shown = [one.analysis.report.score for one in (look.pristine, look)]
    assert scores == pytest.approx(shown, abs=1e-4)
    assert np.array_equal(pixels(folder / "degraded.png"), look.picture)
    heatmap, _ = draw_map(look, settings)
    assert np.array_equal(pixels(folder / "heatmap.png"), heatmap)


def check_commands(tab, folder, region, run):
    look = tab.studio.look(Subject(CAT, "compact", STEPS, region))
    printed = "".join(run(["-m", *line.split()], folder) for line in as_commands(look, MAP).splitlines())
    scores = [float(number) for number in re.findall(r"^(0\.\d+) ", printed, flags=re.MULTILINE)]
    check(look, MAP, scores, folder)


def check_lines(tab, folder, looked_at, run):
    look = tab.studio.look(Subject(CAT, "compact", STEPS, Region(0.25, 0, 1, 0.5)))
    settings = MapSettings(looked_at, "gradcam", "difference", "viridis", 0.7)
    printed = run(["-c", as_python(look, settings)], folder)
    check(look, settings, [float(number) for number in printed.split()], folder)


def test_commands_repeat_the_view_in_processes_of_their_own(tab, folder):
    check_commands(tab, folder, Region(0.25, 0, 1, 0.5), run)


def test_commands_repeat_the_view_of_a_whole_picture(tab, folder, run_here):
    check_commands(tab, folder, None, run_here)


def test_python_lines_repeat_the_view_in_a_process_of_their_own(tab, folder):
    check_lines(tab, folder, "degraded", run)


def test_python_lines_repeat_the_view_of_the_original(tab, folder, run_here):
    check_lines(tab, folder, "original", run_here)


def test_steps_that_do_nothing_are_left_out(tab):
    look = tab.studio.look(Subject(CAT, "compact", (Step("jpeg", 0.0),), Region(0, 0, 0.5, 1)))
    commands = as_commands(look, MAP)
    assert "degrade " not in commands
    assert "region" not in commands
    assert "qualiclip explain assets/examples/cat.png" in commands


def test_an_upload_is_called_by_its_own_name_and_quoted(tab, tmp_path):
    own = tmp_path / "my photo; rm -rf.png"
    own.write_bytes(b"no picture")
    commands = as_commands(tab.studio.look(Subject(str(own), "compact", STEPS)), MAP)
    assert "qualiclip degrade 'my photo; rm -rf.png' degraded.png --step gaussian_blur:2.25 --step" in commands
