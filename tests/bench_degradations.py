"""`make bench-degradations`: milliseconds per type at 512 × 512, ours beside the plain reading, in one run."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from qualiclip.degradations import DEGRADATIONS, degrade
from qualiclip.pictures import as_image
from tests.plain_degradations import PLAIN

PHOTO = Path(__file__).resolve().parent.parent / "assets" / "examples" / "astronaut.png"
REPEATS = 5


def milliseconds(*work: Callable[[], Tensor]) -> list[float]:
    """Median time of each, measured in turn so that a noisy moment hits all alike."""
    for function in work:
        function()
    times: list[list[float]] = [[] for _ in work]
    for _ in range(REPEATS):
        for function, own in zip(work, times, strict=True):
            start = time.perf_counter()
            function()
            own.append(1000 * (time.perf_counter() - start))
    return [statistics.median(own) for own in times]


def measure(image: Tensor, name: str) -> tuple[list[float], list[float]]:
    """Ours, with the checks of the public door, and the plain reading, at each of the five levels."""
    ours, plain = [], []
    for level, strength in enumerate(DEGRADATIONS[name].strengths, start=1):
        both = milliseconds(
            lambda: degrade(image, name, level=level, generator=torch.Generator().manual_seed(0)),  # noqa: B023 run at once
            lambda: PLAIN[name](image, strength, torch.Generator().manual_seed(0)).clamp(0, 1),  # noqa: B023 run at once
        )
        ours.append(both[0])
        plain.append(both[1])
    return ours, plain


def main() -> None:
    """Print a markdown table."""
    image = as_image(PHOTO)
    print(f"{image.shape[2]} × {image.shape[1]} px, {torch.get_num_threads()} threads, torch {torch.__version__}\n")
    print("| type | ours, ms a level: mean | slowest | plain, mean | plain / ours |\n|---|---|---|---|---|")
    totals = {"all": [0.0, 0.0], "all but jpeg2000": [0.0, 0.0]}
    for name in DEGRADATIONS:
        ours, plain = measure(image, name)
        mean = statistics.mean(ours), statistics.mean(plain)
        print(f"| {name} | {mean[0]:.1f} | {max(ours):.1f} | {mean[1]:.1f} | {mean[1] / mean[0]:.1f} |")
        for label in totals if name != "jpeg2000" else ["all"]:
            totals[label][0] += sum(ours)
            totals[label][1] += sum(plain)
    for label, (ours_ms, plain_ms) in totals.items():
        print(f"\n{label} × 5 levels: ours {ours_ms:.0f} ms, plain {plain_ms:.0f} ms, {plain_ms / ours_ms:.2f} times")


if __name__ == "__main__":
    main()
