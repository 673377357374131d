"""What the commands of `qualiclip` share: their arguments and options, and how pictures and models are found."""

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qualiclip.errors import InputError, TrainingError, UsageError, one_line, unknown_name
from qualiclip.outputs import check_distinct, check_outputs, shown
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
# The names in engines.ENGINES and PRECISIONS, not imported here: that would load torch to refuse a name.
ENGINE_NAMES = ("auto", "eager", "fused", "openvino", "compile")
PRECISION_NAMES = ("fp32", "bf16")
EngineOption = Annotated[str, typer.Option("--engine", help=f"How to compute: {', '.join(ENGINE_NAMES)}.")]
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


def check_models(
    names: Iterable[str],
    *,
    engine: str = "auto",
    precision: str = "fp32",
    pairs: Sequence[str] | None = None,
    scale: float | None = None,
    outputs: Iterable[Path | None] = (),
) -> None:
    """Refuse all that can be refused of models before one is loaded, which is dear; outputs that are their files, too.

    Raises:
        UsageError: if a name or an own prompt pair is unknown or malformed, the scale is not positive, or a model
            would be written over.
        WeightsError: if a checkpoint is not there.
    """
    from qualiclip.models.prompts import parse_pair

    if engine not in ENGINE_NAMES:
        raise unknown_name("engine", engine, ENGINE_NAMES)
    if precision not in PRECISION_NAMES:
        raise unknown_name("precision", precision, PRECISION_NAMES)
    for text in pairs or ():
        parse_pair(text)
    if scale is not None and not 0 < scale < math.inf:
        raise UsageError(f"scale {scale}: expected a positive number; the authors' is 100, pyiqa's 50")
    from qualiclip.weights.registry import model_files  # loads torch

    check_distinct(outputs, [file for name in names for file in model_files(name)])


def check_source(source: Path) -> None:
    """Refuse a picture that is not there, as its reader would, but without loading what reads it.

    Raises:
        InputError: if there is no such file.
    """
    if not _is_there(source):
        raise InputError(f"{shown(source.name)}: no such file; check the path")


def check_photos(photos: Path) -> None:
    """Refuse a folder of photos that is not there.

    Raises:
        TrainingError: if it is not.
    """
    if not photos.is_dir():
        raise TrainingError(f"no photos found in {shown(photos)}: no such folder; expected files such as .jpg or .png")


def check_one(
    source: Path,
    model: str,
    outputs: Iterable[Path | None],
    *,
    folder: Path | None = None,
    engine: str,
    precision: str,
    pairs: Sequence[str] | None = None,
    scale: float | None = None,
) -> None:
    """What a command on one picture and one model can refuse before either is loaded; `folder` is one that it makes.

    Raises:
        UsageError: if a name is unknown, or an output is an input, too.
        InputError: if the picture is not there, or an output can't be written.
        WeightsError: if a checkpoint is not there.
    """
    wanted = list(outputs)
    check_source(source)
    check_outputs(wanted, [source], folder=folder)
    check_models([model], engine=engine, precision=precision, pairs=pairs, scale=scale, outputs=wanted)


def _is_there(source: Path) -> bool:
    return str(source) == "-" or os.path.exists(source)


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


def find_scorable(paths: Iterable[Path], *, recursive: bool) -> "list[Path | Failure]":
    """As `find_pictures`; where none of the files is there, all are failures: then no model need be loaded."""
    found = list(find_pictures(paths, recursive=recursive))
    if any(isinstance(item, Path) and _is_there(item) for item in found):
        return found
    return [_missing(item) if isinstance(item, Path) else item for item in found]


def _missing(path: Path) -> "Failure":
    from qualiclip.scoring.reports import Failure

    return Failure(str(path), f"{shown(path.name)}: no such file; check the path")


def say_failure(failure: "Failure") -> None:
    """Write a failure to standard error, in one line."""
    name = one_line(Path(failure.path or "").name)
    say(f"qualiclip: {failure.path}: {failure.error.removeprefix(f'{name}: ')}")
