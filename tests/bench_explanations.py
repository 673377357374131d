"""`make bench-explanations`: what each heatmap takes on top of a score, at 1024 × 768 on one core, and its memory.

A score is an encoding and a pooling of a picture that has been read. RN50 has random weights, for its speed does not
depend on them. All is called in turn, and the fastest call counts, by the processor's time: other programs take none of
it, though they slow memory down. Memory is the peak of a process that makes a score, or a score and a heatmap.
"""

import argparse
import functools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

import qualiclip
from explain.maps.heatmaps import METHODS, explain_image
from qualiclip.models.backbone import RN50
from qualiclip.scoring.scorer import Scorer
from tests.bench_engines import peak_memory, picture
from tests.clip_files import RN50_TEXT, official_state

ENGINES = ("fused", "openvino")
SIZE, LARGE = (1024, 768), (4000, 3000)  # width, height; memory is that of the large one
REPEATS = 5
WEIGHED = ("gradcam", "quality_windows", "occlusion", "ablation")


def score(scorer: Scorer, image: Tensor) -> object:
    """A report, from the image on."""
    return scorer.report(image, scorer.encode(image))


def heatmap(scorer: Scorer, feature_map: Tensor, method: str, image: Tensor) -> object:
    """A heatmap for the score that is there."""
    return explain_image(scorer.model, image, feature_map, method=method, target="difference")


def seconds(work: Callable[[], object]) -> float:
    """The processor's time for a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(model: str) -> dict[str, float]:
    """Seconds of a score by each engine and of each heatmap."""
    scorers = {engine: qualiclip.load(model, engine=engine) for engine in ENGINES}
    image, first = picture(*SIZE), scorers[ENGINES[0]]
    feature_map = first.encode(image).clone()
    works: dict[str, Callable[[], object]] = {
        **{engine: functools.partial(score, scorer, image) for engine, scorer in scorers.items()},
        **{method: functools.partial(heatmap, first, feature_map, method, image) for method in METHODS},
    }
    rounds = [{name: seconds(work) for name, work in works.items()} for _ in range(1 + REPEATS)]
    return {name: min(times[name] for times in rounds[1:]) for name in works}  # the first one warms up


def table(models: dict[str, str]) -> None:
    """Print a markdown table: milliseconds, and parts of a score."""
    measured = {name: measure(model) for name, model in models.items()}
    heads = [f"{name}: ms | of {' | of '.join(ENGINES)}" for name in models]
    print(f"| | {' | '.join(heads)} |\n|---|{'---|---|---|' * len(models)}")
    for row in (*ENGINES, *METHODS):
        cells = []
        for times in measured.values():
            cells += [f"{1000 * times[row]:.0f}", *(f"{times[row] / times[engine]:.2f}" for engine in ENGINES)]
        label = f"a score by {row}" if row in ENGINES else f"`{row}`"
        print(f"| {label} | {' | '.join(cells)} |", flush=True)


def do_one(model: str, method: str) -> None:
    """Score a large picture, make its heatmap if there is a method, and print the peak memory in GB."""
    scorer, image = qualiclip.load(model), picture(*LARGE)
    feature_map = scorer.encode(image)
    scorer.report(image, feature_map)
    if method:
        heatmap(scorer, feature_map, method, image)
    print(peak_memory())


def memory(model: str) -> None:
    """Print the peak memory of a score, and of a score with each of some heatmaps."""
    print(f"\n{LARGE[0]} × {LARGE[1]} px, RN50, peak memory in GB:")
    for method in ("", *WEIGHED):
        command = [sys.executable, "-m", "tests.bench_explanations", "--one", model, method]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        print(f"- {method or 'score'}: {float(done.stdout):.2f}", flush=True)


def main() -> None:
    """Make the weights, print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--one", nargs=2)
    parser.add_argument("--no-memory", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.one:
        do_one(*arguments.one)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rn50.pth"
        torch.save(official_state(RN50, RN50_TEXT, seed=0), path)
        table({"compact": "compact", "RN50": str(path)})
        if not arguments.no_memory:
            memory(str(path))


if __name__ == "__main__":
    main()
