"""Tests of the evaluation of a set of pictures with human opinions, and of its command."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from typer.testing import CliRunner

from qualiclip.agreement.metrics import Agreement, agreement, mapped_error
from qualiclip.errors import InputError, UsageError
from qualiclip.pictures import image_to_picture
from qualiclip.scoring.scorer import Scorer, load
from train.__main__ import app
from train.evaluate.datasets import Rated
from train.evaluate.datasets.columns import Columns, read_table
from train.evaluate.protocol import Prediction, load_scorer, predict, shrink, summarise
from train.evaluate.splits import keep_split, read_splits

OPINIONS = [("0.png", 3.0), ("1.png", 1.5), ("2.png", 4.0), ("3.png", 2.0)]
RATED = [Rated(Path(name), opinion) for name, opinion in OPINIONS]


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


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def made_up(count: int, **properties: Any) -> list[Prediction]:
    """Predictions with scores and opinions that agree but for some noise."""
    generator = np.random.default_rng(len(properties))
    return [
        Prediction(Rated(Path(f"{at}.png"), at + 3 * generator.random(), **properties), at / count)
        for at in range(count)
    ]


# The protocol


def test_opinions_are_read_from_the_columns_asked_for(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "scores.csv", ["id,image,dmos", "1,a.png,0.5", '2,"b, c.png",-3e1'])
    read = read_table(path, Columns("image", "dmos"))
    assert read == [Rated(Path("a.png"), 0.5), Rated(Path("b, c.png"), -30.0)]


def test_an_evaluation_is_the_agreement_of_scores_computed_one_by_one(scorer: Scorer, folder: Path) -> None:
    rated = read_table(folder / "mos.csv", Columns())
    assert rated == RATED
    result = summarise(predict(scorer, folder, rated))
    assert result.agreement == agreement_one_by_one(scorer, folder, OPINIONS)
    assert (result.agreement.count, result.failures) == (4, ())


def test_a_broken_picture_is_reported_and_the_others_count(scorer: Scorer, folder: Path) -> None:
    (folder / "1.png").write_bytes((folder / "1.png").read_bytes()[:200])
    result = summarise(predict(scorer, folder, RATED))
    assert result.agreement == agreement_one_by_one(scorer, folder, [OPINIONS[0], *OPINIONS[2:]])
    assert [failure.rated for failure in result.failures] == [RATED[1]]
    assert "1.png: damaged or cut off" in result.failures[0].error


def test_too_few_good_pictures_are_refused(scorer: Scorer, folder: Path) -> None:
    rated = [*RATED[:2], Rated(Path("missing.png"), 1.0)]
    with pytest.raises(InputError, match=r"1 of 3 pictures can't be scored, at least 3 numbers.*missing.png"):
        summarise(predict(scorer, folder, rated))


def test_degradations_and_levels_are_compared_for_themselves() -> None:
    blur, noise = made_up(12, degradation="blur", level=2), made_up(9, degradation="noise", level=10, split="test")
    result = summarise([*noise, *blur])
    assert [(part.name, part.count) for part in result.degradations] == [("blur", 12), ("noise", 9)]
    assert [(part.name, part.count) for part in result.levels] == [("2", 12), ("10", 9)]  # as numbers
    assert [(part.name, part.count) for part in result.own_splits] == [("test", 9)]
    scores, opinions = [row.score or 0.0 for row in blur], [row.rated.opinion for row in blur]
    assert result.degradations[0].agreement == agreement(scores, opinions)
    assert result.degradations[0].mapped == mapped_error(scores, opinions)
    assert result.degradations[0].mean_opinion == pytest.approx(np.mean(opinions))


def test_a_degradation_with_too_few_pictures_says_so() -> None:
    lost = replace(made_up(1, degradation="lost")[0], score=None, error="no such file")
    result = summarise([*made_up(9), *made_up(2, degradation="rare"), lost])
    none, rare = result.degradations
    assert (rare.count, rare.agreement, rare.mapped) == (2, None, None)
    assert "at least 3 numbers" in rare.note
    assert (none.count, none.mean_score, none.mean_opinion) == (0, None, None)


def test_of_splits_the_median_counts() -> None:
    rows = made_up(30)
    splits = [("a", list(range(12))), ("b", list(range(8, 25))), ("c", list(range(3, 30, 2)))]
    result = summarise(rows, splits=splits).splits
    assert result is not None
    for subset, (name, indices) in zip(result.subsets, splits, strict=True):
        expected = agreement([rows[i].score or 0.0 for i in indices], [rows[i].rated.opinion for i in indices])
        assert (subset.name, subset.agreement) == (name, expected)
    assert result.median["srcc"] == sorted(subset.agreement.srcc for subset in result.subsets if subset.agreement)[1]
    with pytest.raises(InputError, match="split tiny: need two equal lists"):
        summarise(rows, splits=[("tiny", [1, 2])])


@pytest.mark.parametrize(("size", "expected"), [((3000, 4001), (512, 682)), ((700, 600), (597, 512))])
def test_large_pictures_are_shrunk_to_the_short_side(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert shrink(torch.full((3, *size), 0.25), 512).shape == (3, *expected)  # 4001 · 512 / 3000 = 682.8


def test_shrinking_is_pillows_antialiased_bicubic_to_a_grey_level(photo: Tensor) -> None:
    pillow = image_to_picture(photo).resize((64, 48), Image.Resampling.BICUBIC)
    difference = shrink(photo, 48) - torch.from_numpy(np.array(pillow)).permute(2, 0, 1) / 255
    assert difference.abs().max() < 1.01 / 255  # Pillow rounds after each of its two passes


def test_pictures_that_are_small_enough_stay_as_they_are(photo: Tensor) -> None:
    assert shrink(photo, 96) is photo


def test_a_scorer_shrinks_what_it_reads(tiny_checkpoint: Path, folder: Path) -> None:
    plain, small = load_scorer(str(tiny_checkpoint)), load_scorer(str(tiny_checkpoint), short_side=48)
    image = plain.read(folder / "0.png")
    report = small.score(folder / "0.png")
    assert (report.width, report.height) == (48, 48)
    assert report.score == pytest.approx(plain.score(shrink(image, 48)).score, abs=1e-6)
    with pytest.raises(UsageError, match="short side 16: expected at least 32 pixels"):
        load_scorer(str(tiny_checkpoint), short_side=16)


# Splits


def test_rows_of_indices_are_padded_with_minus_one(tmp_path: Path) -> None:
    np.save(tmp_path / "test.npy", np.array([[0, 3, 1], [2, 1, -1]]))
    assert read_splits(tmp_path / "test.npy", RATED) == [("0", [0, 3, 1]), ("1", [2, 1])]
    np.save(tmp_path / "test.npy", np.array([0, 2]))  # FLIVE has but one
    assert read_splits(tmp_path / "test.npy", RATED) == [("0", [0, 2])]


def test_names_with_their_splits_are_read(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "splits.csv", ["file,split", "2.png,a", "0.png,b", "2.png,b"])
    assert read_splits(path, RATED) == [("a", [2]), ("b", [0, 2])]


def test_splits_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "far.npy", np.array([[0, 4]]))
    with pytest.raises(InputError, match="indices from 0 to 4, but the set has 4 pictures"):
        read_splits(tmp_path / "far.npy", RATED)
    np.save(tmp_path / "floats.npy", np.array([[0.5]]))
    with pytest.raises(InputError, match="expected integers"):
        read_splits(tmp_path / "floats.npy", RATED)
    with pytest.raises(InputError, match=r"not a readable \.npy file"):
        read_splits(write_csv(tmp_path / "text.npy", ["a"]), RATED)
    with pytest.raises(InputError, match=r"'x\.png' is not in the set"):
        read_splits(write_csv(tmp_path / "other.csv", ["file,split", "x.png,a"]), RATED)
    with pytest.raises(InputError, match="no rows"):
        read_splits(write_csv(tmp_path / "empty.csv", ["file,split"]), RATED)
    with pytest.raises(InputError, match="no such file; expected splits"):
        read_splits(tmp_path / "none.npy", RATED)
    with pytest.raises(UsageError, match=r"must be a \.npy file of indices or a \.csv file"):
        read_splits(write_csv(tmp_path / "splits.txt", ["0"]), RATED)


def test_one_split_of_the_set_is_kept() -> None:
    rated = [replace(row, split=name) for row, name in zip(RATED, ("test", "train", "test", None), strict=True)]
    assert keep_split(rated, "test") == [rated[0], rated[2]]
    with pytest.raises(UsageError, match="no picture in split 'val'; known: test, train"):
        keep_split(rated, "val")
    with pytest.raises(UsageError, match="there are none"):
        keep_split(RATED, "test")


# Tables


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["name,mos", "a.png,1"], "no column 'file'; found name, mos"),
        (["file,score", "a.png,1"], "no column 'mos'; found file, score"),
        (["file,mos", "a.png,good"], r", line 2, a\.png: 'good' is not a number; repair that row"),
        (["file,mos", "a.png"], r", line 2: 1 fields, but 2 columns; complete or remove that row"),
        (["file,mos", "a.png,nan"], r", line 2, a\.png: 'nan' is not a finite number"),
        ([""], "no column 'file'; found no header"),
    ],
)
def test_a_csv_file_that_does_not_fit_is_refused(lines: list[str], text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"mos\.csv(: )?{text}"):
        read_table(write_csv(tmp_path / "mos.csv", lines), Columns())


def test_a_missing_csv_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mos\.csv: no such file; expected a CSV file with columns file and mos"):
        read_table(tmp_path / "mos.csv", Columns())


def test_a_table_saved_by_a_spreadsheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mos.csv"
    path.write_bytes("\ufefffile,mos\r\na.png,2.5\r\n".encode())
    assert read_table(path, Columns()) == [Rated(Path("a.png"), 2.5)]


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mos.csv"
    path.write_bytes("file,mos\nété.png,1\n".encode("latin-1"))
    with pytest.raises(InputError, match="not a UTF-8 table"):
        read_table(path, Columns())


# The command


def test_the_command_prints_the_agreement_and_fails_for_broken_pictures(
    scorer: Scorer, folder: Path, tiny_checkpoint: Path
) -> None:
    result = run("--data", folder, "--model", tiny_checkpoint)
    expected = agreement_one_by_one(scorer, folder, OPINIONS)
    assert result.exit_code == 0
    printed = json.loads(result.stdout)
    assert printed["agreement"]["srcc"] == expected.srcc
    assert printed["agreement"]["srcc_interval"][0] <= expected.srcc <= printed["agreement"]["srcc_interval"][1]
    assert printed["model"] == str(tiny_checkpoint)
    (folder / "1.png").unlink()
    result = run("--data", folder, "--model", tiny_checkpoint)
    assert result.exit_code == 1
    (failure,) = json.loads(result.stdout)["failures"]
    assert failure["path"] == "1.png"
    assert failure["error"].startswith("1.png: no such file")


def test_a_set_known_by_name_is_scored_with_its_parts(folder: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    root = tmp_path / "kadid"
    (root / "images").mkdir(parents=True)
    names = [f"I01_0{kind}_0{level}.png" for kind in (1, 2) for level in (1, 2)]
    for at, name in enumerate(names):
        (folder / f"{at}.png").rename(root / "images" / name)
    write_csv(
        root / "dmos.csv", ["dist_img,ref_img,dmos,var", *(f"{n},I01.png,{4 - at},0" for at, n in enumerate(names))]
    )
    result = run("--data", "kadid10k", "--root", root, "--model", tiny_checkpoint, "--short-side", 48)
    assert result.exit_code == 0
    printed = json.loads(result.stdout)
    assert (printed["data"], printed["unit"], printed["short_side"]) == ("KADID-10k", "MOS, 1 to 5", 48)
    assert [part["name"] for part in printed["degradations"]] == ["gaussian_blur", "lens_blur"]
    assert [part["name"] for part in printed["levels"]] == ["1", "2"]


def test_lower_opinions_can_be_better(folder: Path, tiny_checkpoint: Path) -> None:
    there = json.loads(run("--data", folder, "--model", tiny_checkpoint).stdout)
    back = json.loads(run("--data", folder, "--model", tiny_checkpoint, "--lower-is-better").stdout)
    assert back["agreement"]["srcc"] == -there["agreement"]["srcc"]
    assert back["unit"] == "−mos"


def test_splits_give_a_median(folder: Path, tiny_checkpoint: Path) -> None:
    np.save(folder / "test.npy", np.array([[0, 1, 2, -1], [0, 1, 2, 3]]))
    printed = json.loads(run("--data", folder, "--model", tiny_checkpoint, "--splits", folder / "test.npy").stdout)
    first, second = printed["splits"]["parts"]
    assert second["srcc"] == printed["agreement"]["srcc"]
    assert printed["splits"]["median"]["srcc"] == pytest.approx((first["srcc"] + second["srcc"]) / 2)


def test_one_split_is_scored_alone(folder: Path, tiny_checkpoint: Path) -> None:
    parts = ["test", "test", "train", "test"]
    rows = [f"{name},{mos},{part}" for (name, mos), part in zip(OPINIONS, parts, strict=True)]
    write_csv(folder / "mos.csv", ["file,mos,set", *rows])
    command = ("--data", folder, "--model", tiny_checkpoint, "--split-column", "set", "--split", "test")
    printed = json.loads(run(*command).stdout)
    assert printed["agreement"]["count"] == 3
    assert printed["data"].endswith(", test")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "--data is missing"),
        (["--data", "clive"], "--data clive needs --root FOLDER, into which LIVE In the Wild was unpacked"),
        (["--data", "clvie", "--root", "."], "unknown set 'clvie'; did you mean clive"),
        (["--data", "clive", "--root", ".", "--csv", "a.csv"], "has its own table"),
        (["--data", ".", "--split", "a", "--splits", "b.npy"], "exclude each other"),
    ],
)
def test_wrong_usage_is_refused(arguments: list[str], text: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, UsageError)
    assert text in str(result.exception)
