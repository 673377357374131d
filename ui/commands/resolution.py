"""`qualiclip resolution`: how sure a score is, by other sizes and by windows."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qualiclip.outputs import check_format
from qualiclip.terminal import put, require_output, say
from qualiclip.version import __version__

from .options import (
    EngineOption,
    FolderOption,
    FormatOption,
    ModelOption,
    PrecisionOption,
    SourceArgument,
    check_one,
    load_scorer,
)

if TYPE_CHECKING:
    from PIL import Image

    from explain.numbers.resolution import Resolution


def resolution(
    source: SourceArgument,
    out: FolderOption,
    model: ModelOption = "auto",
    grid: Annotated[int, typer.Option("--grid", help="Windows in a row; 0 for none.", min=0, max=8)] = 3,
    overlap: Annotated[float, typer.Option("--overlap", help="Share of a window that the next covers too.")] = 0.5,
    as_json: Annotated[bool, typer.Option("--json", help="Also print the table as JSON.")] = False,
    engine: EngineOption = "auto",
    precision: PrecisionOption = "fp32",
    suffix: FormatOption = "png",
) -> None:
    """Score a picture at smaller sizes and window by window, to see how sure its score is: resolution.csv and .png."""
    from tqdm import tqdm

    if as_json:
        require_output()
    check_format(suffix)
    table, figure = outputs = [out / "resolution.csv", out / f"resolution.{suffix}"]
    check_one(source, model, outputs, folder=out, engine=engine, precision=precision)
    from explain.numbers.resolution import RESOLUTION_COLUMNS, ResolutionSettings, measure_resolution, resolution_cells
    from qualiclip.pictures import as_image, image_to_picture
    from qualiclip.scoring.tables import csv_rows

    settings = ResolutionSettings(grid=grid, overlap=overlap)
    image = as_image(source)
    scorer = load_scorer(model, engine=engine, precision=precision)
    out.mkdir(parents=True, exist_ok=True)
    with tqdm(unit="part", disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        result = measure_resolution(image, scorer, settings=settings, progress=progress)
    rows = list(resolution_cells(result))
    with csv_rows(table, RESOLUTION_COLUMNS, [part.name for part in result.own.parts]) as write_row:
        for cells, report in rows:
            write_row({"picture": source.name, **cells}, report)
    if as_json:
        parts = [{**report.to_dict(), **cells, "path": str(source)} for cells, report in rows]
        put(json.dumps(parts, indent=2, ensure_ascii=False))
    _save_resolution(figure, source.name, image_to_picture(image), result, settings.overlap)
    say(result.note)


def _save_resolution(path: Path, name: str, picture: "Image.Image", result: "Resolution", overlap: float) -> None:
    from explain.figures.resolution import resolution_figure
    from qualiclip.drawing.files import model_line, report_facts, save_figure

    lines = [f"{name} at {picture.width} × {picture.height} px", model_line(result.own)]
    figure = resolution_figure(picture, result, title="How the score depends on size and place", facts=lines)
    facts = {"Picture": name, "Size": f"{picture.width} × {picture.height} px", **report_facts(result.own)}
    facts |= {"Windows": f"{len(result.windows)}, overlap {overlap:g}", "Seed": "none"}
    facts["Sizes"] = ", ".join(f"{size.share:g}" for size in result.sizes)
    description = "\n".join([*lines, result.note])
    save_figure(figure, path, description=description, version=__version__, facts=facts)
    say(f"wrote resolution.csv and {path.name} to {path.parent}")
