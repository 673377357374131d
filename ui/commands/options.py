"""What the commands of `qualiclip` share: their arguments and options, and how pictures and models are found."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qualiclip.errors import UsageError, one_line
from qualiclip.terminal import say

if TYPE_CHECKING:
    from qualiclip.scoring.reports import Failure
    from qualiclip.scoring.scorer import Scorer

FolderOption = Annotated[
    Path, typer.Option("--out", help="Folder for the results; made if missing.", show_default=False)
]
FormatOption = Annotated[str, typer.Option("--format", help="Of the figures: png, svg or pdf.")]
PathsArgument = Annotated[
    list[Path], typer.Argument(help="Pictures, folders of pictures, - for standard input.", show_default=False)
]
SourceArgument = Annotated[
    Path, typer.Argument(metavar="IN", help="A picture; - for standard input.", show_default=False)
]
RecursiveOption = Annotated[bool, typer.Option("--recursive", help="Look into the folders of folders.")]
ModelOption = Annotated[str, typer.Option("--model", help="Name or path of a model.")]
EngineOption = Annotated[str, typer.Option("--engine", help="How to compute: auto, eager, fused, openvino, compile.")]
PrecisionOption = Annotated[
    str, typer.Option("--precision", help="Numbers to compute with: fp32, or bf16 where the processor has it.")
]
# The largest seed is degradations.MAX_SEED, not imported here: that would load torch for --help.
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of the random parts.", min=0, max=2**31 - 1)]
PairOption = Annotated[
    list[str] | None,
    typer.Option("--pair", help='Own prompts, as "Good photo.|Bad photo."; may be given more than once.'),
]
ScaleOption = Annotated[
    float | None, typer.Option("--scale", help="Factor before the softmax; the authors' is 100, pyiqa's 50.")
]


def check_png(path: Path) -> None:
    """Check that a file to write is named as a PNG.

    Raises:
        UsageError: if it is not.
    """
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path}: the result is lossless, so its name must end in .png")


def load_scorer(
    model: str,
    *,
    engine: str = "auto",
    precision: str = "fp32",
    pairs: list[str] | None = None,
    scale: float | None = None,
) -> "Scorer":
    """A scorer that shows its progress; says on standard error which model and engine it is."""
    from qualiclip.machine import set_threads
    from qualiclip.models.prompts import parse_pair
    from qualiclip.scoring.scorer import load

    set_threads()
    own = tuple(parse_pair(text) for text in pairs) if pairs else None
    scorer = load(model, pairs=own, scale=scale, engine=engine, precision=precision, progress=True)
    checkpoint = scorer.checkpoint
    say(f"model {checkpoint.name} (sha256 {checkpoint.sha256[:12]}), engine {scorer.engine}, {scorer.precision}")
    return scorer


def find_pictures(paths: Iterable[Path], *, recursive: bool) -> "Iterator[Path | Failure]":
    """The files among the paths and the pictures in the folders among them; a folder without one is a failure."""
    from qualiclip.pictures import list_pictures
    from qualiclip.scoring.reports import Failure

    for path in paths:
        pictures = list_pictures(path, recursive=recursive) if os.path.isdir(path) else [path]
        yield from pictures
        if not pictures:
            hint = "" if recursive else "; add --recursive to look into its folders"
            yield Failure(str(path), f"no picture in this folder{hint}")


def say_failure(failure: "Failure") -> None:
    """Write a failure to standard error, in one line."""
    name = one_line(Path(failure.path or "").name)
    say(f"qualiclip: {failure.path}: {failure.error.removeprefix(f'{name}: ')}")
