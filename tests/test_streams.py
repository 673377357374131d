"""Pipes, standard input, and what is no file; folders with what systems leave in them; names that break lines."""

import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from qualiclip.decoding import streams
from qualiclip.errors import InputError, digits, one_line
from qualiclip.pictures import list_pictures, load_picture
from qualiclip.terminal import run
from tests.test_pictures import SIZE, encode, pixel, refused
from ui.commands.main import app

PICTURE = encode(Image.new("RGB", SIZE, (9, 8, 7)), "PNG")
pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe.png")
    return tmp_path / "pipe.png"


@pytest.fixture
def piped() -> Iterator[int]:
    """The end of a pipe that gives a picture."""
    reading, writing = os.pipe()
    writer = threading.Thread(target=lambda: (os.write(writing, PICTURE), os.close(writing)))
    writer.start()
    yield reading
    writer.join()
    os.close(reading)


@pytest.fixture
def standard_input() -> Iterator[int]:
    """The number of standard input, to which a test may give another meaning."""
    kept = os.dup(0)
    yield 0
    os.dup2(kept, 0)
    os.close(kept)


def command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["qualiclip", *map(str, arguments)])
    return run(app, "qualiclip")


# Pipes


def test_named_pipe_is_read_to_its_end(fifo: Path) -> None:
    large = encode(Image.effect_noise((400, 400), 99), "PNG")
    assert len(large) > 2**16  # more than a pipe holds
    writer = threading.Thread(target=fifo.write_bytes, args=(large,))  # waits until somebody reads
    writer.start()
    assert load_picture(fifo).size == (400, 400)
    writer.join()


def test_named_pipe_into_which_nobody_writes_is_refused(fifo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "PATIENCE", 0.01)
    with refused(r"^pipe\.png: a pipe into which nobody writes; start the writer, or name a file$"):
        load_picture(fifo)


def test_writer_may_take_longer_than_patience(fifo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "PATIENCE", 0.01)
    both = os.open(fifo, os.O_RDWR)  # a writer that has begun and says nothing yet
    late = threading.Timer(0.1, lambda: (os.write(both, PICTURE), os.close(both)))
    late.start()
    assert pixel(load_picture(fifo)) == (9, 8, 7)
    late.join()


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="this system has no /dev/fd")
def test_open_pipe_is_read_by_its_number(piped: int) -> None:
    assert pixel(load_picture(f"/dev/fd/{piped}")) == (9, 8, 7)


def test_pipe_without_end_is_refused(monkeypatch: pytest.MonkeyPatch, piped: int) -> None:
    monkeypatch.setattr(streams, "MOST_PIPED_BYTES", 50)
    with refused(r": more than \S+ MB came through this pipe; name a file instead$"):
        load_picture(f"/dev/fd/{piped}")


def test_standard_input_is_read_as_a_minus(standard_input: int, piped: int) -> None:
    os.dup2(piped, standard_input)
    assert pixel(load_picture("-")) == (9, 8, 7)
    with refused(r"^-: an empty file"):  # nothing is left
        load_picture(Path("-"))


def test_standard_input_may_be_a_file(standard_input: int, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PICTURE)
    with (tmp_path / "a.png").open("rb") as file:
        os.dup2(file.fileno(), standard_input)
    assert pixel(load_picture("-")) == (9, 8, 7)


def test_standard_input_without_anything_is_refused(standard_input: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), standard_input)
    with refused(r"^-: nothing is piped into standard input; pipe a picture into it, or name a file$"):
        load_picture("-")
    monkeypatch.setattr(sys, "stdin", None)  # as it is where standard input was closed
    with refused(r"^-: nothing is piped"):
        load_picture("-")


# What is no file


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="this system has no /dev/zero")
def test_device_is_not_read() -> None:
    assert stat.S_ISCHR(os.stat("/dev/zero").st_mode)
    with refused(r"^zero: a device, not a picture; name a file$"):
        load_picture("/dev/zero")


def test_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.png")
        with refused(r"^s\.png: a socket, not a picture; name a file$"):
            load_picture(tmp_path / "s.png")


def test_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with refused(r"a\.png: can't be opened \(File name too long\); check the path$"):
        load_picture(tmp_path / ("a" * 300 + "a.png"))


# The command line


def test_commands_read_standard_input_once_and_say_each_path_in_one_line(
    standard_input: int,
    piped: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    os.dup2(piped, standard_input)
    odd = tmp_path / "two\nlines\x1b[31m.png"
    odd.write_bytes(PICTURE)
    (tmp_path / "junk\n.png").write_text("none")
    shown = r"two\nlines\x1b[31m.png"
    status = command(
        monkeypatch, "compare", "-", odd, tmp_path / "junk\n.png", "--models", "compact,compact", "--engine", "fused"
    )
    assert status == 1
    captured = capsys.readouterr()
    _, first, second = (line.split() for line in captured.out.splitlines())
    assert first[:2] == second[:2]
    assert (first[2], Path(second[2]).name) == ("-", shown)
    assert captured.err.splitlines()[-1].endswith(
        r"junk\n.png: not a picture in a known format, or damaged; save it as PNG"
    )
    assert command(monkeypatch, "score", odd, "a" * 300, "--model", "compact", "--engine", "fused") == 1
    captured = capsys.readouterr()
    (line,) = captured.out.splitlines()
    assert line.split()[0] == first[0]
    assert line.endswith(shown)
    assert captured.err.splitlines()[-1].endswith("can't be opened (File name too long); check the path")


def test_degrade_takes_a_picture_from_a_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "qualiclip", "degrade", "-", "out.png", "--type", "jpeg", "--level", "0"]
    subprocess.run(command, input=PICTURE, cwd=tmp_path, timeout=120, check=True)
    assert pixel(load_picture(tmp_path / "out.png")) == (9, 8, 7)


def test_a_line_shows_what_breaks_lines_and_leaves_names_alone() -> None:
    assert one_line("a\r\nb\t\x85\u2028\u202e\udcff") == r"a\r\nb\t\x85\u2028\u202e\udcff"
    assert one_line(Path("Bild 1\u202fä 写真.png")) == "Bild 1\u202fä 写真.png"
    assert str(InputError("a\nb: no such file")) == r"a\nb: no such file"


def test_numbers_keep_their_digits() -> None:
    assert [digits(value) for value in (1.0000001, 6.0, 5, float("nan"), 0.1)] == ["1.0000001", "6", "5", "nan", "0.1"]


# Folders


def test_what_systems_leave_in_folders_is_no_picture(tmp_path: Path) -> None:
    pictures = ["a.png", "sub/b.PNG"]
    junk = ["._a.png", ".DS_Store", "Thumbs.db", "__MACOSX/c.png", "@eaDir/d.jpg", ".thumbs/e.png", "sub/._b.png"]
    for name in (*pictures, *junk):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(PICTURE)
    os.mkfifo(tmp_path / "pipe.png")
    assert list_pictures(tmp_path, recursive=True) == [tmp_path / name for name in pictures]
    assert list_pictures(tmp_path, recursive=False) == [tmp_path / "a.png"]
    assert list_pictures(tmp_path / ".thumbs", recursive=False) == [tmp_path / ".thumbs" / "e.png"]  # as it was named
    assert pixel(load_picture(tmp_path / "._a.png")) == (9, 8, 7)  # likewise
