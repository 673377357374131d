"""The command line as its user sees it: its output and its exit status; in this process, but for a few real ones."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import qualiclip
from explain.maps.heatmaps import explain_finely
from qualiclip.degradations import MAX_SEED, degrade
from qualiclip.pictures import as_image, image_to_picture
from tests.clip_files import TINY, TINY_TEXT, official_state
from ui.commands import main as cli

EXAMPLES = Path(__file__).resolve().parent.parent / "assets" / "examples"
CAT = EXAMPLES / "cat.png"
QUICK = ("--engine", "eager")  # nothing is converted or compiled first


@pytest.fixture
def run(monkeypatch, capsys):
    """A function that runs the command in this process; returns its standard output and error."""
    monkeypatch.chdir(EXAMPLES.parents[1])

    def call(*arguments, status=0):
        monkeypatch.setattr(sys, "argv", ["qualiclip", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        out, err = capsys.readouterr()
        assert stopped.value.code == status, err
        return out, err

    return call


@pytest.fixture(scope="module")
def cat():
    """The report of the cat by the embedded model."""
    return qualiclip.load("compact").score(CAT)


def run_process(*arguments):
    """The same as a process of its own."""
    command = [sys.executable, "-m", "qualiclip", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=EXAMPLES.parents[1], timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_score_prints_the_json_of_a_folder(cat):
    out, err = run_process("score", "assets/examples", "--json")
    reports = json.loads(out)
    files = sorted(path for path in EXAMPLES.iterdir())
    assert [Path(report["path"]).name for report in reports] == [path.name for path in files]
    (report,) = [report for report in reports if report["path"].endswith("cat.png")]
    assert report["score"] == pytest.approx(cat.score, abs=1e-6)
    assert report["weights_sha256"] == cat.weights_sha256
    assert len(report["pairs"]) == 7
    assert "model compact" in err


def test_a_bad_file_is_a_row_with_its_error_and_the_others_are_scored(run, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_text("no picture")
    table = tmp_path / "scores.csv"
    out, err = run("score", bad, CAT, "--json", "--csv", table, status=1)
    first, second = json.loads(out)
    assert set(first) == {"path", "error"}
    assert second["score"] > 0
    (line,) = [line for line in err.splitlines() if "bad.jpg" in line]
    assert line.startswith(f"qualiclip: {bad}: ")
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["error"] == first["error"]
    assert float(rows[1]["score"]) == second["score"]
    assert float(rows[1]["Good photo."]) == second["pairs"][0]["probability"]


def test_compare_prints_a_column_per_model(run, cat, tmp_path, tiny_checkpoint):
    bad = tmp_path / "bad.jpg"
    bad.write_text("no picture")
    table = tmp_path / "a.csv"
    models = f"compact,{tiny_checkpoint}"
    out, err = run("compare", bad, CAT, "--models", models, "--csv", table, status=1)
    head, line = out.splitlines()
    assert head.split() == ["compact", tiny_checkpoint.name, "picture"]
    scores = [cat.score, qualiclip.load(str(tiny_checkpoint)).score(CAT).score]
    assert [float(cell) for cell in line.split()[:2]] == pytest.approx(scores, abs=5e-5)
    assert f"qualiclip: {bad}: " in err
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["model"] for row in rows] == ["", "compact", tiny_checkpoint.name]
    assert [float(row["score"]) for row in rows[1:]] == pytest.approx(scores, abs=1e-6)


def test_compare_prints_json(run, tiny_checkpoint):
    out, _ = run("compare", CAT, "--models", f"compact, {tiny_checkpoint}", "--json")
    (result,) = json.loads(out)
    assert [report["model"] for report in result["reports"]] == ["compact", tiny_checkpoint.name]
    assert result["path"] == str(CAT)


def test_own_prompts_and_scale(run, tmp_path, monkeypatch):
    torch.save(official_state(TINY, TINY_TEXT, seed=0), tmp_path / "a.pth")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    own = ("--pair", "Day|Night", "--pair", "Calm | Wild", "--scale", "50", *QUICK)
    out, _ = run("score", CAT, "--model", tmp_path / "a.pth", *own, "--json")
    (report,) = json.loads(out)
    assert [(pair["positive"], pair["negative"]) for pair in report["pairs"]] == [("Day", "Night"), ("Calm", "Wild")]
    assert report["scale"] == 50


def test_plain_score_is_a_line_per_picture(run, cat):
    out, _ = run("score", CAT)
    score, path = out.split()
    assert path == str(CAT)
    assert float(score) == pytest.approx(cat.score, abs=5e-5)


def test_folders_are_searched_deeply_only_on_request(run, tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "cat.png").write_bytes(CAT.read_bytes())
    _, err = run("score", tmp_path, status=1)
    assert "no picture in this folder; add --recursive" in err
    out, _ = run("score", tmp_path, "--recursive")
    assert out.strip().endswith("cat.png")


def test_a_folder_without_pictures_does_not_stop_the_others(run, tmp_path):
    out, _ = run("score", tmp_path, CAT, "--json", status=1)
    first, second = json.loads(out)
    assert first == {
        "path": str(tmp_path),
        "error": "no picture in this folder; add --recursive to look into its folders",
    }
    assert second["score"] > 0


def test_names_that_the_terminal_can_not_show_do_not_stop_the_command(tmp_path, monkeypatch):
    picture = tmp_path / "写真.png"
    picture.write_bytes(CAT.read_bytes())
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    out, _ = run_process("score", picture, "--json", "--csv", tmp_path / "a.csv")
    assert json.loads(out.replace("\\\\u", "\\u"))[0]["score"] > 0
    assert "写真" in (tmp_path / "a.csv").read_text(encoding="utf-8")


def test_degrade_writes_what_the_library_computes(run, tmp_path, seeded):
    out = tmp_path / "worse.png"
    run("degrade", CAT, out, "--type", "white_noise", "--level", "2.5", "--seed", "4")
    expected = degrade(as_image(CAT), "white_noise", level=2.5, generator=seeded(4))
    with Image.open(out) as written:
        assert np.array_equal(np.asarray(written), np.asarray(image_to_picture(expected)))


def test_degrade_takes_a_strength(run, tmp_path, seeded):
    out = tmp_path / "worse.png"
    run("degrade", CAT, out, "--type", "jpeg", "--strength", "24")
    expected = degrade(as_image(CAT), "jpeg", strength=24, generator=seeded(0))
    with Image.open(out) as written:
        assert np.array_equal(np.asarray(written), np.asarray(image_to_picture(expected)))


def test_sweep_writes_table_sheet_and_plot(run, tmp_path):
    out = tmp_path / "new" / "folder"
    _, err = run("sweep", CAT, "--out", out, "--types", "jpeg, white_noise", "--side", "96", "--seed", "3", *QUICK)
    assert "picture reduced to 96 × 64 px" in err
    with (out / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["degradation"], row["level"]) for row in rows] == [
        (name, str(level)) for name in ("jpeg", "white_noise") for level in range(6)
    ]
    assert {(row["picture"], row["width"], row["height"], row["seed"]) for row in rows} == {
        ("cat.png", "96", "64", "3")
    }
    for name in ("contact_sheet.png", "monotonicity.png"):
        with Image.open(out / name) as figure:
            assert "cat.png at 96 × 64 px, seed 3" in figure.text["Description"]


@pytest.mark.parametrize("suffix", ["svg", "pdf"])
def test_sweep_writes_figures_in_other_formats(run, suffix, tmp_path):
    run("sweep", CAT, "--out", tmp_path, "--types", "jpeg", "--side", "64", "--format", suffix, *QUICK)
    for name in ("contact_sheet", "monotonicity"):
        assert b"cat.png at 64" in (tmp_path / f"{name}.{suffix}").read_bytes().replace(b"\x00", b"")


def test_compare_draws_what_it_prints(run, cat, tmp_path, tiny_checkpoint):
    picture, bad = tmp_path / "a $b$ \\alpha 写真.png", tmp_path / "bad.jpg"
    picture.write_bytes(CAT.read_bytes())
    bad.write_text("no picture")
    models = f"compact,{tiny_checkpoint}"
    out, err = run("compare", picture, bad, "--models", models, "--json", "--figure", tmp_path / "a.png", status=1)
    plain, _ = run("compare", picture, bad, "--models", models, "--json", status=1)
    assert json.loads(out) == json.loads(plain)
    assert err.count("bad.jpg") == 1
    with Image.open(tmp_path / "a.png") as figure:
        assert figure.text["Pictures"] == picture.name
        assert [figure.text[f"Model {n}"] for n in (1, 2)] == ["compact", tiny_checkpoint.name]
        assert figure.text["Weights SHA-256 1"] == cat.weights_sha256


def test_resolution_writes_table_and_figure_and_prints_json(run, cat, tmp_path):
    out, err = run("resolution", CAT, "--out", tmp_path / "new", "--json", "--format", "svg", "--grid", "2")
    with (tmp_path / "new" / "resolution.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["part"] for row in rows] == ["whole"] * 9 + ["window"] * 4
    assert [float(row["score"]) for row in rows] == [part["score"] for part in json.loads(out)]
    assert (rows[8]["share"], rows[8]["width"], rows[8]["height"]) == ("1.0", "451", "300")
    assert float(rows[8]["score"]) == pytest.approx(cat.score, abs=1e-6)
    assert (rows[-1]["right"], rows[-1]["bottom"]) == ("451", "300")
    assert "Its 4 windows score" in err
    assert "Its 4 windows score" in (tmp_path / "new" / "resolution.svg").read_text(encoding="utf-8")


def test_arithmetic_prints_or_writes_how_a_score_is_made(run, tiny_checkpoint, tmp_path):
    score = qualiclip.load(str(tiny_checkpoint), engine="eager").score(CAT).score
    tiny = ("--model", tiny_checkpoint, *QUICK)
    out, _ = run("arithmetic", CAT, *tiny)
    assert f"/ 7 = {score:.4f}" in out
    for suffix in ("txt", "md", "csv", "png", "svg", "pdf"):
        printed, _ = run("arithmetic", CAT, *tiny, "--out", tmp_path / f"a.{suffix}")
        assert not printed
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == out
    with (tmp_path / "a.csv").open(newline="") as file:
        assert float(list(csv.DictReader(file))[-1]["part"]) == pytest.approx(score, abs=1e-6)
    with Image.open(tmp_path / "a.png") as figure:
        assert figure.text["Description"].startswith(f"How {score:.4f} is made")


def test_explain_writes_overlay_and_raw_map(run, tmp_path):
    out, raw = tmp_path / "map.png", tmp_path / "map.npy"
    _, err = run("explain", CAT, out, "--target", "bad", "--method", "layercam", "--raw", raw, *QUICK)
    values = np.load(raw)
    with Image.open(out) as written, Image.open(CAT) as original:
        assert written.size == original.size
        assert values.shape == (original.height, original.width)
    assert 0 <= values.min() <= values.max() <= 1
    assert "negative prompts" in err


def test_explain_by_a_finer_map_of_a_pair(run, tmp_path):
    out, raw = tmp_path / "map.png", tmp_path / "map.npy"
    options = ("--method", "quality_map", "--stride", "16", "--target", "pair:noise-free", "--raw", raw, *QUICK)
    _, err = run("explain", CAT, out, *options)
    scorer = qualiclip.load("compact")
    image = scorer.read(CAT)
    expected = explain_finely(scorer.model, scorer.encode, image, target="pair:5", stride=16)
    np.testing.assert_allclose(np.load(raw), expected.values, atol=1e-4)
    assert expected.meaning in err
    assert out.is_file()


def test_models_lists_name_licence_and_hash(run, cat):
    out, _ = run("models")
    assert "compact" in out
    assert "Apache-2.0" in out
    assert cat.weights_sha256 in out


def test_seeds_go_as_far_as_in_the_studio(run, tmp_path):
    out = tmp_path / "worse.png"
    run("degrade", CAT, out, "--type", "jpeg", "--level", "1", "--seed", MAX_SEED)
    run("degrade", CAT, out, "--type", "jpeg", "--level", "1", "--seed", MAX_SEED + 1, status=2)


def test_version_is_the_packages(run):
    assert run("--version")[0].strip() == f"qualiclip {qualiclip.__version__}"


@pytest.fixture
def no_model(monkeypatch):
    """Loading a model, which is dear, fails."""

    def load(*arguments, **settings):
        pytest.fail("a model is loaded first")

    monkeypatch.setattr("qualiclip.scoring.scorer.load_checkpoint", load)


OUT = ("--out", "no")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ((), 2, "Missing command"),
        (("score",), 2, "Missing"),
        (("scre", "x"), 2, "No such command"),
        (("score", CAT, "--model", "compct"), 2, "unknown model 'compct'; did you mean compact?"),
        (("score", CAT, "--model", "none.safetensors"), 1, "no such file"),
        (("score", CAT, "--engine", "gpu"), 2, "unknown engine 'gpu'"),
        (("score", CAT, "--precision", "fp8"), 2, "unknown precision 'fp8'"),
        (("score", CAT, "--pair", "Day"), 2, "prompt pair 'Day': expected two texts with a bar between"),
        (("score", CAT, "--scale", "0"), 2, "positive number"),
        (("score", "none.png"), 1, "none.png: no such file"),
        (("score", CAT, "--csv", "no/such/folder/a.csv"), 1, "No such file or directory"),
        (("score", CAT, "--csv", "assets"), 1, "a folder, not a file"),
        (("compare", CAT), 2, "Missing option '--models'"),
        (("compare", CAT, "--models", "compact,qualclip"), 2, "did you mean qualiclip"),
        (("compare", CAT, "--models", "compact", "--engine", "gpu"), 2, "unknown engine 'gpu'"),
        (("compare", CAT, "--models", "compact", "--figure", "a.gif"), 2, "must end in .png, .svg, .pdf"),
        (("compare", *[CAT] * 7, "--models", "compact", "--figure", "a.png"), 2, "1 to 6 pictures, got 7"),
        (("models", "--download", "qualicip"), 2, "did you mean qualiclip"),
        (("degrade", CAT, "out.jpg", "--type", "jpeg", "--level", "1"), 2, "must end in .png"),
        (("degrade", CAT, "out.png", "--type", "gausian_blur", "--level", "1"), 2, "did you mean gaussian_blur"),
        (("degrade", CAT, "out.png", "--type", "jpeg", "--level", "6"), 2, "level must lie in [0, 5], got 6"),
        (("degrade", CAT, "out.png", "--type", "jpeg"), 2, "give either a level (0 to 5) or a strength"),
        (("degrade", CAT, "no/out.png", "--type", "jpeg", "--level", "1"), 1, "make the folder"),
        (("degrade", "none.png", "out.png", "--type", "jpeg", "--level", "1"), 1, "none.png: no such file"),
        (("sweep", CAT, *OUT, "--types", "jpg"), 2, "unknown degradation 'jpg'; did you mean jpeg"),
        (("sweep", CAT), 2, "Missing option '--out'"),
        (("sweep", "none.png", *OUT), 1, "none.png: no such file"),
        (("sweep", CAT, *OUT, "--format", "jpg"), 2, "must end in .png, .svg, .pdf"),
        (("sweep", CAT, *OUT, "--format", "../a.png"), 2, "format ../a.png"),
        (("sweep", CAT, *OUT, "--model", "compct"), 2, "did you mean compact"),
        (("sweep", CAT, *OUT, "--precision", "fp8"), 2, "unknown precision 'fp8'"),
        (("sweep", CAT, "--out", CAT), 1, "is a file, not a folder"),
        (("resolution", CAT), 2, "Missing option '--out'"),
        (("resolution", CAT, *OUT, "--overlap", "1"), 2, "overlap 1.0: expected at least 0 and below 1"),
        (("resolution", CAT, *OUT, "--grid", "9"), 2, "--grid"),
        (("resolution", CAT, "--out", CAT / "a"), 1, "is a file, not a folder"),
        (("arithmetic", CAT, "--out", "a.doc"), 2, "must end in .txt, .md, .csv, .png, .svg, .pdf"),
        (("arithmetic", "none.png"), 1, "none.png: no such file"),
        (("explain", CAT, "out.png", "--method", "magic"), 2, "unknown heatmap method 'magic'"),
        (("explain", CAT, "out.png", "--target", "quality"), 2, "unknown heatmap target 'quality'"),
        (("explain", CAT, "out.png", "--colormap", "jet"), 2, "unknown colour map 'jet'"),
        (("explain", CAT, "out.png", "--raw", "m.txt"), 2, "m.txt: the name of a map must end in .npy"),
        (("explain", "none.png", "out.png"), 1, "none.png: no such file"),
        (("explain", CAT, "out.png", "--stride", "16"), 2, "16 px is for the method quality_map, not degradation_map"),
        (("explain", CAT, "out.png", "--method", "quality_map", "--stride", "4"), 2, "stride must be one of 32, 16, 8"),
    ],
    ids=lambda value: " ".join(map(str, value))[:40] if isinstance(value, tuple) else None,
)
def test_errors_are_one_line_before_a_model_is_loaded(run, no_model, arguments, status, message):
    out, err = run(*arguments, status=status)
    (line,) = err.splitlines()
    assert line.startswith("qualiclip: ")
    assert message in line
    assert not out
    assert not Path("no").exists()


def test_what_only_a_model_can_tell_is_one_line_after_its_own(run):
    _, err = run("explain", CAT, "out.png", "--target", "pair:sharp", *QUICK, status=2)
    assert [line.split()[0] for line in err.splitlines()] == ["model", "qualiclip:"]
    assert "fits several pairs" in err
    _, err = run("score", CAT, "--model", "compact", "--pair", "Day|Night", status=1)
    assert err.startswith("qualiclip: compact has no text encoder")


def test_a_damaged_picture_is_refused_before_a_model_is_loaded(run, no_model, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(CAT.read_bytes()[:300])
    for command in (["sweep"], ["resolution"], ["arithmetic"], ["explain", tmp_path / "map.png"]):
        folder = [] if command[0] in ("arithmetic", "explain") else ["--out", tmp_path / "out"]
        _, err = run(command[0], bad, *command[1:], *folder, status=1)
        assert err.startswith("qualiclip: bad.png: ")


def test_missing_pictures_need_no_model_and_are_rows_all_the_same(run, no_model, tmp_path):
    table = tmp_path / "a.csv"
    out, err = run("score", "none.png", "gone.jpg", "--json", "--csv", table, status=1)
    assert [failure["error"] for failure in json.loads(out)] == [
        "none.png: no such file; check the path",
        "gone.jpg: no such file; check the path",
    ]
    assert err.splitlines() == [f"qualiclip: {name}: no such file; check the path" for name in ("none.png", "gone.jpg")]
    with table.open(newline="") as file:
        assert [(row["path"], row["score"]) for row in csv.DictReader(file)] == [("none.png", ""), ("gone.jpg", "")]
    out, _ = run("compare", "none.png", "--models", "compact,clip-rn50", status=1)
    assert out.split() == ["compact", "clip-rn50", "picture"]
