"""`make bench-sweep`: a sweep of 24 types × 5 levels through the real server, beside 120 single scores in one process.

The photo is the lake at 384 px, the model `compact`. The server sweeps through its tab's generator, behind `/sweep`;
each time another seed, for it remembers. Each way is called in turn with the other; the fastest of its calls counts,
for noise only adds.
"""

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import joblib
import torch
from gradio_client import Client, handle_file

import qualiclip
from qualiclip.crops import reduced
from qualiclip.degradations import DEGRADATIONS, degrade
from qualiclip.machine import set_threads
from qualiclip.pictures import image_to_picture, picture_to_image
from qualiclip.scoring.scorer import Scorer
from qualiclip.scoring.sweep import LEVELS
from tests.browser.conftest import Server

PHOTO = Path(__file__).resolve().parent.parent / "assets" / "examples" / "lake.png"
SIDE = 384
REPEATS = 3


def single_scores(scorer: Scorer, seed: int) -> None:
    """Every type and level, degraded and scored one by one."""
    image = picture_to_image(reduced(image_to_picture(scorer.read(PHOTO)), SIDE))
    for name in DEGRADATIONS:
        for level in LEVELS[1:]:
            degraded = degrade(image, name, level=level, generator=torch.Generator().manual_seed(seed))
            scorer.score(image_to_picture(degraded))


def seconds(work: Callable[[int], object], seed: int) -> float:
    start = time.perf_counter()
    work(seed)
    return time.perf_counter() - start


def main() -> None:
    """Print both times and their ratio."""
    set_threads()
    scorer = qualiclip.load("compact")
    server = Server()
    try:
        client = Client(server.url, verbose=False)

        def swept(seed: int) -> object:
            return client.predict(handle_file(PHOTO), [], SIDE, seed, api_name="/sweep")

        for work in (swept, lambda seed: single_scores(scorer, seed)):
            work(0)  # the first call loads and builds
        through, single = [], []
        for seed in range(1, REPEATS + 1):
            through.append(seconds(swept, seed))
            single.append(seconds(lambda seed: single_scores(scorer, seed), seed))
    finally:
        server.stop()
    print(f"{joblib.cpu_count()} cores, engine {scorer.engine}, load {os.getloadavg()[0]:.1f}\n")
    print("| way | fastest, s | median, s |\n|---|---|---|")
    for label, times in (("a sweep through the server", through), ("120 single scores, one process", single)):
        print(f"| {label} | {min(times):.2f} | {statistics.median(times):.2f} |")
    print(f"\nsweep / single scores: {min(through) / min(single):.2f}")


if __name__ == "__main__":
    main()
