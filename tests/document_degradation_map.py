"""`make docs-degradation-map PHOTOS=folder`: what the degradation map finds, into docs/explanations.md."""

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from explain.checks.benchmark import at_places, generator_for, shapes_for
from explain.checks.localisation import Estimate, auroc, estimate
from explain.maps.defaults import DEFAULT_METHOD, DEFAULT_TARGET
from explain.maps.explanation import Explanation
from explain.maps.heatmaps import explain_alone
from qualiclip.assets import asset
from qualiclip.degradations import DEGRADATIONS, degrade
from qualiclip.degradations.extent import degraded_places
from qualiclip.degradations.masks import SHAPES
from qualiclip.pictures import image_to_picture, picture_to_image
from qualiclip.prose import markdown_table
from tests.document_explanations import CHECK, PAGE, PICTURES, check_of, with_part
from ui.commands.benchmark import find_pictures, read_examples

SIDE = 384  # px, the short side of photos, as in the benchmark
SEED = 0
LEVELS = (3, 4)
AIMS = {
    **dict.fromkeys(("gaussian_blur", "lens_blur", "motion_blur"), 0.92),
    "white_noise": 0.98,
    **dict.fromkeys(("jpeg", "jpeg2000"), 0.88),
    **dict.fromkeys(("pixelate", "color_block", "jitter", "non_eccentricity_patch", "quantization"), 0.85),
    **dict.fromkeys(("color_saturation_hsv", "linear_contrast_change"), 0.8),
}


@dataclass(frozen=True)
class Finding:
    """How well a map finds a degraded region of a picture, and whether anything stands out in it."""

    picture: str
    auroc: float
    stands_out: bool


Found = dict[tuple[str, int], list[Finding]]  # by degradation and level


def explained(image: Tensor) -> Explanation:
    """The map of an image (3, H, W)."""
    return explain_alone(image, method=DEFAULT_METHOD, target=DEFAULT_TARGET)


def measure(image: Tensor, picture: str, shape: str, name: str, level: int) -> Iterator[Finding]:
    """The map of an image that is degraded in a region; none where nothing in it changed."""
    place = (SEED, picture, shape)
    mask = SHAPES[shape](image.shape[-2], image.shape[-1], generator_for(*place))
    degraded = degrade(image, name, level=level, generator=generator_for(*place, name), mask=mask)
    degraded = picture_to_image(image_to_picture(degraded))
    inside = at_places(mask * degraded_places(degraded, image, name)) > 0.5
    if inside.any():
        found = explained(degraded)
        yield Finding(picture, auroc(at_places(torch.from_numpy(found.values)), inside), found.has_evidence)


def mean_auroc(findings: Sequence[Finding]) -> Estimate:
    """The mean over pictures, each of which counts as the mean of its own."""
    by_picture: dict[str, list[float]] = defaultdict(list)
    for one in findings:
        by_picture[one.picture].append(one.auroc)
    return estimate([float(np.mean(values)) for values in by_picture.values()])


def line(name: str, found: Found) -> tuple[str, ...]:
    """A row of the table: the AUROC of each level and of both, what was aimed at, how often something stands out."""
    levels = [found[name, level] for level in LEVELS]
    mean, aim = mean_auroc([one for findings in levels for one in findings]), AIMS.get(name)
    told = "–" if aim is None else f"≥ {aim:.2f}: {'met' if mean.mean >= aim else 'not met'}"
    cells = [f"{mean_auroc(findings).mean:.2f}" for findings in levels]
    often = [f"{100 * float(np.mean([one.stands_out for one in findings])):.0f} %" for findings in levels]
    return (f"`{name}`", *cells, f"{mean.mean:.2f} [{mean.low:.2f}, {mean.high:.2f}]", told, ", ".join(often))


def main(photos: str) -> None:
    """Measure on the example pictures and on a folder of photos; write the table into the page."""
    found: Found = defaultdict(list)
    alarms = []
    for files in (find_pictures(Path(photos), PICTURES), find_pictures(asset("examples"), None)):
        examples, _ = read_examples(files, short_side=SIDE)
        alarms.append(f"{sum(explained(one.image).has_evidence for one in examples)} of {len(examples)}")
        for index, example in enumerate(tqdm(examples, unit="picture", disable=None)):
            for shape, name, level in product(shapes_for(index), DEGRADATIONS, LEVELS):
                found[name, level] += measure(example.image, example.name, shape, name, level)
    names = sorted(DEGRADATIONS, key=lambda name: name not in AIMS)
    head = (
        "degradation",
        *(f"level {level}" for level in LEVELS),
        "both [95 %]",
        "aim",
        "something stands out, 3 and 4",
    )
    table = "\n".join(markdown_table(head, [line(name, found) for name in names]))
    told = f"Not degraded, something stands out in {alarms[0]} photos and {alarms[1]} examples."
    page = with_part(PAGE.read_text(encoding="utf-8"), "degradation map", f"{table}\n\n{told}")
    PAGE.write_text(page, encoding="utf-8")
    CHECK.write_text(check_of(page), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
