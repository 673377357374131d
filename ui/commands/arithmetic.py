"""`qualiclip arithmetic`: how a score comes about."""

from pathlib import Path
from typing import Annotated

import typer

from qualiclip.version import __version__

from .options import EngineOption, ModelOption, PairOption, PrecisionOption, ScaleOption, SourceArgument, load_scorer


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
    from explain.figures.arithmetic import arithmetic_figure
    from explain.numbers.arithmetic import TABLES, arithmetic, as_text
    from qualiclip.drawing.files import figure_format, model_line, report_facts, save_figure

    if out is not None and out.suffix.lower() not in TABLES:
        figure_format(out)
    report = load_scorer(model, engine=engine, precision=precision, pairs=pair, scale=scale).score(source)
    steps = arithmetic(report)
    if out is None:
        typer.echo(as_text(steps), nl=False)
        return
    if out.suffix.lower() in TABLES:
        out.write_text(TABLES[out.suffix.lower()](steps), encoding="utf-8")
        return
    lines = [f"{source.name} at {report.width} × {report.height} px", model_line(report)]
    facts = {"Picture": source.name, **report_facts(report), "Seed": "none"}
    description = "\n".join([f"How {report.score:.4f} is made", *lines])
    save_figure(arithmetic_figure(steps, facts=lines), out, description=description, version=__version__, facts=facts)
