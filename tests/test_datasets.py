"""Tests of the sets with human opinions, each built small in its owners' layout."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openpyxl import Workbook
from PIL import Image
from scipy.io import savemat

from qualiclip.errors import InputError
from train.evaluate.datasets import DATASETS, Rated
from train.evaluate.datasets.columns import Columns, read_table
from train.evaluate.datasets.synthetic import KADID10K_TYPES, LIVE_FOLDERS, TID2013_TYPES


def write_text(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_xlsx(path: Path, rows: list[list[Any]], *, title: str = "Sheet1") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.save(path)


def write_mat(path: Path, **variables: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, variables)


def cells(names: list[str], *, column: bool) -> Any:
    """A MATLAB cell array of strings."""
    array = np.empty((len(names), 1) if column else (1, len(names)), dtype=object)
    array[:] = np.array(names, dtype=object).reshape(array.shape)
    return array


def write_pictures(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 40), "gray").save(folder / name)


def build_koniq10k(root: Path) -> list[Rated]:
    rows = ["1.jpg,0,0,25,73,7,105,63.7,0.5,training", "2.jpg,0,0,25,73,7,105,24.5,0.5,test"]
    head = "image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,set"
    write_text(root / "koniq10k_distributions_sets.csv", [head, *rows])
    write_pictures(root / "1024x768", ["1.jpg", "2.jpg"])
    return [
        Rated(Path("1024x768/1.jpg"), 63.7, split="training"),
        Rated(Path("1024x768/2.jpg"), 24.5, split="test"),
    ]


def build_clive(root: Path) -> list[Rated]:
    names = [f"t{number}.bmp" for number in range(1, 8)] + ["3.bmp", "4.bmp"]
    write_mat(root / "Data" / "AllImages_release.mat", AllImages_release=cells(names, column=True))
    write_mat(root / "Data" / "AllMOS_release.mat", AllMOS_release=[[90.0] * 7 + [63.9634, 25.25]])
    write_pictures(root / "Images", ["trainingImages/t1.bmp", "3.bmp", "4.bmp"])
    return [Rated(Path("Images/3.bmp"), 63.9634), Rated(Path("Images/4.bmp"), 25.25)]


def build_flive(root: Path) -> list[Rated]:
    names = ["voc_emotic_ava/a.jpg", "EE371R/b.jpg", "blur_dataset/c.jpg"]
    write_text(root / "labels_image.csv", ["name,mos", *(f"{name},{70 + at}.5" for at, name in enumerate(names))])
    write_text(root / "labels>640.csv", ["name_image,mos", f"{names[0]},70.5"])
    write_text(root / "labels=640_padded.csv", ["name_image,is_valid", f"{names[1]},True", f"{names[2]},False"])
    write_pictures(root / "database", names)
    parts = ["test", "validation", "training"]
    return [
        Rated(Path("database") / name, 70.5 + at, split=part)
        for at, (name, part) in enumerate(zip(names, parts, strict=True))
    ]


def build_spaq(root: Path) -> list[Rated]:
    rows = [["Image name", "MOS", "Brightness"], ["00001.jpg", 35.5, 40], ["00002.jpg", 58, 61]]
    write_xlsx(root / "Annotations" / "MOS and Image attribute scores.xlsx", rows)
    write_pictures(root / "TestImage", ["00001.jpg", "00002.jpg"])
    return [Rated(Path("TestImage/00001.jpg"), 35.5), Rated(Path("TestImage/00002.jpg"), 58)]


def build_live(root: Path) -> list[Rated]:
    total = sum(LIVE_FOLDERS.values())
    copies = np.ones((1, total))
    copies[0, [0, 1, 227, 981]] = 0  # all others count as undistorted
    opinions = np.arange(total, dtype=float)[None]
    references = cells([f"ref{number}.bmp" for number in range(total)], column=False)
    write_mat(root / "dmos.mat", dmos=opinions * 0, orgs=copies)
    write_mat(root / "dmos_realigned.mat", dmos_new=opinions, orgs=copies)
    write_mat(root / "refnames_all.mat", refnames_all=references)
    for folder in LIVE_FOLDERS:
        write_pictures(root / folder, ["img1.bmp"])
    kept = [("jp2k/img1", 0, "jpeg2000"), ("jp2k/img2", 1, "jpeg2000"), ("jpeg/img1", 227, "jpeg")]
    kept += [("fastfading/img174", 981, "fast_fading")]
    return [Rated(Path(f"{name}.bmp"), -at, reference=f"ref{at}.bmp", degradation=kind) for name, at, kind in kept]


def build_csiq(root: Path) -> list[Rated]:
    head = [None, None, None, "image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos"]
    body = [(1600, 1, "noise", 1, 0.1, 0.062), ("trolley", 5, "jpeg 2000", 5, 0.1, 0.9), (None,) * 6]
    body.insert(2, ("trolley", 2, "fnoise", 3, 0.1, 0.5))
    write_xlsx(root / "csiq.DMOS.xlsx", [["CSIQ"], [], [], head, *([None] * 3 + list(r) for r in body)], title=SHEET)
    write_pictures(root / "dst_imgs", ["awgn/1600.AWGN.1.png", "jpeg2000/trolley.jpeg2000.5.png"])
    return [
        Rated(Path("dst_imgs/awgn/1600.AWGN.1.png"), -0.062, "1600", "awgn", 1),
        Rated(Path("dst_imgs/jpeg2000/trolley.jpeg2000.5.png"), -0.9, "trolley", "jpeg2000", 5),
        Rated(Path("dst_imgs/fnoise/trolley.fnoise.3.png"), -0.5, "trolley", "fnoise", 3),
    ]


SHEET = "all_by_image"


def build_tid2013(root: Path) -> list[Rated]:
    write_text(root / "mos_with_names.txt", ["5.51429 I01_01_1.bmp", "3.1 i02_10_5.BMP"])
    write_pictures(root / "distorted_images", ["i01_01_1.bmp", "I02_10_5.bmp"])
    return [
        Rated(Path("distorted_images/i01_01_1.bmp"), 5.51429, "I01", "gaussian_noise", 1),
        Rated(Path("distorted_images/I02_10_5.bmp"), 3.1, "I02", "jpeg", 5),
    ]


def build_kadid10k(root: Path) -> list[Rated]:
    rows = ["dist_img,ref_img,dmos,var", "I01_01_01.png,I01.png,4.57,0.4", "I81_25_05.png,I81.png,1.2,0.3"]
    write_text(root / "dmos.csv", rows)
    write_pictures(root / "images", ["I01_01_01.png", "I81_25_05.png"])
    return [
        Rated(Path("images/I01_01_01.png"), 4.57, "I01", "gaussian_blur", 1),
        Rated(Path("images/I81_25_05.png"), 1.2, "I81", "contrast_change", 5),
    ]


def build_pipal(root: Path) -> list[Rated]:
    write_text(root / "Train_Label" / "A0001.txt", ["A0001_00_00.bmp,1485.05", "A0001_04_12.bmp,1311.5"])
    write_pictures(root, ["Distortion_1/A0001_00_00.bmp", "Distortion_4/A0001_04_12.bmp"])
    return [
        Rated(Path("Distortion_1/A0001_00_00.bmp"), 1485.05, "A0001", "type 00"),
        Rated(Path("Distortion_4/A0001_04_12.bmp"), 1311.5, "A0001", "type 04"),
    ]


def build_agiqa1k(root: Path) -> list[Rated]:
    rows = [["Image", "Prompt", "MOS"], ["a.png", "bird, city", 2.5], ["b.png", "cat", 3]]
    write_xlsx(root / "AIGC_MOS_Zscore.xlsx", rows)
    write_pictures(root / "file", ["a.png", "b.png"])
    return [Rated(Path("file/a.png"), 2.5), Rated(Path("file/b.png"), 3)]


def build_agiqa3k(root: Path) -> list[Rated]:
    rows = ["name,prompt,adj1,adj2,style,mos_quality,std_quality,mos_align,std_align"]
    write_text(root / "data.csv", [*rows, '"a.jpg","statue, old",,,,1.25,0.4,4.5,0.3'])
    write_pictures(root, ["a.jpg"])
    return [Rated(Path("a.jpg"), 1.25)]


BUILDERS: dict[str, Callable[[Path], list[Rated]]] = {
    "koniq10k": build_koniq10k,
    "clive": build_clive,
    "flive": build_flive,
    "spaq": build_spaq,
    "live": build_live,
    "csiq": build_csiq,
    "tid2013": build_tid2013,
    "kadid10k": build_kadid10k,
    "pipal": build_pipal,
    "agiqa1k": build_agiqa1k,
    "agiqa3k": build_agiqa3k,
}


@pytest.mark.parametrize("name", DATASETS)
def test_a_set_is_read_as_its_owners_distribute_it(name: str, tmp_path: Path) -> None:
    expected = BUILDERS[name](tmp_path)
    assert DATASETS[name].read(tmp_path) == expected


@pytest.mark.parametrize("name", DATASETS)
def test_an_empty_folder_is_refused_with_what_was_looked_for(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not found; looked for .*; unpack the set as its owners distribute it"):
        DATASETS[name].read(tmp_path)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder; name the one into which LIVE was unpacked"):
        DATASETS["live"].read(tmp_path / "none")


def test_the_table_without_official_parts_gives_opinions_up_to_100(tmp_path: Path) -> None:
    head = "image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,MOS_zscore"
    write_text(tmp_path / "koniq10k_scores_and_distributions.csv", [head, "1.jpg,0,0,25,73,7,105,3.8,0.5,77.4"])
    write_pictures(tmp_path / "512x384", ["1.jpg"])
    assert DATASETS["koniq10k"].read(tmp_path) == [Rated(Path("512x384/1.jpg"), 77.4)]


def test_clive_is_found_inside_its_archives_folder(tmp_path: Path) -> None:
    build_clive(tmp_path / "ChallengeDB_release")
    assert DATASETS["clive"].read(tmp_path)[0].path == Path("ChallengeDB_release/Images/3.bmp")


def test_lists_of_different_lengths_are_refused(tmp_path: Path) -> None:
    build_clive(tmp_path)
    write_mat(tmp_path / "Data" / "AllMOS_release.mat", AllMOS_release=[[1.0, 2.0]])
    with pytest.raises(InputError, match="lists of 9, 2 entries, expected the same"):
        DATASETS["clive"].read(tmp_path)


def test_a_matlab_file_without_its_variable_is_refused(tmp_path: Path) -> None:
    build_clive(tmp_path)
    write_mat(tmp_path / "Data" / "AllMOS_release.mat", other=[[1.0]])
    with pytest.raises(InputError, match="no variable 'AllMOS_release'; found other"):
        DATASETS["clive"].read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a matlab file at all" * 20])
def test_a_damaged_matlab_file_is_refused(content: bytes, tmp_path: Path) -> None:
    build_clive(tmp_path)
    (tmp_path / "Data" / "AllMOS_release.mat").write_bytes(content)
    with pytest.raises(InputError, match="not a readable MATLAB file"):
        DATASETS["clive"].read(tmp_path)


def test_flive_without_the_tables_of_its_parts_uses_is_valid(tmp_path: Path) -> None:
    rows = ["name,mos,is_valid", "x/a.jpg,70,True", "x/b.jpg,60,False"]
    write_text(tmp_path / "database" / "labels_image.csv", rows)
    assert [row.split for row in DATASETS["flive"].read(tmp_path)] == ["validation", "training"]


def test_live_without_realigned_opinions_uses_the_first_ones(tmp_path: Path) -> None:
    build_live(tmp_path)
    (tmp_path / "dmos_realigned.mat").unlink()
    assert {row.opinion for row in DATASETS["live"].read(tmp_path)} == {0}


def test_csiq_pictures_may_lie_in_one_folder(tmp_path: Path) -> None:
    build_csiq(tmp_path)
    (tmp_path / "dst_imgs").rename(tmp_path / "unused")
    write_pictures(tmp_path / "dst_imgs_all", ["1600.AWGN.1.png"])
    assert DATASETS["csiq"].read(tmp_path)[0].path == Path("dst_imgs_all/1600.AWGN.1.png")


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([["image", "dst_type"]], "no row with the columns image, dst_type, dst_lev, dmos"),
        (
            [["image", "dst_type", "dst_lev", "dmos"], ["a", "fog", 1, 0.5]],
            "unknown dst_type 'fog'; known: noise, blur",
        ),
        ([["image", "dst_type", "dst_lev", "dmos"], ["a", "blur", 1, "?"]], r"a, blur: '\?' is not a number"),
        ([["image", "dst_type", "dst_lev", "dmos"]], "the table of CSIQ has no rows"),
    ],
)
def test_a_worksheet_that_does_not_fit_is_refused(rows: list[list[Any]], text: str, tmp_path: Path) -> None:
    build_csiq(tmp_path)
    write_xlsx(tmp_path / "csiq.DMOS.xlsx", rows, title=SHEET)
    with pytest.raises(InputError, match=text):
        DATASETS["csiq"].read(tmp_path)


def test_a_worksheet_of_another_name_or_a_damaged_file_is_refused(tmp_path: Path) -> None:
    build_csiq(tmp_path)
    write_xlsx(tmp_path / "csiq.DMOS.xlsx", [["image"]], title="other")
    with pytest.raises(InputError, match="no sheet 'all_by_image'; found other"):
        DATASETS["csiq"].read(tmp_path)
    (tmp_path / "csiq.DMOS.xlsx").write_bytes(b"PK no")
    with pytest.raises(InputError, match=r"not a readable \.xlsx file"):
        DATASETS["csiq"].read(tmp_path)


@pytest.mark.parametrize("line", ["5.5 I01_25_1.bmp", "5.5 picture.bmp"])
def test_a_name_that_tells_no_degradation_is_refused(line: str, tmp_path: Path) -> None:
    build_tid2013(tmp_path)
    write_text(tmp_path / "mos_with_names.txt", [line])
    with pytest.raises(InputError, match="expected the form I01_01_1 with a type from 1 to 24"):
        DATASETS["tid2013"].read(tmp_path)


@pytest.mark.parametrize(
    ("name", "file", "text"),
    [
        ("tid2013", "mos_with_names.txt", "line 'nonsense', expected an opinion and a name"),
        ("pipal", "Train_Label/A0001.txt", "line 'nonsense', expected the form A0001_00_00.bmp,1500.0"),
        ("kadid10k", "dmos.csv", "no column 'dist_img'; found nonsense"),
    ],
)
def test_a_list_of_another_form_is_refused(name: str, file: str, text: str, tmp_path: Path) -> None:
    BUILDERS[name](tmp_path)
    write_text(tmp_path / file, ["nonsense"])
    with pytest.raises(InputError, match=text):
        DATASETS[name].read(tmp_path)


def test_a_picture_that_is_missing_stays_in_the_list(tmp_path: Path) -> None:
    build_tid2013(tmp_path)
    (tmp_path / "distorted_images" / "i01_01_1.bmp").unlink()
    assert DATASETS["tid2013"].read(tmp_path)[0].path == Path("distorted_images/I01_01_1.bmp")


def test_the_degradations_are_as_many_as_the_sets_have() -> None:
    assert (len(TID2013_TYPES), len(KADID10K_TYPES)) == (24, 25)
    assert sum(LIVE_FOLDERS.values()) == 982  # 779 degraded pictures and 203 undistorted copies


def test_all_columns_of_ones_own_table_are_read(tmp_path: Path) -> None:
    rows = ["f,o,r,d,l,s", "a.png,2.5,ref,blur,3,test", "b.png,-1e1,,,,"]
    path = write_text(tmp_path / "own.csv", rows)
    read = read_table(path, Columns("f", "o", "r", "d", "l", "s", lower_is_better=True))
    assert read == [Rated(Path("a.png"), -2.5, "ref", "blur", 3, "test"), Rated(Path("b.png"), 10.0)]


def test_the_documentation_names_every_set() -> None:
    text = (Path(__file__).resolve().parent.parent / "docs" / "evaluation.md").read_text(encoding="utf-8")
    for name, row in DATASETS.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
        assert row.label in line
        assert row.source.removesuffix(", MIT licence") in line
        assert f"{row.pictures:,}".replace(",", " ") in line.replace("\N{NARROW NO-BREAK SPACE}", " ")
