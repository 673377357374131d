"""Readers of sets of degraded pictures: LIVE, CSIQ, TID2013 and KADID-10k."""

import re
from pathlib import Path

from qualiclip.errors import InputError

from .rated import Folder, Rated, find, number, read_csv, read_mat, read_xlsx, same_length, whole_number
from .text_tables import TableRow, read_lines

# Folders of LIVE in the order of its lists, with their numbers of pictures.
LIVE_FOLDERS = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
_LIVE_NAMES = {
    "jp2k": "jpeg2000",
    "jpeg": "jpeg",
    "wn": "white_noise",
    "gblur": "gaussian_blur",
    "fastfading": "fast_fading",
}

# Name in the table of CSIQ → folder and the name inside the names of files; beyond case there are no rules.
_CSIQ_TYPES = {
    "noise": ("awgn", "AWGN"),
    "blur": ("blur", "BLUR"),
    "contrast": ("contrast", "contrast"),
    "fnoise": ("fnoise", "fnoise"),
    "jpeg": ("jpeg", "JPEG"),
    "jpeg 2000": ("jpeg2000", "jpeg2000"),
}

# By the number in the name of the file, from 1.
TID2013_TYPES = tuple(
    "gaussian_noise color_noise correlated_noise masked_noise high_frequency_noise impulse_noise quantization_noise"
    " gaussian_blur denoised jpeg jpeg2000 jpeg_transmission jpeg2000_transmission non_eccentricity_pattern"
    " block_wise mean_shift contrast color_saturation multiplicative_noise comfort_noise compressed_noise"
    " color_quantization chromatic_aberration sparse_sampling".split()
)
KADID10K_TYPES = tuple(
    "gaussian_blur lens_blur motion_blur color_diffusion color_shift color_quantization color_saturation_hsv"
    " color_saturation_lab jpeg2000 jpeg white_noise white_noise_ycbcr impulse_noise multiplicative_noise denoised"
    " brighten darken mean_shift jitter non_eccentricity_patch pixelate quantization color_block high_sharpen"
    " contrast_change".split()
)
_NUMBERED = re.compile(r"(I\d+)_(\d+)_(\d+)\.\w+", re.IGNORECASE)


def read_live(root: Path) -> list[Rated]:
    """LIVE, release 2: 779 degraded pictures; the undistorted copies among them (`orgs`) are left out. DMOS.

    The realigned DMOS is taken where its file is there.

    Source: order and sizes of the folders, variables and `orgs` as in all public readers seen.
    """
    table = find(root, "the DMOS", ["dmos_realigned.mat", "dmos.mat"])
    opinions = read_mat(table, "dmos_new" if table.name == "dmos_realigned.mat" else "dmos")
    copies = read_mat(find(root, "dmos.mat", ["dmos.mat"]) if table.name == "dmos.mat" else table, "orgs")
    references = read_mat(find(root, "the names of the references", ["refnames_all.mat"]), "refnames_all")
    files = [(folder, f"img{at + 1}.bmp") for folder, count in LIVE_FOLDERS.items() for at in range(count)]
    same_length(table, [opinions, copies, references, files])
    folders = {name: Folder(root, find(root, f"folder {name}", [name])) for name in LIVE_FOLDERS}
    return [
        Rated(
            folders[folder].path(name),
            number(opinion, place=f"{table}, {folder}/{name}"),
            reference=reference,
            degradation=_LIVE_NAMES[folder],
            place=f"{table}, {folder}/{name}",
        )
        for (folder, name), opinion, copy, reference in zip(files, opinions, copies, references, strict=True)
        if not copy
    ]


def _csiq_row(root: Path, folders: dict[str, Path], row: TableRow) -> Rated:
    kind = str(row["dst_type"]).strip().lower()
    if kind not in _CSIQ_TYPES:
        raise InputError(f"{row.place}: unknown dst_type {kind!r}; known: {', '.join(_CSIQ_TYPES)}")
    folder, token = _CSIQ_TYPES[kind]
    image = str(row["image"]).strip().removesuffix(".0")  # the picture 1600 is a number in the table
    place = f"{row.place}, {image}, {kind}"
    level = whole_number(row["dst_lev"], place=place)
    return Rated(
        (folders[folder] / f"{image}.{token}.{level}.png").relative_to(root),
        number(row["dmos"], place=place),
        reference=image,
        degradation=folder,
        level=level,
        place=row.place,
    )


def read_csiq(root: Path) -> list[Rated]:
    """CSIQ: 866 degraded pictures, in one folder per degradation or all in one. DMOS from 0 to 1.

    Source: sheet, columns, names of degradations, folders and files as in several public readers.
    """
    table = find(root, "the table of opinions", ["csiq.DMOS.xlsx"])
    base = find(root, "the folder of pictures", ["dst_imgs", "dst_imgs_all", "distorted_images"])
    types = [folder for folder, _ in _CSIQ_TYPES.values()]
    all_in_one = not any((base / folder).is_dir() for folder in types)
    folders = {folder: base if all_in_one else base / folder for folder in types}
    rows = read_xlsx(table, ["image", "dst_type", "dst_lev", "dmos"], sheet="all_by_image")
    return [_csiq_row(root, folders, row) for row in rows]


def _numbered(folder: Folder, name: str, opinion: object, types: tuple[str, ...], place: str) -> Rated:
    """A picture named I<reference>_<degradation>_<level>."""
    match = _NUMBERED.fullmatch(name)
    if match is None or not 1 <= int(match[2]) <= len(types):
        raise InputError(f"{place}: name {name!r}, expected the form I01_01_1 with a type from 1 to {len(types)}")
    return Rated(
        folder.path(name),
        number(opinion, place=f"{place}, {name}"),
        reference=match[1].upper(),
        degradation=types[int(match[2]) - 1],
        level=int(match[3]),
        place=place,
    )


def read_tid2013(root: Path) -> list[Rated]:
    """TID2013: 3000 degraded pictures; upper and lower case vary between its list and its files.

    Source: list, folder and numbers of the degradations as in all public readers seen.
    """
    table = find(root, "the list of opinions", ["mos_with_names.txt"])
    pictures = Folder(root, find(root, "the folder of pictures", ["distorted_images"]))
    rows = [(place, line.split()) for place, line in read_lines(table, encoding="latin-1")]
    for place, row in rows:
        if len(row) != 2:
            raise InputError(f"{place}: line {' '.join(row)!r}, expected an opinion and a name; download it again")
    return [_numbered(pictures, name, opinion, TID2013_TYPES, place) for place, (opinion, name) in rows]


def read_kadid10k(root: Path) -> list[Rated]:
    """KADID-10k: 10 125 degraded pictures. Its `dmos` is higher for better pictures, despite the name.

    Source: columns, folder, numbers of the degradations and the direction as in all public readers seen.
    """
    table = find(root, "the table of opinions", ["dmos.csv"])
    pictures = Folder(root, find(root, "the folder of pictures", ["images", "distorted_images"]))
    rows = read_csv(table, ["dist_img", "ref_img", "dmos"])
    return [_numbered(pictures, row["dist_img"], row["dmos"], KADID10K_TYPES, row.place) for row in rows]
