"""Settings changed from the command line: `steps=100`, `losses.ranking_margin=0.1`, `leave_out=["blur"]`."""

import dataclasses
import json
import typing
from typing import Any, TypeVar

from qualiclip.errors import UsageError, shown, unknown_name

Settings = TypeVar("Settings")


def override(settings: Settings, assignments: list[str]) -> Settings:
    """Settings with fields replaced; texts are written as they are, other values as JSON.

    All assignments are taken before the settings are checked, so that their order does not count.

    Raises:
        UsageError: if an assignment is malformed, or its field or the type of its value is wrong.
    """
    changes: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise UsageError(f"{assignment!r}: expected FIELD=VALUE")
        _note(changes, settings, name.split("."), text)
    changed: Settings = _replace(settings, changes)
    return changed


def _note(changes: dict[str, Any], settings: Any, path: list[str], text: str) -> None:
    """Put the parsed value of one field into a tree of changes."""
    name = path[0]
    fields = {field.name for field in dataclasses.fields(settings)}
    if name not in fields:
        raise unknown_name("setting", name, fields)
    current = getattr(settings, name)
    if len(path) > 1:
        if not dataclasses.is_dataclass(current):
            raise UsageError(f"{name} has no part {'.'.join(path[1:])!r}; it is a single value")
        _note(changes.setdefault(name, {}), current, path[1:], text)
    else:
        changes[name] = _parse(name, text, current, typing.get_type_hints(type(settings))[name])


def _replace(settings: Any, changes: dict[str, Any]) -> Any:
    """The settings with a tree of changes."""
    return dataclasses.replace(
        settings,
        **{
            name: _replace(getattr(settings, name), value) if isinstance(value, dict) else value
            for name, value in changes.items()
        },
    )


def _parse(name: str, text: str, current: Any, kind: Any) -> Any:
    if isinstance(current, str):
        return text
    try:
        value = json.loads(text)
        if isinstance(current, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
    except (ValueError, OverflowError) as error:  # among them numbers too long for Python
        raise UsageError(f"{name}: {shown(text)} is not a number, true, false or list") from error
    if isinstance(current, tuple) and isinstance(value, list):
        value, part = tuple(value), typing.get_args(kind)[0]
        if any(type(item) is not part for item in value):
            raise UsageError(f"{name}: expected a list of {part.__name__}, got {text}")
    if type(value) is not type(current):
        raise UsageError(f"{name}: expected {type(current).__name__}, got {text}")
    return value


def flattened(settings: Any, prefix: str = "") -> dict[str, Any]:
    """Every setting by the name that `override` knows it by."""
    flat: dict[str, Any] = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        name = prefix + field.name
        flat.update(flattened(value, f"{name}.") if dataclasses.is_dataclass(value) else {name: value})
    return flat
