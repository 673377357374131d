"""`make docs-degradation-map PHOTOS=folder`: what the degradation map finds, into docs/explanations.md."""

import csv
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from explain.checks.localisation import Estimate, estimate
from explain.maps.defaults import DEFAULT_METHOD
from qualiclip.degradations import DEGRADATIONS
from qualiclip.prose import markdown_table
from tests.document_explanations import PAGE, PICTURES, with_part

LEVELS = (3, 4)
AIMS = {
    **dict.fromkeys(("gaussian_blur", "lens_blur", "motion_blur"), 0.92),
    "white_noise": 0.98,
    **dict.fromkeys(("jpeg", "jpeg2000"), 0.88),
    **dict.fromkeys(("pixelate", "color_block", "jitter", "non_eccentricity_patch", "quantization"), 0.85),
    **dict.fromkeys(("color_saturation_hsv", "linear_contrast_change"), 0.8),
}
Found = dict[tuple[str, str, float], list[float]]  # AUROC by degradation, picture and level


def measure(out: Path, *options: str) -> list[dict[str, str]]:
    """Rows of a benchmark of the degradation map alone, of all degradations at one level."""
    what = ("--methods", DEFAULT_METHOD, "--targets", "difference", "--types", ",".join(DEGRADATIONS), "--curves", "0")
    command = [sys.executable, "-m", "explain", "benchmark", "--model", "compact", "--out", str(out), *what, *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with (out / "localisation.csv").open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["kind"] == "map"]


def _estimate(found: Mapping[str, Iterable[float]]) -> Estimate:
    """Over pictures, of each the mean of its measurements."""
    return estimate([float(np.mean(list(values))) for values in found.values()])


def line(name: str, found: Found) -> tuple[str, ...]:
    """A row of the table: the AUROC of each level, that of both, and whether it is what was aimed at."""
    both: dict[str, list[float]] = defaultdict(list)
    cells = [f"`{name}`"]
    for level in LEVELS:
        at_level = {picture: values for (kind, picture, one), values in found.items() if (kind, one) == (name, level)}
        cells.append(f"{_estimate(at_level).mean:.2f}")
        for picture, values in at_level.items():
            both[picture] += values
    mean, aim = _estimate(both), AIMS.get(name)
    cells.append(f"{mean.mean:.2f} [{mean.low:.2f}, {mean.high:.2f}]")
    return (*cells, "–" if aim is None else f"≥ {aim:.2f}: {'met' if mean.mean >= aim else 'not met'}")


def table(found: Found) -> str:
    """What the map finds of each degradation, those with an aim first."""
    names = sorted(DEGRADATIONS, key=lambda name: name not in AIMS)
    head = ("degradation", *(f"level {level}" for level in LEVELS), "both [95 %]", "aim")
    return "\n".join(markdown_table(head, [line(name, found) for name in names]))


def main(photos: str) -> None:
    """Measure on the example pictures and on a folder of photos; write the table into the page."""
    sets = {"examples": (), "photos": ("--images", photos, "--pictures", str(PICTURES))}
    found: Found = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for name, options in sets.items():
            for level in LEVELS:
                for row in measure(Path(folder) / f"{name}-{level}", *options, "--level", str(level)):
                    found[row["degradation"], f"{name}/{row['picture']}", level].append(float(row["auroc"]))
    PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), "degradation map", table(found)), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
