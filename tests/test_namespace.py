"""The public door: what is named in `qualiclip` itself, and that nothing is loaded before it is asked for."""

import subprocess
import sys
from importlib import import_module

import pytest

import qualiclip
from qualiclip import _HOMES
from qualiclip.errors import UsageError
from tests.house import ROOT


def test_every_name_is_that_of_its_module():
    assert set(qualiclip.__all__) == {*_HOMES, "__version__"}
    assert set(qualiclip.__all__) <= set(dir(qualiclip))
    for name, home in _HOMES.items():
        found = getattr(qualiclip, name)
        assert found is getattr(import_module(home), name)
        assert getattr(found, "__module__", home).startswith(home)  # a name has one home, not two
    with pytest.raises(AttributeError, match="has no attribute 'scores'"):
        qualiclip.scores  # noqa: B018  # asked for, not used


def test_errors_are_one_family():
    for name in ("UsageError", "InputError", "WeightsError", "TrainingError"):
        assert issubclass(getattr(qualiclip, name), qualiclip.QualiclipError)


def test_importing_the_package_loads_nothing():
    code = "import sys, qualiclip; print(len({'torch', 'numpy', 'PIL', 'explain'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def test_a_picture_is_compared_by_names_and_by_scorers_that_are_loaded(tiny_checkpoint, photo, tmp_path):
    path = tmp_path / "photo.png"
    qualiclip.image_to_picture(photo).save(path)
    scorer = qualiclip.load(str(tiny_checkpoint), engine="eager")
    first, second = qualiclip.compare(path, [scorer, "compact"])
    assert first == scorer.score(path)
    assert (second.model, second.path) == ("compact", str(path))
    assert second.score == pytest.approx(qualiclip.load("compact").score(path).score, abs=1e-6)


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ("compact", r"got the string 'compact'; write \['compact'\]"),
        ("compact, clip-rn50", r"write \['compact', 'clip-rn50'\]"),
        ([], "no model was named"),
    ],
)
def test_a_string_is_no_list_of_models(photo, models, message):
    with pytest.raises(UsageError, match=message):
        qualiclip.compare(photo, models)
