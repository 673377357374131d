"""`qualiclip explain` on methods that take their time: a bar on a terminal, and one line when it is stopped."""

import io
import signal
import sys
from dataclasses import replace

import pytest
import torch

from explain.maps.heatmaps import METHODS, explain_image
from qualiclip.pictures import image_to_picture
from qualiclip.terminal import run
from tests.signals import disposition, interruptible
from ui.commands import explain_picture as command
from ui.commands.main import app


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def explain(photo, tmp_path, tiny_checkpoint, monkeypatch):
    """Run `qualiclip explain` in this process; returns its exit status."""
    source = tmp_path / "photo.png"
    image_to_picture(photo).save(source)

    def call(*arguments):
        options = ("--model", tiny_checkpoint, "--engine", "eager", *arguments)
        monkeypatch.setattr(sys, "argv", ["qualiclip", *map(str, ("explain", source, tmp_path / "out.png", *options))])
        return run(app, "qualiclip")

    return call


@pytest.mark.parametrize("method", METHODS)
def test_methods_that_report_tell_how_far_they_are_and_can_be_stopped(tiny_model, seeded, method):
    image = torch.rand((3, 128, 192), generator=seeded(0))
    seen_by_model = (tiny_model, image, tiny_model.feature_map(image[None]))
    asked = {"method": method, "target": "difference"}
    seen = []
    told = explain_image(*seen_by_model, **asked, progress=lambda *at: seen.append(at))
    assert bool(seen) == METHODS[method].reports
    assert (told.values == explain_image(*seen_by_model, **asked).values).all()
    if seen:
        assert seen[-1][0] == seen[-1][1]

        def stop(done, total):
            raise InterruptedError("enough")

        with pytest.raises(InterruptedError, match="enough"):
            explain_image(*seen_by_model, **asked, progress=stop)


@pytest.mark.parametrize(
    ("method", "words"),
    [("occlusion", "Occlusion: "), ("ablation", "Channel ablation: "), ("quality_map", "encodings: ")],
)
def test_a_terminal_shows_a_bar(explain, monkeypatch, method, words):
    monkeypatch.setattr(command, "PATIENCE", 0)
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert explain("--method", method, *(("--stride", "16") if method == "quality_map" else ())) == 0
    assert words in sys.stderr.getvalue()


def test_a_file_gets_no_bar(explain, monkeypatch, capsys):
    monkeypatch.setattr(command, "PATIENCE", 0)
    assert explain("--method", "occlusion") == 0
    assert "Occlusion" not in capsys.readouterr().err


@pytest.fixture
def signalled(monkeypatch):
    """A function after which the method `occlusion` sends this process a signal on its way."""

    def by(number):
        whole = METHODS["occlusion"].grid

        def grid(*arguments, progress):
            signal.raise_signal(number)
            return whole(*arguments, progress=progress)

        monkeypatch.setattr(
            "explain.maps.heatmaps.METHODS", {**METHODS, "occlusion": replace(METHODS["occlusion"], grid=grid)}
        )

    return by


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopping_it_is_one_line(explain, signalled, capsys, tmp_path, number, status):
    signalled(number)
    with interruptible():
        assert explain("--method", "occlusion") == status
    assert capsys.readouterr().err.splitlines()[1:] == ["qualiclip: stopped"]  # after the line on the model
    assert not (tmp_path / "out.png").exists()
    assert not list(tmp_path.glob(".*"))  # nor a draft of it


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_a_background_job_ignores_it_goes_on_ignoring(explain, signalled, tmp_path, number):
    signalled(number)
    with disposition(number, signal.SIG_IGN):
        assert explain("--method", "occlusion") == 0
        assert signal.getsignal(number) == signal.SIG_IGN
    assert (tmp_path / "out.png").is_file()
