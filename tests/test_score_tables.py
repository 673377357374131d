"""Tables of scores that could be read in two ways are refused with their line; nothing is guessed, or counted twice."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from openpyxl import Workbook, load_workbook
from scipy.io import savemat

from qualiclip.errors import InputError
from train.evaluate.datasets import DATASETS, Rated
from train.evaluate.datasets.columns import Columns, read_table
from train.evaluate.datasets.rated import number, read_csv, read_mat, read_xlsx, whole_number
from train.evaluate.report import PREDICTION_COLUMNS, read_predictions
from train.evaluate.splits import read_splits

GOOD = "file,mos\np0.png,4.67\np1.png,2\n"


def write(folder: Path, content: str | bytes, name: str = "mos.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("file,mos\np0.png,4,67\n", 2, "3 fields, but 2 columns; write 4.5, not 4,5"),
        ("file,mos\np1.png,2\np0.png,4,\n", 3, "3 fields, but 2 columns"),
        ("file,mos\n\n\np0.png\n", 4, "1 fields, but 2 columns; complete or remove"),
        ("file,mos\np0.png,\n", 2, "'' is not a number"),
        ("file,mos\n,4\n", 2, "no file name"),
        ('file,mos\np0.png,"4,67"\n', 2, "'4,67' is not a number; repair that row: write 4.5, not 4,5"),
        ('file,mos\np0.png,"1,234.5"\n', 2, "nothing between thousands"),
        ("file,mos\np0.png,1 234\n", 2, "nothing between thousands"),
        ("file,mos\np0.png,1_000\n", 2, "'1_000' is not a number"),
        ("file,mos\np0.png,٤\n", 2, "is not a number"),
        ("file,mos\np0.png,good\n", 2, "'good' is not a number"),
        ("file,mos\np0.png,NaN\n", 2, "'NaN' is not a finite number"),
        ("file,mos\np0.png,-inf\n", 2, "'-inf' is not a finite number"),
        ("file,mos\np0.png,1e999\n", 2, "'1e999' is not a finite number"),
        ("file,mos\np0.png,4\np1.png,2\np0.png,5\n", 4, "p0.png is in the table already, as p0.png"),
        ("file,mos\np0.png,4\np0.png,4\n", 3, "is in the table already"),
        ("file,mos\np0.png,4\n./p0.png,4\n", 3, "is in the table already"),
        ("file,mos\np0.png,4\na/../p0.png,4\n", 3, "a/../p0.png is in the table already, as p0.png"),
        ("file,mos\np0.png,4\nP0.PNG,4\n", 3, "P0.PNG is in the table already, as p0.png"),
        ('file,mos\n"p0.png,4\np1.png",2\n', 2, "a line break inside quotes, in 'file'"),
        ('file,mos\np0.png,4\n"p1.png,2\n', 3, "check its quotes"),
        ('file,mos\n"p0"x.png,4\n', 2, "check its quotes"),
    ],
)
def test_what_is_ambiguous_is_refused_with_its_line(content: str, line: int, words: str, tmp_path: Path) -> None:
    path = write(tmp_path, content)
    with pytest.raises(InputError) as refused:
        read_table(path, Columns())
    text = str(refused.value)
    assert text.startswith(f"{path}, line {line}")
    assert words in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no column 'file'; found no header; the file is empty"),
        ("\n\n", "found no header"),
        ("file,mos\n", "no rows below the header"),
        ("p0.png,4\np1.png,2\n", "no column 'file'; found p0.png, 4; the first line must name the columns"),
        ("file;mos\np0.png;4,67\n", "parted by semicolons: save it with commas, and with points in numbers"),
        ("file\tmos\np0.png\t4\n", "parted by tabs"),
        ("file,mos,mos\np0.png,4,5\n", "two columns are called 'mos'"),
        ("file,mos,note,note\np0.png,4,a,b\n", "two columns are called 'note'"),
        (GOOD.encode("utf-16"), "not a UTF-8 table but UTF-16"),
        (GOOD.encode().replace(b"4", b"\0"), "not a UTF-8 table: it holds bytes of 0"),
        ("file,mos\nété.png,4\n".encode("latin-1"), "line 2: not a UTF-8 table"),
    ],
)
def test_a_file_that_is_no_such_table_says_why(content: str | bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mos\.csv") as refused:
        read_table(write(tmp_path, content), Columns())
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD + "\n\n,\n",  # as spreadsheets end a table
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        GOOD.replace("file,mos", " file , mos "),
        GOOD.replace("4.67", " 4.67 "),
        GOOD.replace("4.67", "+4.67e0"),
        '"file","mos"\n"p0.png","4.67"\n"p1.png","2."\n',
        "file,mos,,\np0.png,4.67,,\np1.png,2,,\n",  # columns without a name, and without anything
    ],
)
def test_what_means_one_thing_only_is_read(content: str, tmp_path: Path) -> None:
    assert read_table(write(tmp_path, content), Columns()) == [Rated(Path("p0.png"), 4.67), Rated(Path("p1.png"), 2.0)]


@pytest.mark.skipif(os.path.exists(__file__.upper()), reason="upper and lower case are the same here")
def test_two_files_whose_names_differ_in_case_alone_are_two(tmp_path: Path) -> None:
    for name in ("a.png", "A.png"):
        (tmp_path / name).touch()
    path = write(tmp_path, "file,mos\na.png,4\nA.png,2\n")
    assert [row.opinion for row in read_table(path, Columns())] == [4, 2]


def test_a_link_to_a_picture_in_the_table_is_the_same_picture(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "a.png").touch()
    (folder / "b.png").symlink_to("a.png")
    path = write(tmp_path, "file,mos\na.png,4\nb.png,2\n")
    with pytest.raises(InputError, match=r"line 3: b\.png is in the table already, as a\.png"):
        read_table(path, Columns(), folder=folder)
    assert len(read_table(path, Columns())) == 2  # beside the table there are no such files


def test_numbers_are_those_of_every_reader_and_levels_are_whole() -> None:
    assert [number(text, place="here") for text in ("-.5", "3", "1E2", 2.5, np.float64(4.25))] == [
        -0.5,
        3,
        100,
        2.5,
        4.25,
    ]
    assert whole_number("3.0", place="here") == 3
    with pytest.raises(InputError, match=r"here: '2\.5' is not a whole number"):
        whole_number("2.5", place="here")
    for value in ("", None, "0x10", "1,5", "--1", "infinity", True):
        with pytest.raises(InputError, match="here: "):
            number(value, place="here")


# Other tables


def test_predictions_are_read_as_strictly(tmp_path: Path) -> None:
    head = ",".join(PREDICTION_COLUMNS)
    for rows, words in {
        "a.png,3,0.5,,,,,\na.png,3,0.5,,,,,\n": "line 3: a.png is in the table already",
        "a.png,3,,,,,,\n": "line 2, a.png: neither a score nor why there is none",
        "a.png,3,0.5,,,2.5,,\n": "line 2, a.png: '2.5' is not a whole number",
        "a.png,3,0,5,,,,,\n": "line 2: 9 fields, but 8 columns",
    }.items():
        with pytest.raises(InputError) as refused:
            read_predictions(write(tmp_path, f"{head}\n{rows}"))
        assert words in str(refused.value)


def test_a_picture_is_in_a_split_once(tmp_path: Path) -> None:
    rated = [Rated(Path(f"{at}.png"), at) for at in range(4)]
    with pytest.raises(InputError, match=r"line 3: 2\.png is in split a already"):
        read_splits(write(tmp_path, "file,split\n2.png,a\n2.png,a\n", "s.csv"), rated)
    with pytest.raises(InputError, match=r"line 2: no split for 2\.png"):
        read_splits(write(tmp_path, "file,split\n2.png,\n", "s.csv"), rated)
    np.save(tmp_path / "s.npy", np.array([[0, 1, 2], [3, 3, -1]]))
    with pytest.raises(InputError, match="row 1: a picture is named twice"):
        read_splits(tmp_path / "s.npy", rated)


def test_splits_that_are_another_kind_of_file_are_refused(tmp_path: Path) -> None:
    rated = [Rated(Path("0.png"), 1)]
    np.savez(tmp_path / "a.npz", np.array([[0]]))
    whole = (tmp_path / "a.npz").read_bytes()
    np.save(tmp_path / "a.npy", np.array([[0]]))
    array = (tmp_path / "a.npy").read_bytes()
    for content in (b"", whole, whole[:30], array[:90], array[:-3], array.replace(b"{", b"(", 1), b"PK\3\4"):
        with pytest.raises(InputError, match=r"not a readable \.npy file"):
            read_splits(write(tmp_path, content, "s.npy"), rated)


def test_a_set_that_names_a_picture_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    write(tmp_path, "dist_img,ref_img,dmos,var\nI01_01_01.png,I01.png,4,0\nI01_01_01.png,I01.png,3,0\n", "dmos.csv")
    with pytest.raises(InputError, match=r"dmos\.csv, line 3: images/I01_01_01\.png is in the table already.*line 2\)"):
        DATASETS["kadid10k"].read(tmp_path)
    (tmp_path / "distorted_images").mkdir()
    write(tmp_path, "5.5 I01_01_1.bmp\n\n5,5 I01_01_2.bmp\n", "mos_with_names.txt")
    with pytest.raises(InputError, match=r"mos_with_names\.txt, line 3, I01_01_2\.bmp: '5,5' is not a number"):
        DATASETS["tid2013"].read(tmp_path)
    write(tmp_path, "5.5 I01_01_1.bmp\n5.4 i01_01_1.BMP\n", "mos_with_names.txt")
    with pytest.raises(InputError, match=r"line 2: distorted_images/i01_01_1\.BMP is in the table already"):
        DATASETS["tid2013"].read(tmp_path)


def test_a_table_with_two_scales_is_read_by_one(tmp_path: Path) -> None:
    (tmp_path / "512x384").mkdir()
    rows = "image_name,MOS,MOS_zscore\n1.jpg,3.8,77.4\n2.jpg,3.1,\n"
    write(tmp_path, rows, "koniq10k_scores_and_distributions.csv")
    with pytest.raises(InputError, match=r"line 3, 2\.jpg: '' is not a number"):
        DATASETS["koniq10k"].read(tmp_path)


def test_hidden_files_beside_the_labels_are_no_labels(tmp_path: Path) -> None:
    for name in ("Train_Label", "Distortion_1"):
        (tmp_path / name).mkdir()
    write(tmp_path / "Train_Label", "A0001_00_00.bmp,1485.05\n", "A0001.txt")
    write(tmp_path / "Train_Label", b"\0\5\x16\7\0\2\0\0Mac OS X", "._A0001.txt")
    assert [row.opinion for row in DATASETS["pipal"].read(tmp_path)] == [1485.05]


# Files that are damaged, or of another kind


def sheet(folder: Path, rows: list[list[object]]) -> Path:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    path = folder / "a.xlsx"
    book.save(path)
    return path


def test_a_worksheet_is_read_as_strictly(tmp_path: Path) -> None:
    head = ["Image", "MOS"]
    assert read_xlsx(sheet(tmp_path, [["AGIQA"], head, ["a.png", 2], [None, None]]), head) == [
        {"Image": "a.png", "MOS": 2}
    ]
    with pytest.raises(InputError, match=r"a\.xlsx, row 2: nothing in column 'Image'"):
        read_xlsx(sheet(tmp_path, [head, [None, 2]]), head)
    with pytest.raises(InputError, match="two columns are called 'MOS'"):
        read_xlsx(sheet(tmp_path, [["Image", "MOS", "MOS"], ["a.png", 2, 3]]), head)


def matlab(folder: Path) -> Path:
    path = folder / "a.mat"
    savemat(path, {"x": np.arange(3.0)}, do_compression=True)
    return path


def cut(content: bytes) -> list[bytes]:
    """Nothing, another kind of file, and the file cut at many places."""
    return [b"", b"\0" * 500, b"file,mos\na.png,4\n", *(content[: len(content) * part // 20] for part in range(20))]


def altered(content: bytes) -> list[bytes]:
    """The file with bytes altered, at the same places every time."""
    generator = random.Random(0)
    files = []
    for _ in range(60):
        changed = bytearray(content)
        for _ in range(8):
            changed[generator.randrange(len(changed))] = generator.randrange(256)
        files.append(bytes(changed))
    return files


def refusals(path: Path, read: Callable[[Path], object], contents: list[bytes]) -> list[str]:
    """What is said of those contents that are refused."""
    texts = []
    for content in contents:
        path.write_bytes(content)
        try:
            read(path)
        except InputError as error:
            texts.append(str(error))
    return texts


@pytest.mark.parametrize(
    ("make", "read", "damage"),
    [
        (lambda folder: sheet(folder, [["a", "b"], ["a.png", 2]]), lambda path: read_xlsx(path, ["a", "b"]), altered),
        (lambda folder: sheet(folder, [["a", "b"], ["a.png", 2]]), lambda path: read_xlsx(path, ["a", "b"]), cut),
        (matlab, lambda path: read_mat(path, "x"), cut),  # of altered ones some end the process inside scipy
        (lambda folder: write(folder, GOOD), lambda path: read_csv(path, ["file", "mos"]), altered),
        (lambda folder: write(folder, GOOD), lambda path: read_csv(path, ["file", "mos"]), cut),
    ],
    ids=["xlsx altered", "xlsx cut", "mat cut", "csv altered", "csv cut"],
)
@pytest.mark.filterwarnings("ignore")  # what libraries think of damaged files
def test_damaged_files_are_read_or_refused_in_one_line(
    make: Callable[[Path], Path],
    read: Callable[[Path], object],
    damage: Callable[[bytes], list[bytes]],
    tmp_path: Path,
) -> None:
    path = make(tmp_path)
    texts = refusals(path, read, damage(path.read_bytes()))
    assert len(texts) > 5
    assert all(text.startswith(str(path)) and "\n" not in text for text in texts)


def test_a_workbook_without_a_sheet_is_refused(tmp_path: Path) -> None:
    path = sheet(tmp_path, [["Image", "MOS"]])
    book = load_workbook(path)
    book.create_chartsheet("chart")
    book.remove(book.worksheets[0])
    book.save(path)
    with pytest.raises(InputError, match=r"not a readable \.xlsx file"):
        read_xlsx(path, ["Image", "MOS"])
