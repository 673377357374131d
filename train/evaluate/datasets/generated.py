"""Readers of sets of computed pictures: restored ones (PIPAL) and generated ones (AGIQA-1K and AGIQA-3K)."""

from pathlib import Path

from qualiclip.errors import InputError

from .rated import Folder, Rated, find, number, read_csv, read_xlsx
from .text_tables import read_lines


def read_pipal(root: Path) -> list[Rated]:
    """PIPAL, the part whose opinions are public: 23 200 pictures, Elo ratings.

    The degradation is the first number in the name (`A0001_04_12` has type 04); what the numbers stand for is not
    verified here.

    Source: labels, their form and the folders as in two public readers; a folder `Train_Dist` is accepted, too.
    """
    labels = find(root, "the folder of opinions", ["Train_Label", "train_label"])
    lists = [path for path in sorted(labels.glob("*.txt")) if not path.name.startswith(".")]  # ._a.txt of macOS
    if not lists:
        raise InputError(f"{labels}: no .txt file; unpack the labels of the set there")
    wanted = [f"{form}{part}" for part in range(1, 5) for form in ("Distortion_", "Train_Distort_")]
    known = [name for name in [*wanted, "Train_Dist"] if (root / name).is_dir()]
    find(root, "a folder of pictures", known or ["Distortion_1", "Train_Dist"])
    folders = [Folder(root, root / name) for name in known]
    return [_pipal_row(place, line, folders) for path in lists for place, line in read_lines(path)]


def _pipal_row(place: str, line: str, folders: list[Folder]) -> Rated:
    name, comma, rating = (part.strip() for part in line.partition(","))
    parts = name.rsplit(".", 1)[0].split("_")
    if not comma or len(parts) != 3:
        raise InputError(f"{place}: line {line!r}, expected the form A0001_00_00.bmp,1500.0; download it again")
    folder = next((folder for folder in folders if name in folder), folders[0])
    opinion = number(rating, place=f"{place}, {name}")
    return Rated(folder.path(name), opinion, reference=parts[0], degradation=f"type {parts[1]}", place=place)


def _agiqa_pictures(root: Path) -> Folder:
    """Wherever the archive `file.zip` was unpacked: its own folder, one called images, or beside the table."""
    return Folder(root, find(root, "the folder of pictures", ["file", "images", "Images", "image", "."]))


def read_agiqa1k(root: Path) -> list[Rated]:
    """AGIQA-1K: 1080 generated pictures, normalised opinions.

    Source: name of the table and its three columns from the owners' page, the names of the columns from several
    public readers.
    """
    table = find(root, "the table of opinions", ["AIGC_MOS_Zscore.xlsx"])
    pictures = _agiqa_pictures(root)
    return [
        Rated(
            pictures.path(str(row["Image"])), number(row["MOS"], place=f"{row.place}, {row['Image']}"), place=row.place
        )
        for row in read_xlsx(table, ["Image", "MOS"])
    ]


def read_agiqa3k(root: Path) -> list[Rated]:
    """AGIQA-3K: 2982 generated pictures, opinions of quality from 0 to 5 (not those of the match with the prompt).

    Source: table and columns as in all public readers seen; the folder differs between them.
    """
    table = find(root, "the table of opinions", ["data.csv"])
    pictures = _agiqa_pictures(root)
    return [
        Rated(
            pictures.path(row["name"]), number(row["mos_quality"], place=f"{row.place}, {row['name']}"), place=row.place
        )
        for row in read_csv(table, ["name", "mos_quality"])
    ]
