"""Tests of the evaluation on a folder of pictures with human opinions."""

import json
from pathlib import Path

import pytest
from torch import Tensor
from typer.testing import CliRunner

from qualiclip.errors import InputError
from qualiclip.metrics import Agreement, agreement
from qualiclip.pictures import image_to_picture
from qualiclip.scoring import Scorer, load
from train.__main__ import app
from train.evaluate import evaluate, read_opinions

OPINIONS = [("0.png", 3.0), ("1.png", 1.5), ("2.png", 4.0), ("3.png", 2.0)]


@pytest.fixture
def folder(photo: Tensor, tmp_path: Path) -> Path:
    """Four different pictures of 64 × 64 px, and their opinions in mos.csv."""
    for index, image in enumerate((photo, photo**3, 1 - photo, photo.flip(0))):
        image_to_picture(image[:, :64, :64]).save(tmp_path / f"{index}.png")
    write_csv(tmp_path / "mos.csv", ["file,mos", *(f"{name},{opinion}" for name, opinion in OPINIONS)])
    return tmp_path


@pytest.fixture
def scorer(tiny_checkpoint: Path) -> Scorer:
    return load(str(tiny_checkpoint))


def write_csv(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def agreement_one_by_one(scorer: Scorer, folder: Path, opinions: list[tuple[str, float]]) -> Agreement:
    return agreement([scorer.score(folder / name).score for name, _ in opinions], [mos for _, mos in opinions])


def test_opinions_are_read_from_the_columns_asked_for(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "scores.csv", ["id,image,dmos", "1,a.png,0.5", '2,"b, c.png",-3e1'])
    assert read_opinions(path, file_column="image", opinion_column="dmos") == [("a.png", 0.5), ("b, c.png", -30.0)]


def test_an_evaluation_is_the_agreement_of_scores_computed_one_by_one(scorer: Scorer, folder: Path) -> None:
    opinions = read_opinions(folder / "mos.csv", file_column="file", opinion_column="mos")
    assert opinions == OPINIONS
    result = evaluate(scorer, folder, opinions)
    assert result.agreement == agreement_one_by_one(scorer, folder, OPINIONS)
    assert (result.agreement.count, result.failures) == (4, ())


def test_a_broken_picture_is_reported_and_the_others_count(scorer: Scorer, folder: Path) -> None:
    (folder / "1.png").write_bytes((folder / "1.png").read_bytes()[:200])
    result = evaluate(scorer, folder, OPINIONS)
    assert result.agreement == agreement_one_by_one(scorer, folder, [OPINIONS[0], *OPINIONS[2:]])
    assert [failure.path for failure in result.failures] == [str(folder / "1.png")]
    assert "1.png: damaged or cut off" in result.failures[0].error


def test_too_few_good_pictures_are_refused(scorer: Scorer, folder: Path) -> None:
    with pytest.raises(InputError, match="at least 3 numbers"):
        evaluate(scorer, folder, [*OPINIONS[:2], ("missing.png", 1.0)])


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["name,mos", "a.png,1"], "no column 'file'; found name, mos"),
        (["file,score", "a.png,1"], "no column 'mos'; found file, score"),
        (["file,mos", "a.png,good"], "not a UTF-8 table with a number per file: .*'good'"),
        (["file,mos", "a.png"], "not a UTF-8 table with a number per file"),
    ],
)
def test_a_csv_file_that_does_not_fit_is_refused(lines: list[str], text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"mos\.csv: {text}"):
        read_opinions(write_csv(tmp_path / "mos.csv", lines), file_column="file", opinion_column="mos")


def test_a_missing_csv_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mos\.csv: no such file; expected a CSV file with columns file and mos"):
        read_opinions(tmp_path / "mos.csv", file_column="file", opinion_column="mos")


def test_the_command_prints_the_agreement_and_fails_for_broken_pictures(
    scorer: Scorer, folder: Path, tiny_checkpoint: Path
) -> None:
    command = ["evaluate", "--data", str(folder), "--model", str(tiny_checkpoint)]
    result = CliRunner().invoke(app, command)
    expected = agreement_one_by_one(scorer, folder, OPINIONS)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["agreement"]["srcc"] == expected.srcc
    (folder / "1.png").unlink()
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["failures"][0]["error"].startswith("1.png: no such file")


def test_a_table_saved_by_a_spreadsheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mos.csv"
    path.write_bytes("\ufefffile,mos\r\na.png,2.5\r\n".encode())
    assert read_opinions(path, file_column="file", opinion_column="mos") == [("a.png", 2.5)]


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mos.csv"
    path.write_bytes("file,mos\nété.png,1\n".encode("latin-1"))
    with pytest.raises(InputError, match="not a UTF-8 table"):
        read_opinions(path, file_column="file", opinion_column="mos")
