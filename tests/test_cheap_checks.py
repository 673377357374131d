"""What can be refused without a model is refused before one is loaded, and as much as can be before torch is."""

import json
import subprocess
import sys

import pytest
from typer.main import get_command

from explain.__main__ import app as explain_app
from explain.maps import defaults
from explain.maps.heatmaps import METHODS, TARGETS
from explain.maps.quality_map import STRIDES
from explain.numbers.arithmetic import TABLES
from qualiclip.drawing.files import FORMATS
from qualiclip.drawing.overlay import COLORMAPS
from qualiclip.engines.table import ENGINES, PRECISIONS
from qualiclip.models.targets import PAIR
from qualiclip.models.untrained import TRAINED, UNTRAINED
from qualiclip.outputs import FIGURE_ENDINGS
from qualiclip.weights.registry import MADE_FROM, REGISTRY, model_files
from tests.commands import run_here
from tests.conftest import EXAMPLES
from train.__main__ import app as train_app
from ui.commands.main import app
from ui.commands.options import ENGINE_NAMES, PRECISION_NAMES
from ui.publish.gallery import app as gallery_app

ROOT = EXAMPLES.parents[1]
CAT = str(EXAMPLES / "cat.png")


def test_names_known_without_loading_anything_are_those_of_the_tables():
    assert tuple(METHODS) == defaults.METHOD_NAMES
    assert tuple(name for name, row in METHODS.items() if row.image_alone) == defaults.ALONE
    assert tuple(TARGETS) == defaults.TARGET_NAMES
    assert PAIR == defaults.PAIR_START
    assert tuple(COLORMAPS) == defaults.COLORMAP_NAMES
    assert STRIDES == defaults.STRIDES
    assert tuple(TABLES) == defaults.TABLE_ENDINGS
    assert tuple(f".{name}" for name in FORMATS) == FIGURE_ENDINGS
    assert set(ENGINE_NAMES) == {"auto", *ENGINES}
    assert PRECISION_NAMES == PRECISIONS
    assert MADE_FROM == {UNTRAINED: TRAINED}


def test_the_files_of_a_model_are_its_own_and_those_it_is_built_on(tmp_path, monkeypatch):
    assert model_files("compact") == model_files("compact-untrained") == [REGISTRY["compact"].path]
    for name in ("qualiclip.pth", "QualiCLIP+_koniq.pth"):
        (tmp_path / name).touch()
    monkeypatch.setenv("QUALICLIP_WEIGHTS", str(tmp_path))
    assert model_files("qualiclip+") == [tmp_path / "QualiCLIP+_koniq.pth", tmp_path / "qualiclip.pth"]


@pytest.mark.parametrize(
    ("application", "line"),
    [
        *((app, name) for name in ("score", "compare", "sweep", "resolution", "arithmetic", "explain")),
        (explain_app, "benchmark"),
        (train_app, "evaluate"),
        (train_app, "gmad"),
        (gallery_app, None),
    ],
)
def test_every_command_that_scores_can_be_told_engine_and_precision(application, line):
    command = get_command(application)
    if line:
        command = command.commands[line]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {"--engine", "--precision"} <= known


FIT = ("fit", "smoke", "--photos", EXAMPLES, "--out", "no")
GMAD = ("gmad", "--attacker", "compact", "--images", EXAMPLES, "--out", "no")
ABLATE = ("ablate", "smoke", "--photos", EXAMPLES, "--out", "no")
BENCHMARK = ("benchmark", "--images", EXAMPLES, "--out", "no")


@pytest.mark.parametrize(
    ("application", "arguments", "status", "words"),
    [
        (train_app, ("fit", "smok", *FIT[2:]), 2, "unknown recipe 'smok'; did you mean smoke"),
        (train_app, ("fit", "smoke", "--photos", "none", "--out", "no"), 1, "no photos found in none"),
        (train_app, (*FIT[:5], CAT), 1, "is a file, not a folder"),
        (train_app, (*FIT, "--start-from", "compct"), 2, "did you mean compact"),
        (train_app, (*FIT, "--start-from", "none.pth"), 1, "none.pth: no such file"),
        (train_app, (*FIT, "--set", "stepz=1"), 2, "unknown setting 'stepz'"),
        (train_app, (*FIT, "--device", "tpu"), 2, "device 'tpu' is not available here"),
        (train_app, ("average", "compact", "--out", "a.safetensors"), 1, "needs at least two models, got 1"),
        (train_app, ("average", "compact", "compct", "--out", "a.safetensors"), 2, "did you mean compact"),
        (train_app, ("average", "compact", "compact", "--out", "assets"), 1, "a folder, not a file"),
        (train_app, ("curve", "none", "--out", "no/a.json"), 1, "make the folder"),
        (train_app, ("curve", "none", "--out", "a.json"), 1, "none: expected log.jsonl and model.safetensors"),
        (train_app, ("attributes", "compct", "--photos", EXAMPLES, "--out", "a.pth"), 2, "did you mean compact"),
        (train_app, ("attributes", "compact", "--photos", "none", "--out", "a.pth"), 1, "no photos found in none"),
        (train_app, ("evaluate", "--data", "none"), 1, "mos.csv: no such file"),
        (train_app, ("evaluate", "--data", "none", "--out", CAT), 1, "is a file, not a folder"),
        (train_app, (*GMAD, "--defender", "compct"), 2, "did you mean compact"),
        (train_app, (*GMAD, "--defender", "compact"), 2, "are the same model"),
        (train_app, (*GMAD, "--defender", "compact-untrained", "--engine", "gpu"), 2, "unknown engine 'gpu'"),
        (train_app, (*GMAD, "--defender", "compact-untrained", "--levels", "99"), 1, "99 levels need at least 198"),
        (train_app, (*ABLATE, "--variants", "with"), 2, "unknown variant 'with'"),
        (train_app, (*ABLATE, "--variants", "full", "--seeds", "0"), 2, "seeds must be at least 1"),
        (train_app, (*ABLATE, "--variants", "full", "--data", "none"), 1, "no such file; expected a CSV file"),
        (explain_app, (*BENCHMARK, "--methods", "magic"), 2, "unknown heatmap method 'magic'"),
        (explain_app, (*BENCHMARK, "--targets", "worse"), 2, "unknown heatmap target 'worse'"),
        (explain_app, (*BENCHMARK, "--types", "jpg"), 2, "unknown degradation 'jpg'"),
        (explain_app, (*BENCHMARK, "--model", "compct"), 2, "did you mean compact"),
        (explain_app, (*BENCHMARK, "--precision", "fp8"), 2, "unknown precision 'fp8'"),
        (explain_app, (*BENCHMARK[:4], CAT), 1, "is a file, not a folder"),
        (gallery_app, ("--out", "assets"), 2, "is not an empty folder"),
        (gallery_app, ("--out", "no", "--model", "compct"), 2, "did you mean compact"),
    ],
    ids=lambda value: (
        " ".join(str(part).removeprefix(str(EXAMPLES)) for part in value)[:60] if isinstance(value, tuple) else ""
    ),
)
def test_training_and_checks_refuse_before_a_model_is_loaded(
    application, arguments, status, words, monkeypatch, capsys
):
    monkeypatch.chdir(ROOT)
    loaders = ("train.evaluate.protocol", "train.fit.averaging", "train.fit.attribute_prompts", "train.fit.models")
    for module in ("qualiclip.scoring.scorer", *loaders):
        monkeypatch.setattr(f"{module}.load_checkpoint", None)
    got = run_here(application, *arguments)
    out, err = capsys.readouterr()
    assert (got, out) == (status, ""), err
    (line,) = err.splitlines()
    assert words in line
    assert not (ROOT / "no").exists()


WITHOUT_TORCH = [
    *(
        ["score", CAT, *more]
        for more in (["--csv", CAT], ["--csv", "no/a.csv"], ["--engine", "gpu"], ["--pair", "Day"])
    ),
    *(["score", CAT, *more] for more in (["--precision", "fp8"], ["--scale", "0"])),
    *(["compare", CAT, "--models", "compact", *more] for more in (["--figure", "a.gif"], ["--csv", CAT])),
    *(["sweep", CAT, "--out", "no", *more] for more in (["--format", "jpg"], ["--engine", "gpu"])),
    *([name, "none.png", "--out", "no.png"] for name in ("sweep", "resolution", "arithmetic")),
    ["arithmetic", CAT, "--out", "a.doc"],
    ["degrade", CAT, "a.jpg", "--type", "jpeg"],
    ["degrade", "none.png", "a.png", "--type", "jpeg"],
    ["degrade", CAT, CAT, "--type", "jpeg"],
    *(
        ["explain", CAT, "a.png", *more]
        for more in (
            ["--method", "magic"],
            ["--target", "x"],
            ["--colormap", "jet"],
            ["--raw", "a.txt"],
            ["--stride", "9"],
        )
    ),
    ["explain", "none.png", "a.png"],
]
SCRIPT = """
import json, sys
from ui.commands.main import app
from qualiclip.terminal import run
for line in json.loads(sys.argv[1]):
    sys.argv = ["qualiclip", *line]
    status = run(app, "qualiclip")
    heavy = {"torch", "numpy", "matplotlib", "PIL"} & set(sys.modules)
    print(json.dumps([line, status, sorted(heavy)]))
"""


def test_existence_endings_and_names_are_checked_before_torch_is_loaded():
    """One real process, in which nothing else has loaded anything."""
    command = [sys.executable, "-c", SCRIPT, json.dumps(WITHOUT_TORCH)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line for line, _, _ in results] == WITHOUT_TORCH
    assert not [(line, heavy) for line, status, heavy in results if heavy or status not in (1, 2)]
