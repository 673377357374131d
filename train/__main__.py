"""`python -m train`: fit a model on a folder of photos, evaluate one against human opinions."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from qualiclip.errors import UsageError, look_up, unknown_name
from qualiclip.terminal import run

from .evaluate_command import evaluate

app = typer.Typer(
    help="Train a quality model without human scores, and evaluate models.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def override(settings: Any, assignments: list[str]) -> Any:
    """Settings with fields replaced as in `steps=100` or `losses.ranking_margin=0.1`; values are JSON.

    Raises:
        UsageError: if an assignment is malformed, or its field or the type of its value is wrong.
    """
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise UsageError(f"{assignment!r}: expected FIELD=VALUE")
        settings = _replace(settings, name.split("."), text)
    return settings


def _replace(settings: Any, path: list[str], text: str) -> Any:
    fields = {field.name for field in dataclasses.fields(settings)}
    if path[0] not in fields:
        raise unknown_name("setting", path[0], fields)
    current = getattr(settings, path[0])
    if len(path) > 1:
        if not dataclasses.is_dataclass(current):
            raise UsageError(f"{path[0]} has no part {'.'.join(path[1:])!r}; it is a single value")
        return dataclasses.replace(settings, **{path[0]: _replace(current, path[1:], text)})
    return dataclasses.replace(settings, **{path[0]: _parse(path[0], text, current)})


def _parse(name: str, text: str, current: Any) -> Any:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{name}: {text!r} is not a number, true, false or list") from error
    if isinstance(current, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if isinstance(current, tuple) and isinstance(value, list):
        value = tuple(value)
        if any(type(part) is not type(current[0]) for part in value):
            raise UsageError(f"{name}: expected a list of {type(current[0]).__name__}, got {text}")
    if type(value) is not type(current):
        raise UsageError(f"{name}: expected {type(current).__name__}, got {text}")
    return value


@app.command()
def fit(
    recipe: Annotated[str, typer.Argument(help="compact or smoke.", show_default=False)],
    photos: Annotated[Path, typer.Option("--photos", help="Folder of pristine photos.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.", show_default=False)],
    changes: Annotated[list[str] | None, typer.Option("--set", help="FIELD=VALUE, may be repeated.")] = None,
    device: Annotated[str, typer.Option("--device", help="cpu or cuda.")] = "cpu",
    start_from: Annotated[str | None, typer.Option("--start-from", help="Model to go on from.")] = None,
) -> None:
    """Run a recipe on a folder of photos; a stopped run goes on when started again."""
    import torch

    from . import trainer
    from .recipes import RECIPES

    settings = override(look_up(RECIPES, recipe, kind="recipe"), changes or [])
    if device not in ("cpu", "cuda") or (device == "cuda" and not torch.cuda.is_available()):
        raise UsageError(f"device {device!r} is not available here; use cpu")
    typer.echo(trainer.fit(settings, photos, out, device=torch.device(device), start_from=start_from))


app.command()(evaluate)


if __name__ == "__main__":  # data workers import this file again under another name
    sys.exit(run(app, "python -m train"))
