"""`make docs`: what is in docs/ from the code: the table and the picture of the degradations, the paper's doubts."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from matplotlib.figure import Figure
from PIL import Image

from qualiclip.degradations import DEGRADATIONS, GROUPS, degrade
from qualiclip.prose import markdown_table
from qualiclip.scoring.scorer import load
from tests.document_architecture import main as draw_architecture
from train.recipes.overrides import flattened
from train.recipes.table import PAPER_DOUBTS, RECIPES

DOCS = Path(__file__).resolve().parent.parent / "docs"
EXAMPLE = DOCS.parent / "assets" / "examples" / "coffee.png"
INTRODUCTION = """# The 24 degradations

Those of KADID-10k in the selection that ARNIQA and QualiCLIP train on, in seven groups, each at five levels. Written
anew from their definitions; "the port" is ARNIQA's Python version of KADID's MATLAB code, which most projects copy.

- **Exact.** Where the port is right, ours equals it within 1/255 on average (3/255 for the codecs and for what the port
  cuts to 8 bits). Strengths differ from the published ones only where those do not rise in severity.
- **Ordered.** Each level is further from the original than the one before: measured below.
- **Continuous.** Any level from 0, the exact identity, to 5. Strengths between levels are interpolated; variances,
  compression ratios and numbers of bins by ratio. Counts, JPEG qualities and picture sizes are whole numbers, so there
  it goes in steps.
- **Nested.** Angle, sign, noise field and positions come from a generator: the same seed at a higher level is the same
  draw, stronger.
- **Regional.** `degrade(..., mask=mask)` degrades where the mask is 1, not where it is 0, and mixes in between.
- **Anywhere.** From 16 × 16 px up, any floating dtype, single images or batches, on the device of the image; `jpeg` and
  `jpeg2000` go through codecs on the CPU.

![Levels 1 to 5 of all types](degradations.png)

Regenerate this page with `make docs`. The picture is `qualiclip sweep assets/examples/coffee.png --side 384`, at half
its size; the numbers are scores of `compact`.
"""
COLUMNS = ("type", "what it does", "strength", "levels 1 to 5", "as published", "otherwise than in the port")
DOUBTS_COLUMNS = ("setting", "value", "how surely")
ORDERING_TITLE = "## How well the levels are ordered"


def numbers(values: tuple[float, ...]) -> str:
    """Values as people write them."""
    return ", ".join(f"{value:g}" for value in values)


def cells(name: str) -> tuple[str, ...]:
    """The row of a type."""
    row = DEGRADATIONS[name]
    published = "the same" if row.published is None else numbers(row.published)
    return f"`{name}`", row.description, row.unit, numbers(row.strengths), published, row.correction or "–"


def table() -> str:
    """What each type does, its strengths and the published ones, and what was corrected, by group."""
    lines = ["## Types, strengths and corrections"]
    for group, names in GROUPS.items():
        title = group.replace("_", " and ").replace("color", "colour").capitalize()
        lines += ["", f"### {title}", ""]
        lines += markdown_table(COLUMNS, map(cells, names))
    return "\n".join(lines) + "\n"


def page(ordering: str) -> str:
    """The whole page; the measured part is handed through, for it takes a folder of photos."""
    return f"{INTRODUCTION}\n{table()}\n{ordering}"


def measured_part(text: str) -> str:
    """The part of the page that was measured."""
    return text[text.index(ORDERING_TITLE) :]


def doubts() -> str:
    """The doubtful settings of the paper's recipe, as a table."""
    values = flattened(RECIPES["paper"])
    rows = [(f"`{name}`", json.dumps(values[name]), doubt) for name, doubt in PAPER_DOUBTS.items()]
    return "\n".join(markdown_table(DOUBTS_COLUMNS, rows))


def with_doubts(text: str) -> str:
    """The page on training with that table as the code has it."""
    start = text.index(markdown_table(DOUBTS_COLUMNS, [])[0])
    return text[:start] + doubts() + text[text.index("\n\n", start) :]


def run(*arguments: str) -> None:
    """Run `qualiclip` with the model of the repository."""
    subprocess.run([sys.executable, "-m", "qualiclip", *arguments, "--model", "compact"], check=True)


def smaller(figure: Path, *, share: float) -> Image.Image:
    """A figure at a share of its size, for a page."""
    with Image.open(figure) as drawn:
        size = (round(drawn.width * share), round(drawn.height * share))
        return drawn.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def draw_examples(folder: Path) -> None:
    """Write docs/degradations.png, docs/arithmetic.png and docs/resolution.png, by way of a folder."""
    run("sweep", str(EXAMPLE), "--out", str(folder), "--side", "384")
    smaller(folder / "contact_sheet.png", share=0.5).save(DOCS / "degradations.png", optimize=True)
    run("arithmetic", str(EXAMPLE), "--out", str(folder / "arithmetic.png"), "--engine", "eager")
    run("resolution", str(EXAMPLE), "--out", str(folder), "--engine", "eager")
    for name in ("arithmetic.png", "resolution.png"):
        smaller(folder / name, share=0.42).save(DOCS / name, optimize=True)


# Pictures that compact gets wrong: the file, what is done to it and how strongly, and what is wrong about the answer.
FAILURES = (
    ("tulips.png", "high_sharpen", 4, "soft surfaces count as blur,\nhalos as sharpness"),
    ("rocket.jpg", "color_saturation_hsv", 4, "a night sky that lost its colour\nis preferred"),
)


def draw_failures(path: Path) -> None:
    """Write a figure of pictures whose degraded version has the higher score."""
    scorer = load("compact", engine="fused")
    figure = Figure(figsize=(8, 5.6), layout="constrained")
    for column, (name, kind, level, reason) in enumerate(FAILURES):
        image = scorer.read(EXAMPLE.parent / name)
        degraded = degrade(image, kind, level=level, generator=torch.Generator().manual_seed(1))
        for row, (version, label) in enumerate(((image, "as it is"), (degraded, f"{kind}, level {level}"))):
            axes = figure.add_subplot(2, len(FAILURES), 1 + column + row * len(FAILURES))
            axes.imshow(version.permute(1, 2, 0).numpy())
            axes.set_title(f"{scorer.score(version).score:.2f}   {label}", fontsize=11)
            axes.axis("off")
        axes.text(0.5, -0.06, reason, transform=axes.transAxes, ha="center", va="top", fontsize=11)
    figure.savefig(path, dpi=80, metadata={"Software": None})


def main() -> None:
    """Write docs/degradations.md, the table in docs/training.md, the example figures and the architecture."""
    draw_architecture()
    draw_failures(DOCS / "compact_failures.png")
    training = DOCS / "training.md"
    training.write_text(with_doubts(training.read_text(encoding="utf-8")), encoding="utf-8")
    file = DOCS / "degradations.md"
    ordering = measured_part(file.read_text(encoding="utf-8")) if file.exists() else f"{ORDERING_TITLE}\n"
    file.write_text(page(ordering), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        draw_examples(Path(folder))


if __name__ == "__main__":
    main()
