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


def run(arguments, folder):
    """The standard output of Python with these arguments, in a folder where the examples lie."""
    if not (folder / "assets").exists():
        (folder / "assets").symlink_to(ROOT / "assets")
    # One thread, as in the tests themselves: a sum shared among threads is rounded elsewhere, and then a few pixels in
    # a hundred thousand of a heatmap differ by a grey level or two.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture).copy()


def check(look, settings, scores, folder):
    shown = [one.analysis.report.score for one in (look.pristine, look)]
    assert scores == pytest.approx(shown, abs=1e-4)
    assert np.array_equal(pixels(folder / "degraded.png"), look.picture)
    heatmap, _ = draw_map(look, settings)
    assert np.array_equal(pixels(folder / "heatmap.png"), heatmap)


@pytest.mark.parametrize("region", [None, Region(0.25, 0, 1, 0.5)])
def test_commands_repeat_the_view(tab, tmp_path, region):
    look = tab.studio.look(Subject(CAT, "compact", STEPS, region))
    printed = ""
    for line in as_commands(look, MAP).splitlines():
        printed += run(["-m", *line.split()], tmp_path)
    scores = [float(number) for number in re.findall(r"^(0\.\d+) ", printed, flags=re.MULTILINE)]
    check(look, MAP, scores, tmp_path)


@pytest.mark.parametrize("looked_at", ["degraded", "original"])
def test_python_lines_repeat_the_view(tab, tmp_path, looked_at):
    look = tab.studio.look(Subject(CAT, "compact", STEPS, Region(0.25, 0, 1, 0.5)))
    settings = MapSettings(looked_at, "gradcam", "difference", "viridis", 0.7)
    printed = run(["-c", as_python(look, settings)], tmp_path)
    check(look, settings, [float(number) for number in printed.split()], tmp_path)


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
