"""`make bench`: time and memory of a score, and of a score with its heatmap, beside what one would write first.

The plain way is the authors': the eager network, attention pooling with every token as a query, and pytorch-grad-cam
on the whole of it. RN50 has random weights, for its speed does not depend on them. Each way is called in turn with the
plain one, and the fastest of its calls counts: noise only adds. Memory is the peak of a process of its own.
"""

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from pytorch_grad_cam import GradCAM
from torch import Tensor, nn
from torch.nn import functional

import qualiclip
from explain.maps.heatmaps import explain_image
from qualiclip.engines.table import bf16_supported
from qualiclip.machine import set_threads
from qualiclip.models.backbone import RN50
from qualiclip.models.qualiclip import QualityModel
from qualiclip.scoring.scorer import Scorer
from tests.clip_files import RN50_TEXT, official_state

SIZES = ((512, 384), (1024, 768), (2048, 1536))  # width, height
PLAIN = "plain"
WEIGHED = (PLAIN, "eager", "fused", "openvino")  # whose memory is measured
REPEATS = 5
Works = tuple[Callable[[Tensor], object], Callable[[Tensor], object]]


class PlainModel(nn.Module):
    """Image (1, 3, H, W) → score (1,), as the authors' code computes it."""

    def __init__(self, model: QualityModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Tensor:
        features = self.model.feature_map(image)
        tokens = features.flatten(2).permute(2, 0, 1)  # (h·w, 1, C)
        tokens = torch.cat([tokens.mean(dim=0, keepdim=True), tokens])
        pool = self.model.backbone.attnpool
        pooled, _ = functional.multi_head_attention_forward(
            tokens,
            tokens,
            tokens,
            tokens.shape[-1],
            pool.heads,
            None,
            torch.cat([pool.q_proj.bias, pool.k_proj.bias, pool.v_proj.bias]),
            None,
            None,
            False,
            0.0,
            pool.c_proj.weight,
            pool.c_proj.bias,
            training=False,
            need_weights=False,
            use_separate_proj_weight=True,
            q_proj_weight=pool.q_proj.weight,
            k_proj_weight=pool.k_proj.weight,
            v_proj_weight=pool.v_proj.weight,
        )
        embedding = functional.normalize(pooled[0], dim=-1)
        cosines = torch.einsum("nd,kpd->nkp", embedding, self.model.prompt_features)
        return torch.softmax(self.model.settings.scale * cosines, dim=-1)[..., 0].mean(dim=-1)


def plain_work(model: QualityModel) -> Works:
    """Score, and score with heatmap, as one would write them first."""
    plain = PlainModel(model)

    def score(image: Tensor) -> object:
        with torch.no_grad():
            return plain(image[None])

    def heatmap(image: Tensor) -> object:
        with GradCAM(model=plain, target_layers=[model.backbone.layer4]) as cam:
            return cam(input_tensor=image[None], targets=[lambda output: output.sum()])

    return score, heatmap


def our_work(scorer: Scorer) -> Works:
    """The same with ours."""

    def score(image: Tensor) -> object:
        return scorer.report(image, scorer.encode(image))

    def heatmap(image: Tensor) -> object:
        feature_map = scorer.encode(image)
        return scorer.report(image, feature_map), explain_image(
            scorer.model, image, feature_map, method="gradcam", target="difference"
        )

    return score, heatmap


def build(name: str, weights: str) -> Works:
    """What to time, by a name such as "fused", "fused bf16" or "compact fused"."""
    words = name.split()
    model = "compact" if words[0] == "compact" else weights
    engine = next(word for word in words if word not in {"compact", "bf16"})
    if engine == PLAIN:
        return plain_work(qualiclip.load(model, engine="eager").model.requires_grad_())
    return our_work(qualiclip.load(model, engine=engine, precision="bf16" if "bf16" in words else "fp32"))


def picture(width: int, height: int) -> Tensor:
    """An image (3, H, W)."""
    coarse = torch.rand((1, 3, 60, 80), generator=torch.Generator().manual_seed(0))
    return functional.interpolate(coarse, size=(height, width), mode="bilinear")[0]


def seconds(works: list[Callable[[Tensor], object]], image: Tensor, repeats: int) -> list[float]:
    """Shortest time of each, called in turn."""
    for work in works:
        work(image)
    times: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for work, own in zip(works, times, strict=True):
            start = time.perf_counter()
            work(image)
            own.append(time.perf_counter() - start)
    return [min(own) for own in times]


def beside_plain(works: dict[str, Works], kind: int, image: Tensor) -> dict[str, tuple[float, float]]:
    """Seconds of each way, and of the plain one beside it; for large pictures the plain one is timed only once."""
    if image.shape[2] >= 2000:
        alone = seconds([work[kind] for work in works.values()], image, 1)
        return {name: (own, alone[0]) for name, own in zip(works, alone, strict=True)}
    pairs = {name: seconds([work[kind], works[PLAIN][kind]], image, REPEATS) for name, work in works.items()}
    return {name: (own, plain) for name, (own, plain) in pairs.items()}


def peak(name: str, weights: str, kind: int, size: tuple[int, int]) -> float:
    """Peak memory [GB] of a process that does it once."""
    command = [
        sys.executable,
        "-m",
        "tests.bench_engines",
        "--weights",
        weights,
        "--one",
        name,
        str(kind),
        *map(str, size),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def peak_memory() -> float:
    """Peak memory of this process so far [GB]."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024 / 1e9


def do_one(name: str, weights: str, kind: int, size: tuple[int, int]) -> None:
    """Do it once and print the peak memory of this process, in GB."""
    build(name, weights)[kind](picture(*size))
    print(peak_memory())


def table(names: list[str], weights: str, *, memory: bool) -> None:
    """Print a markdown table for each size."""
    works = {name: build(name, weights) for name in names}
    for size in SIZES:
        image = picture(*size)
        score, heatmap = (beside_plain(works, kind, image) for kind in (0, 1))
        print(f"\n### {size[0]} × {size[1]} px\n")
        print("| | score, s | plain / it | with heatmap, s | plain / it | heatmap / score | GB: score | with heatmap |")
        print("|---|---|---|---|---|---|---|---|")
        for name in names:
            weighed = memory and name in WEIGHED and size[0] > 1000
            peaks = [f"{peak(name, weights, kind, size):.2f}" if weighed else "–" for kind in (0, 1)]
            cells = (
                *(name, f"{score[name][0]:.3f}", f"{score[name][1] / score[name][0]:.2f}"),
                *(f"{heatmap[name][0]:.3f}", f"{heatmap[name][1] / heatmap[name][0]:.2f}"),
                *(f"{heatmap[name][0] / score[name][0]:.2f}", *peaks),
            )
            print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Make the weights, print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights")
    parser.add_argument("--one", nargs=4)
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--compile", action="store_true", help="also torch's inductor, which takes a minute to compile")
    arguments = parser.parse_args()
    set_threads()
    if arguments.one:
        name, kind, width, height = arguments.one
        do_one(name, arguments.weights, int(kind), (int(width), int(height)))
        return
    precisions = ["", " bf16"] if bf16_supported() else [""]
    engines = ["eager", "fused", "openvino", *(["compile"] if arguments.compile else [])]
    names = [
        PLAIN,
        *("".join(parts) for parts in itertools.product(engines, precisions)),
        "compact fused",
        "compact openvino",
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rn50.pth"
        torch.save(official_state(RN50, RN50_TEXT, seed=0), path)
        print(f"RN50 and compact, {torch.get_num_threads()} threads, torch {torch.__version__}")
        table(names, str(path), memory=not arguments.no_memory)


if __name__ == "__main__":
    main()
