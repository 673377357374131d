"""`make ordering PHOTOS=FOLDER`: how often each level is further from the pristine picture than the one before.

By mean squared error (PSNR) and by FSIMc, a full-reference measure that sees colour, both on whole pictures.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import piq
import torch
from torch import Tensor
from torch.nn import functional

from qualiclip.degradations import DEGRADATIONS, GROUPS, degrade
from qualiclip.pictures import as_image, list_pictures

EXAMPLES = Path(__file__).resolve().parent.parent / "assets" / "examples"
LONGEST = 700  # px; larger pictures are reduced
COLORED = 0.05  # least mean difference of the largest and the smallest channel, for the colour types


@dataclass(frozen=True)
class Steps:
    """Whether each of the levels 1 to 5 is further away than the one before: by error, and by FSIMc."""

    name: str
    by_error: tuple[bool, ...]
    by_fsimc: tuple[bool, ...]


def reduced(image: Tensor, longest: int) -> Tensor:
    """The image (3, H, W), or a smaller one of at most `longest` px."""
    share = min(1.0, longest / max(image.shape[1:]))
    size = [round(side * share) for side in image.shape[1:]]
    return functional.interpolate(image[None], size=size, mode="bicubic", antialias=True)[0].clamp(0, 1)


def measure(image: Tensor, name: str, *, seed: int) -> Steps:
    """One degradation of one image (3, H, W), with one draw."""
    errors, distances = [0.0], [0.0]
    for level in range(1, 6):
        degraded = degrade(image, name, level=level, generator=torch.Generator().manual_seed(seed))
        errors.append(float((degraded.double() - image.double()).square().mean()))
        distances.append(1 - float(piq.fsim(degraded[None], image[None], chromatic=True)))
    return Steps(name, *(tuple(b > a for a, b in pairwise(v)) for v in (errors, distances)))


def names_for(image: Tensor) -> list[str]:
    """All types; without those of the group of colours where the picture has hardly any."""
    colored = float((image.amax(dim=0) - image.amin(dim=0)).mean()) > COLORED
    return [name for name in DEGRADATIONS if colored or name not in GROUPS["color"]]


def measure_photo(job: tuple[int, Path]) -> list[Steps]:
    """All types on one photo; its number is the seed."""
    torch.set_num_threads(1)
    image = reduced(as_image(job[1]), LONGEST)
    return [measure(image, name, seed=job[0]) for name in names_for(image)]


def main(folder: Path, count: int) -> None:
    """Print a markdown table for `count` photos of a folder, evenly picked, and the examples."""
    photos = list_pictures(folder, recursive=True)
    photos = [*photos[:: max(1, len(photos) // count)][:count], *list_pictures(EXAMPLES, recursive=False)]
    with ProcessPoolExecutor() as pool:
        steps = [step for done in pool.map(measure_photo, enumerate(photos)) for step in done]
    print(f"{len(photos)} pictures; share of ordered steps (levels 0 to 5: five steps a picture)\n")
    print("| type | pictures | by PSNR | by FSIMc | least ordered step |\n|---|---|---|---|---|")
    for name in DEGRADATIONS:
        own = [step for step in steps if step.name == name]
        shares = [
            torch.tensor([getattr(step, by) for step in own]).float().mean(dim=0) for by in ("by_error", "by_fsimc")
        ]
        worst = min(float(share.min()) for share in shares)
        cells = " | ".join(f"{100 * float(share.mean()):.1f} %" for share in shares)
        print(f"| {name} | {len(own)} | {cells} | {100 * worst:.1f} % |")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100)
