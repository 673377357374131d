"""No command writes over what it reads, and half a file never replaces a good one."""

import os
import shutil
from pathlib import Path

import pytest

from explain.__main__ import app as explain_app
from qualiclip.errors import InputError, UsageError
from qualiclip.outputs import check_distinct, check_folder, check_new_folder, check_outputs, whole_file, write_text
from qualiclip.pictures import image_to_picture
from tests.commands import run_here
from tests.conftest import EXAMPLES
from train.__main__ import app as train_app
from ui.commands.main import app
from ui.publish.space import app as space_app

READ = "is read, so it can't be written, too; choose another name or folder"
TWICE = "would be written twice"
posix = pytest.mark.skipif(os.name != "posix", reason="links and devices")


# The helper


@posix
def test_who_may_read_a_file_is_up_to_the_umask_or_the_file_before(tmp_path):
    path = tmp_path / "a.bin"

    def write(before=0o027):
        mask = os.umask(before)
        try:
            with whole_file(path) as draft:
                draft.unlink()
                os.close(os.open(draft, os.O_CREAT | os.O_WRONLY, 0o600))  # as some libraries do
        finally:
            os.umask(mask)
        return path.stat().st_mode & 0o777

    assert write() == 0o640
    path.chmod(0o604)
    assert write() == 0o604


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"a picture")
    return path


def ways_to(path):
    """The same file by other names."""
    folder = path.parent
    (folder / "link.png").symlink_to(path)
    os.link(path, folder / "hard.png")
    (folder / "there").symlink_to(folder, target_is_directory=True)
    return [
        path,
        folder / "." / "there" / ".." / folder.name / path.name,
        folder / "link.png",
        folder / "hard.png",
        folder / "there" / path.name,
        Path(os.path.relpath(path)),
    ]


@posix
def test_a_file_is_known_by_what_it_is_not_by_its_name(picture):
    for way in ways_to(picture):
        for output, source in ((way, picture), (picture, way)):
            with pytest.raises(UsageError, match=READ):
                check_outputs([None, output], [source])
    check_outputs([picture], [EXAMPLES / "cat.png"])
    check_outputs([picture.with_name("b.png"), None], [picture])


@posix
def test_outputs_are_held_against_each_other_whether_they_are_there_or_not(picture, tmp_path):
    (tmp_path / "there").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "to.png").symlink_to("new.png")
    pairs = [("new.png", "new.png"), ("new.png", "there/new.png"), ("new.png", "to.png"), ("a.png", "there/a.png")]
    pairs += [("new.png", "NEW.png"), ("é.png", "e\u0301.png")]  # one file, on some systems
    for one, two in pairs:
        with pytest.raises(UsageError, match=TWICE):
            check_outputs([tmp_path / one, tmp_path / two])
    check_outputs([tmp_path / "new.png", tmp_path / "other.png"])
    check_outputs([Path(os.devnull), Path(os.devnull)], [Path(os.devnull)])  # no file, so nothing is lost


def test_a_file_that_is_not_there_is_not_written_where_it_was_looked_for(tmp_path):
    with pytest.raises(UsageError, match=READ):
        check_outputs([tmp_path / "none.png"], [tmp_path / "none.png"])


@posix
def test_standard_input_and_output_are_files_like_others(picture):
    before = os.dup(0), os.dup(1)
    try:
        with picture.open("r+") as stream:
            os.dup2(stream.fileno(), 0)
            with pytest.raises(UsageError, match=READ):
                check_distinct([picture], [Path("-")])
            os.dup2(stream.fileno(), 1)
        with pytest.raises(UsageError, match=r"standard output goes into .*a\.png, which is read"):
            check_distinct([], [picture])
    finally:
        for number, stream in enumerate(before):
            os.dup2(stream, number)
            os.close(stream)


@pytest.mark.parametrize(
    ("output", "folder", "words"),
    [
        ("none/a.csv", None, "No such file or directory; make the folder"),
        ("none/../a.csv", None, "No such file or directory; make the folder"),
        (".", None, "a folder, not a file"),
        ("a.png/a.csv", None, "Not a directory"),
        ("n" * 300, None, "File name too long"),
        ("a.png/x/a.csv", "a.png/x", "is a file, not a folder"),
        ("full/a.csv", "full", "a folder, not a file"),
    ],
)
@posix
def test_where_no_file_can_be_is_said_at_once(picture, tmp_path, output, folder, words):
    (tmp_path / "full" / "a.csv").mkdir(parents=True)
    with pytest.raises(InputError) as refused:
        check_outputs([tmp_path / output], folder=None if folder is None else tmp_path / folder)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is forbidden to the superuser")
def test_what_must_not_be_written_is_said_at_once(picture, tmp_path):
    picture.chmod(0o444)
    with pytest.raises(InputError, match="no permission to write it"):
        check_outputs([picture])
    (tmp_path / "kept").mkdir(mode=0o555)
    for check in (check_folder, lambda folder: check_outputs([folder / "a.csv"])):
        with pytest.raises(InputError, match="no permission to write"):
            check(tmp_path / "kept")


def test_a_folder_that_is_to_be_new_is_empty_or_not_there(picture, tmp_path):
    check_new_folder(tmp_path / "new" / "one")
    (tmp_path / "empty").mkdir()
    check_new_folder(tmp_path / "empty")
    for folder in (tmp_path, picture):
        with pytest.raises(UsageError, match="is not an empty folder; give the name of a new one"):
            check_new_folder(folder)
    with pytest.raises(InputError, match=r"a\.png is a file, not a folder"):
        check_new_folder(picture / "new")


def test_a_file_is_replaced_when_the_new_one_is_whole(picture, tmp_path):
    def write_half():
        with whole_file(picture) as draft:
            draft.write_text("half")
            assert picture.read_bytes() == b"a picture"
            raise ZeroDivisionError

    picture.chmod(0o600)
    with pytest.raises(ZeroDivisionError):
        write_half()
    assert picture.read_bytes() == b"a picture"
    write_text(picture, "whole \udcff")
    assert picture.read_text() == "whole \\udcff"
    assert picture.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@posix
def test_a_link_stays_a_link_and_a_device_a_device(picture, tmp_path):
    (tmp_path / "link.png").symlink_to("a.png")
    write_text(tmp_path / "link.png", "new")
    assert (tmp_path / "link.png").is_symlink()
    assert picture.read_text() == "new"
    write_text(Path(os.devnull), "nothing")
    assert not Path(os.devnull).is_file()
    if Path("/dev/full").exists():
        with pytest.raises(OSError, match="No space left") as refused:
            write_text(Path("/dev/full"), "nothing")
        assert refused.value.filename == "/dev/full"


# The commands


@pytest.fixture
def place(photo, tmp_path, tiny_checkpoint, monkeypatch):
    """A folder with pictures, opinions, a model; the current one."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.png", "scatter.png", "summary.png", "ablation.png", "gmad.png", "contact_sheet.png"):
        image_to_picture(photo[:, :64, :64]).save(tmp_path / name)
    for name in ("resolution.png", "monotonicity.png", "scores.csv", "resolution.csv", "a.npy"):
        shutil.copy(tmp_path / "a.png", tmp_path / name)
    (tmp_path / "mos.csv").write_text("file,mos\na.png,1\nb.png,2\nscatter.png,3\n")
    shutil.copy(tmp_path / "mos.csv", tmp_path / "results.json")
    shutil.copy(tmp_path / "mos.csv", tmp_path / "predictions.csv")
    (tmp_path / "tiny.safetensors").rename(tmp_path / "model.safetensors")
    shutil.copy(tmp_path / "model.safetensors", tmp_path / "m.png")
    (tmp_path / "log.jsonl").write_text("{}\n")
    return tmp_path


MODEL = ("--model", "model.safetensors", "--engine", "eager")
OVER_INPUTS = [
    (app, "score a.png --csv a.png"),
    (app, "score . --csv b.png"),
    (app, "score a.png --csv model.safetensors --model model.safetensors"),
    (app, "score none.png --csv none.png"),
    (app, "compare a.png b.png --models compact --csv ./b.png"),
    (app, "compare a.png --models compact --figure a.png"),
    (app, "compare a.png --models compact,m.png --figure m.png"),
    (app, "compare a.png --models compact --csv x.png --figure x.png"),
    (app, "degrade a.png a.png --type jpeg --level 1"),
    (app, "explain a.png a.png"),
    (app, "explain a.png m.png --model m.png"),
    (app, "explain a.npy x.png --raw a.npy"),
    (app, "sweep contact_sheet.png --out ."),
    (app, "sweep monotonicity.png --out ."),
    (app, "sweep scores.csv --out ."),
    (app, "resolution resolution.png --out ."),
    (app, "resolution resolution.csv --out ."),
    (app, "arithmetic a.png --out a.png"),
    (app, "arithmetic a.png --model m.png --out m.png"),
    (explain_app, "benchmark --images . --out ."),
    (explain_app, "benchmark --model m.png --out out"),
    (train_app, "average model.safetensors compact --out model.safetensors"),
    (train_app, "attributes model.safetensors --photos . --out model.safetensors"),
    (train_app, "attributes model.safetensors --photos . --out a.png"),
    (train_app, "curve . --out log.jsonl"),
    (train_app, "curve . --out model.safetensors"),
    (train_app, "fit smoke --photos . --out . --start-from model.safetensors"),
    (train_app, "fit smoke --photos . --out . --set start_from=model.safetensors"),
    (train_app, "evaluate --data . --out ."),
    (train_app, "evaluate --data . --csv predictions.csv --out ."),
    (train_app, "evaluate --data . --splits results.json --out ."),
    (train_app, "evaluate --predictions predictions.csv --out ."),
    (train_app, "evaluate --predictions mos.csv --out ."),
    (train_app, "gmad --attacker compact --defender model.safetensors --images . --out . --levels 2"),
    (train_app, "ablate smoke --photos . --out . --set holdout_every=2 --variants full"),
]


def content_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize(("application", "line"), OVER_INPUTS, ids=[line for _, line in OVER_INPUTS])
def test_no_command_writes_over_what_it_reads(application, line, place, monkeypatch, capsys):
    (place / "out").mkdir()
    os.link(place / "m.png", place / "out" / "summary.png")
    before = content_of(place)
    monkeypatch.setattr("qualiclip.scoring.scorer.load_checkpoint", None)  # nor loads a model first
    assert run_here(application, *line.split()) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert READ in said or TWICE in said
    assert content_of(place) == before
    assert [path.name for path in (place / "out").iterdir()] == ["summary.png"]


def test_what_an_earlier_run_left_is_written_anew(place):
    for line in (
        "score a.png --csv t.csv",
        "explain a.png o.png --method gradcam",
        "degrade a.png d.png --step jpeg:1",
    ):
        options = () if line.startswith("degrade") else MODEL
        for _ in range(2):
            assert run_here(app, *line.split(), *options) == 0
    assert not list(place.glob(".*"))


def test_a_space_is_not_built_inside_what_is_copied_into_it(capsys):
    assert run_here(space_app, "--out", EXAMPLES.parent / "new") == 2
    assert "lies in what is copied there" in capsys.readouterr().err
    assert not (EXAMPLES.parent / "new").exists()
