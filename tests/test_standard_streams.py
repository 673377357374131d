"""Where results go: nothing is lost without a word, whatever standard output is, and whoever ends the run."""

import csv
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from explain.__main__ import app as explain_app
from qualiclip.terminal import put, say
from tests.commands import run_here
from tests.conftest import EXAMPLES
from tests.signals import disposition, interruptible
from train.__main__ import app as train_app
from ui.commands.main import app
from ui.publish.space import app as space_app

ROOT = EXAMPLES.parents[1]
CAT = EXAMPLES / "cat.png"
posix = pytest.mark.skipif(os.name != "posix", reason="signals, and files that are devices")
CLOSED = "standard output: closed, so results have nowhere to go"
FULL = "standard output: No space left on device"


@pytest.fixture
def quick(tiny_checkpoint):
    return ("--model", tiny_checkpoint, "--engine", "eager")


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_results_for_a_closed_output_are_refused_before_a_model_is_loaded(quick, options, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr("qualiclip.scoring.scorer.load_checkpoint", None)
    assert run_here(app, "score", CAT, *options, *quick) == 1
    assert capsys.readouterr().err.startswith(f"program: {CLOSED}")
    assert sys.stdout is None  # as it was


@pytest.mark.parametrize(
    ("application", "arguments"),
    [
        (app, ("compare", CAT, "--models", "compact")),
        (app, ("arithmetic", CAT)),
        (app, ("resolution", CAT, "--out", "none", "--json")),
        (app, ("models",)),
        (app, ("--version",)),
        (app, ("--help",)),
        (explain_app, ("benchmark",)),
        (train_app, ("show", "smoke")),
        (train_app, ("fit", "smoke", "--photos", EXAMPLES, "--out", "none")),
        (train_app, ("average", "compact", "compact", "--out", "none.safetensors")),
        (train_app, ("curve", "none", "--out", "none.json")),
        (train_app, ("attributes", "compact", "--photos", EXAMPLES, "--out", "none.safetensors")),
        (train_app, ("evaluate", "--data", "none")),
        (train_app, ("ablate", "smoke", "--photos", EXAMPLES, "--out", "none")),
        (space_app, ("--out", "none")),
    ],
)
def test_every_command_that_prints_says_so_of_a_closed_output(application, arguments, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdout", None)
    assert run_here(application, *arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"program: {CLOSED}")
    assert not list(tmp_path.iterdir())


def test_what_prints_nothing_needs_no_output(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "stdout", None)
    assert run_here(app, "degrade", CAT, tmp_path / "a.png", "--type", "jpeg", "--level", "1") == 0
    assert (tmp_path / "a.png").is_file()


def test_without_an_error_stream_the_results_are_the_same(quick, monkeypatch, capsys):
    assert run_here(app, "score", CAT, *quick) == 0
    expected = capsys.readouterr().out
    monkeypatch.setattr(sys, "stderr", None)
    assert run_here(app, "score", CAT, *quick) == 0
    assert capsys.readouterr().out == expected
    assert sys.stderr is None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_full_disk_is_one_line(quick, options, monkeypatch, capsys):
    with open("/dev/full", "w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert run_here(app, "score", CAT, *options, *quick) == 1
    assert capsys.readouterr().err.splitlines()[1:] == [f"program: {FULL}"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_under_a_table_names_the_table(quick, capsys):
    assert run_here(app, "score", CAT, "--csv", "/dev/full", *quick) == 1
    assert capsys.readouterr().err.splitlines()[1:] == ["program: /dev/full: No space left on device"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_messages_that_can_not_be_said_do_not_stop_the_work(monkeypatch, capsys):
    with open("/dev/full", "w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stderr", full)
        say("a word")
        put("a result")
    assert capsys.readouterr().out == "a result\n"


def test_every_result_is_written_at_once(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(Raw(written)), encoding="utf-8"))
    put("one")
    put("two", end="")
    assert written.getvalue() == b"one\ntwo"


class Raw(io.RawIOBase):
    """What lies under a block-buffered file."""

    def __init__(self, target):
        self.target = target

    def writable(self):
        return True

    def write(self, data):
        return self.target.write(bytes(data))


@posix
def test_python_itself_adds_nothing_to_it_at_its_end():
    """Real processes, which Python ends with a last flush; these load nothing."""
    lines = {
        "--version >&-": (1, f"qualiclip: {CLOSED}; send it to a file or to {os.devnull}\n"),
        "--version | true": (0, ""),
        "--help | true": (0, ""),
        "--version 2>&-": (0, ""),
        "score 2>&-": (2, ""),
        "score 2>/dev/full": (2, ""),
    }
    if Path("/dev/full").exists():
        lines |= {
            "--version >/dev/full": (1, f"qualiclip: {FULL}\n"),
            "--help >/dev/full": (1, "qualiclip: file: No space left on device\n"),
        }
    for line, expected in lines.items():
        shell = ["sh", "-c", f'"$0" -m qualiclip {line}', sys.executable]
        done = subprocess.run(shell, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stderr) == expected, line


@posix
def test_a_background_job_goes_on_after_ctrl_c_and_ends_in_one_line_with_all_it_printed(tmp_path, quick):
    """A real process, started as a shell without job control starts `command &`: with SIGINT ignored."""
    pictures, table = tmp_path / "pictures", tmp_path / "scores.csv"
    pictures.mkdir()
    for number in range(2000):
        (pictures / f"{number:04}.png").symlink_to(CAT)
    arguments = ["score", pictures, "--csv", table, *quick]
    with interruptible(), disposition(signal.SIGINT, signal.SIG_IGN):
        process = subprocess.Popen(
            [sys.executable, "-m", "qualiclip", *map(str, arguments)],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    with process:
        lines = [process.stdout.readline()]
        process.send_signal(signal.SIGINT)
        lines.append(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=120)
    assert process.returncode == 143
    assert errors.splitlines()[1:] == ["qualiclip: stopped"]
    printed = [*lines, *rest.splitlines()]
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert 2 <= len(printed) < 2000
    assert len(rows) - len(printed) in (0, 1)  # a row is written before its line
    assert [line.split()[1] for line in printed] == [row["path"] for row in rows[: len(printed)]]
