"""Readers of sets of photographs as people took them: KonIQ-10k, LIVE In the Wild, FLIVE and SPAQ."""

from pathlib import Path

from .rated import Folder, Rated, find, number, read_csv, read_mat, read_xlsx, same_length

_PRACTICE = 7  # the first pictures of LIVE In the Wild were shown to practise


def read_koniq10k(root: Path) -> list[Rated]:
    """KonIQ-10k: the table with the official parts if it is there, else the one without; 1024×768 if it is there.

    Of the table without parts the opinions from 1 to 100 (`MOS_zscore`) are taken, else those from 1 to 5 (`MOS`).

    Source: columns and file names as other public readers use them; the folders of the archives as unpacked by
    their users (both seen); which pictures have which names was not checked on the set itself.
    """
    tables = [
        f"{folder}{name}.csv"
        for name in ("koniq10k_distributions_sets", "koniq10k_scores_and_distributions")
        for folder in ("", "metadata/", f"{name}/")
    ]
    table = find(root, "the table of opinions", tables)
    sizes = [f"{folder}{size}" for size in ("1024x768", "512x384") for folder in ("", f"koniq10k_{size}/")]
    pictures = Folder(root, find(root, "the folder of pictures", sizes))
    rows = read_csv(table, ["image_name", "MOS"])
    return [
        Rated(
            pictures.path(row["image_name"]),
            number(row.get("MOS_zscore", row["MOS"]), place=f"{row.place}, {row['image_name']}"),
            split=row.get("set") or None,
            place=row.place,
        )
        for row in rows
    ]


def read_clive(root: Path) -> list[Rated]:
    """LIVE In the Wild: the 1162 pictures after the first seven, which were for practice and by convention left out.

    Source: file and variable names and the seven are the same in every public reader seen.
    """
    data = find(root, "AllMOS_release.mat", ["Data/AllMOS_release.mat", "ChallengeDB_release/Data/AllMOS_release.mat"])
    opinions = read_mat(data, "AllMOS_release")
    names = read_mat(find(data.parent, "the list of pictures", ["AllImages_release.mat"]), "AllImages_release")
    same_length(data, [names, opinions])
    pictures = Folder(root, find(data.parent.parent, "the folder of pictures", ["Images"]))
    rated = list(zip(names, opinions, strict=True))[_PRACTICE:]
    places = [f"{data}, entry {at}" for at in range(_PRACTICE + 1, len(names) + 1)]
    return [
        Rated(pictures.path(name), number(opinion, place=f"{place}, {name}"), place=place)
        for place, (name, opinion) in zip(places, rated, strict=True)
    ]


def _flive_parts(labels: Path) -> dict[str, str]:
    """Official part of each picture, from the tables beside the labels; empty where they are missing."""
    tested = [labels.with_name(name) for name in ("labels>640.csv", "labels640.csv")]
    rest = labels.with_name("labels=640_padded.csv")
    parts: dict[str, str] = {}
    if rest.is_file():
        for row in read_csv(rest, ["name_image", "is_valid"]):
            parts[row["name_image"]] = "validation" if row["is_valid"].lower() in ("true", "1", "1.0") else "training"
    for table in tested:
        if table.is_file():
            parts.update((row["name_image"], "test") for row in read_csv(table, ["name_image"]))
    return parts


def read_flive(root: Path) -> list[Rated]:
    """FLIVE (PaQ-2-PiQ): whole pictures without the patches; parts if the owners' tables of them are there.

    Parts: `labels>640.csv` (or `labels640.csv`) names the test pictures, `is_valid` in `labels=640_padded.csv` those
    for validation. Without these tables, `is_valid` in the labels themselves tells training from validation.

    Source: columns `name` and `mos` and the folder as in all public readers seen; the tables of the parts as in one of
    them; `is_valid` in the labels themselves is not verified.
    """
    labels = find(root, "the table of opinions", ["labels_image.csv", "database/labels_image.csv"])
    folder = find(root, "the folder of pictures", ["database"]).relative_to(root)
    parts = _flive_parts(labels)
    own = {"true": "validation", "1": "validation", "false": "training", "0": "training"}
    return [
        Rated(
            folder / row["name"],
            number(row["mos"], place=f"{row.place}, {row['name']}"),
            split=parts.get(row["name"]) if parts else own.get((row.get("is_valid") or "").lower()),
            place=row.place,
        )
        for row in read_csv(labels, ["name", "mos"])
    ]


def read_spaq(root: Path) -> list[Rated]:
    """SPAQ: mean opinions from 0 to 100.

    Source: file, column and folder names are the same in all public readers seen.
    """
    names = ["MOS and Image attribute scores.xlsx", "MOS_and_Image_attribute_scores.xlsx"]
    table = find(root, "the table of opinions", [f"{folder}{n}" for folder in ("Annotations/", "") for n in names])
    pictures = Folder(root, find(root, "the folder of pictures", ["TestImage"]))
    return [
        Rated(
            pictures.path(str(row["Image name"])),
            number(row["MOS"], place=f"{row.place}, {row['Image name']}"),
            place=row.place,
        )
        for row in read_xlsx(table, ["Image name", "MOS"])
    ]
