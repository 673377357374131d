"""`qualiclip arithmetic`: how a score comes about."""

from pathlib import Path
from typing import Annotated

import typer

from explain.maps.defaults import TABLE_ENDINGS
from qualiclip.outputs import FIGURE_ENDINGS, check_ending, write_text
from qualiclip.terminal import put, require_output
from qualiclip.version import __version__

from .options import (
    EngineOption,
    ModelOption,
    PairOption,
    PrecisionOption,
    ScaleOption,
    SourceArgument,
    check_one,
    load_scorer,
)


def arithmetic(
    source: SourceArgument,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write it as .txt, .md, .csv, .png, .svg or .pdf instead.")
    ] = None,
    model: ModelOption = "auto",
    engine: EngineOption = "auto",
    precision: PrecisionOption = "fp32",
    pair: PairOption = None,
    scale: ScaleOption = None,
) -> None:
    """Print how a score comes about: cosine, times the scale, softmax, mean, for every prompt pair."""
    if out is None:
        require_output()
    else:
        check_ending(out, (*TABLE_ENDINGS, *FIGURE_ENDINGS), what="the name of a result")
    check_one(source, model, [out], engine=engine, precision=precision, pairs=pair, scale=scale)
    from explain.figures.arithmetic import arithmetic_figure
    from explain.numbers.arithmetic import TABLES, arithmetic, as_text
    from qualiclip.drawing.files import model_line, report_facts, save_figure
    from qualiclip.pictures import as_image

    image = as_image(source)
    report = load_scorer(model, engine=engine, precision=precision, pairs=pair, scale=scale).score(image)
    steps = arithmetic(report)
    if out is None:
        put(as_text(steps), end="")
        return
    if out.suffix.lower() in TABLES:
        write_text(out, TABLES[out.suffix.lower()](steps))
        return
    lines = [f"{source.name} at {report.width} × {report.height} px", model_line(report)]
    facts = {"Picture": source.name, **report_facts(report), "Seed": "none"}
    description = "\n".join([f"How {report.score:.4f} is made", *lines])
    save_figure(arithmetic_figure(steps, facts=lines), out, description=description, version=__version__, facts=facts)
