"""`make robustness PHOTOS=folder`: how far a score moves when a picture changes in ways that should not count."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from qualiclip.pictures import list_pictures
from qualiclip.scoring.scorer import Scorer, load

MODEL = "compact"


def shifted(image: Tensor, down: int, right: int) -> Tensor:
    """The image (3, H, W) moved by some px, its border repeated."""
    height, width = image.shape[-2:]
    padded = functional.pad(image[None], (abs(right),) * 2 + (abs(down),) * 2, mode="replicate")[0]
    top, left = abs(down) - down, abs(right) - right
    return padded[:, top : top + height, left : left + width]


def cropped(image: Tensor, top: int, bottom: int, left: int, right: int) -> Tensor:
    """The image (3, H, W) without so many px at its sides."""
    height, width = image.shape[-2:]
    return image[:, top : height - bottom, left : width - right]


SHIFTS = ((0, 1), (1, 0), (1, 1), (-1, -1))
SIDES = {
    "top": (1, 0, 0, 0),
    "bottom": (0, 1, 0, 0),
    "left": (0, 0, 1, 0),
    "right": (0, 0, 0, 1),
    "border": (1, 1, 1, 1),
}
WIDTHS = (1, 3, 8)


def changes(image: Tensor) -> Iterator[tuple[str, Tensor]]:
    """The image mirrored, shifted and cropped, with names."""
    yield "mirrored", image.flip(-1)
    for down, right in SHIFTS:
        yield f"shifted by {down}, {right} px", shifted(image, down, right)
    for width in WIDTHS:
        for name, sides in SIDES.items():
            yield f"{name} cropped by {width} px", cropped(image, *(width * side for side in sides))


def movements(scorer: Scorer, image: Tensor) -> Iterator[tuple[str, float]]:
    """How far the score moves with each change."""
    with torch.no_grad():
        score = scorer.model.score(scorer.encode(image)).item()
        for name, changed in changes(image):
            yield name, abs(scorer.model.score(scorer.encode(changed.contiguous())).item() - score)


def main(folder: Path) -> None:
    """Print the median, the 95th percentile and the maximum of each change over the photos of a folder."""
    scorer = load(sys.argv[2] if len(sys.argv) > 2 else MODEL)
    moved: dict[str, list[float]] = {}
    photos = list_pictures(folder, recursive=True)
    for photo in tqdm(photos, unit="photo", disable=None):
        for name, distance in movements(scorer, scorer.read(photo)):
            moved.setdefault(name, []).append(distance)
    everything = [distance for distances in moved.values() for distance in distances]
    print(f"{len(photos)} photos\n\n| change | median | 95th percentile | largest |\n|---|---|---|---|")
    for name, distances in (*moved.items(), ("all together", everything)):
        print(f"| {name} | {np.median(distances):.4f} | {np.percentile(distances, 95):.4f} | {max(distances):.4f} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
