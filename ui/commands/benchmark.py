"""`python -m explain benchmark`: are the heatmaps right?"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qualiclip.assets import asset
from qualiclip.errors import InputError, UsageError, one_line
from qualiclip.outputs import check_outputs
from qualiclip.terminal import put, require_output, say

from .explain_picture import check_names
from .options import EngineOption, PrecisionOption, check_models, load_scorer

if TYPE_CHECKING:
    from explain.checks.records import BenchmarkPhoto, Results, Settings
    from explain.checks.report import AboutBenchmark
    from explain.checks.summary import BenchmarkSummary
    from qualiclip.scoring.scorer import Scorer


EXAMPLES = asset("examples")

RESULTS = ("localisation.csv", "curves.csv", "weights.csv", "summary.json", "summary.md", "summary.png")
SMALLEST_SIDE = 96  # px: three of the model's positions


def find_pictures(folder: Path, count: int | None) -> list[Path]:
    """Pictures of a folder in the order of their names; with a count so many of them, evenly spread.

    Raises:
        InputError: if there is no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected one with pictures")
    from qualiclip.pictures import list_pictures

    files = list_pictures(folder, recursive=False)
    if not files:
        raise InputError(f"{folder}: no picture in this folder")
    count = len(files) if count is None else min(count, len(files))
    return [files[index * len(files) // count] for index in range(count)]


def read_examples(files: list[Path], *, short_side: int) -> "tuple[list[BenchmarkPhoto], int]":
    """The pictures, large ones reduced to a short side in px, and how many could not be read, which is said.

    Raises:
        InputError: if none could be read.
    """
    from PIL import Image

    from explain.checks.records import BenchmarkPhoto
    from qualiclip.pictures import load_picture, picture_to_image

    examples = []
    for file in files:
        try:
            picture = load_picture(file)
        except InputError as error:
            say(str(error))
            continue
        scale = short_side / min(picture.size)
        if scale < 1:
            size = round(picture.width * scale), round(picture.height * scale)
            picture = picture.resize(size, Image.Resampling.LANCZOS)
        examples.append(BenchmarkPhoto(file.name, picture_to_image(picture)))
    if not examples:
        raise InputError("none of the pictures could be read")
    return examples, len(files) - len(examples)


def _write(out: Path, results: "Results", summary: "BenchmarkSummary", about: "AboutBenchmark") -> None:
    from explain.checks.report import write_measurements, write_summary

    out.mkdir(parents=True, exist_ok=True)
    write_measurements(out, results)
    write_summary(out, summary, about)
    say(f"wrote localisation.csv, curves.csv, weights.csv and summary.json, .md and .png to {out}")


def _outputs(out: Path | None) -> list[Path]:
    return [] if out is None else [out / name for name in RESULTS]


def _find(images: Path, count: int | None, out: Path | None) -> list[Path]:
    """The pictures; refuses a folder for results that can't be made, or where results would be written over them."""
    check_outputs(_outputs(out), folder=out)
    files = find_pictures(images, count)
    check_outputs(_outputs(out), files, folder=out)
    return files


def _about(
    scorer: "Scorer", examples: "list[BenchmarkPhoto]", short_side: int, settings: "Settings", data: str
) -> "AboutBenchmark":
    from explain.checks.report import AboutBenchmark
    from qualiclip.version import __version__

    return AboutBenchmark(
        *(scorer.checkpoint.name, scorer.checkpoint.sha256, scorer.engine, __version__, data),
        *(tuple(example.name for example in examples), short_side, settings, scorer.precision),
    )


def _tell(results: "Results", about: "AboutBenchmark", out: Path | None) -> None:
    from explain.checks.report import to_markdown
    from explain.checks.summary import summarise

    summary = summarise(results)
    if out is not None:
        _write(out, results, summary, about)
    put(to_markdown(summary, about), end="")


def _check_side(short_side: int) -> None:
    if short_side < SMALLEST_SIDE:
        raise UsageError(f"short side {short_side}: expected at least {SMALLEST_SIDE} pixels")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def benchmark(
    model: Annotated[str, typer.Option("--model", help="Name or path of a model.")] = "auto",
    images: Annotated[Path | None, typer.Option("--images", help="Folder of good photos; default: examples.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for tables and a figure.")] = None,
    methods: Annotated[str, typer.Option("--methods", help="Separated by commas; default all.")] = "",
    targets: Annotated[str, typer.Option("--targets", help="By commas; default: bad, difference, two pairs.")] = "",
    types: Annotated[str, typer.Option("--types", help="Degradations, separated by commas; default eight.")] = "",
    level: Annotated[float, typer.Option("--level", "--levels", help="Of the degradation, up to 5.")] = 4,
    pictures: Annotated[int | None, typer.Option("--pictures", help="At most so many pictures.", min=1)] = None,
    short_side: Annotated[int, typer.Option("--short-side", help="To which pictures are reduced, px.")] = 384,
    curves: Annotated[int, typer.Option("--curves", help="Pictures with deletion and insertion curves.")] = 8,
    label: Annotated[str, typer.Option("--label", help="What tables call the pictures.")] = "",
    seed: Annotated[int, typer.Option("--seed", help="Of masks, degradations and random maps.", min=0)] = 0,
    engine: EngineOption = "auto",
    precision: PrecisionOption = "fp32",
) -> None:
    """Degrade known places of pictures and measure which heatmaps find them; print tables as Markdown."""
    require_output()
    check_names(_names(methods), _names(targets))
    _check_side(short_side)
    files = _find(images or EXAMPLES, pictures, out)
    check_models([model], engine=engine, precision=precision, outputs=_outputs(out))
    from explain.checks.benchmark import benchmark as measure
    from explain.checks.records import DEFAULT_TYPES, Settings, default_targets
    from explain.maps.heatmaps import METHODS

    settings = Settings(_names(methods) or tuple(METHODS), _names(types) or DEFAULT_TYPES, level, seed, curves)
    examples, failures = read_examples(files, short_side=short_side)
    scorer = load_scorer(model, engine=engine, precision=precision)
    settings = replace(settings, targets=_names(targets) or default_targets(scorer.model.pairs))
    results = measure(scorer, examples, settings)
    data = label or ("example pictures" if images is None else one_line(images.absolute().name))
    about = _about(scorer, examples, short_side, settings, data)
    _tell(results, about, out)
    if failures:
        say(f"{failures} {'picture' if failures == 1 else 'pictures'} could not be read")
        raise typer.Exit(1)
