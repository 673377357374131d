"""What visitors send: files they uploaded, as they uploaded them, and nothing that the server would have to fetch."""

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import ImageData, ListFiles

from qualiclip.errors import shown

from .intake import Upload

_MISSING = object()
_FIELDS = {"path": str, "url": str, "orig_name": str, "mime_type": str, "size": int, "is_stream": bool}  # of a file
UPLOADED = {"_type": "gradio.FileData"}  # what makes Gradio check that a path is in the folder of uploads


def _uploaded_path(payload: ImageData | None) -> str | None:
    return payload.path if payload is not None else None


def photo_input(**settings: Any) -> gr.Image:
    """A `gr.Image` whose value is the path of the uploaded file, untouched and not yet opened.

    Gradio's own `type="filepath"` opens the file with Pillow first, so a damaged, huge or HEIC file would fail with
    Gradio's words before our loader can say what is wrong with it. A method of the instance is replaced instead of
    making a subclass because Gradio writes a stub file beside the source of every subclass.
    """
    image = gr.Image(type="filepath", image_mode=None, format="png", **settings)
    image.preprocess = _uploaded_path  # type: ignore[method-assign]
    return image


def _uploads(payload: ListFiles | None) -> list[Upload]:
    """Uploaded files, by the names that the visitor's computer gave them, without their folders."""
    files = payload.root if payload is not None else []
    return [Upload(Path(file.path), re.split(r"[/\\]", file.orig_name or file.path)[-1]) for file in files]


def files_input(**settings: Any) -> gr.File:
    """A `gr.File` for several files, whose value is a list of `Upload`s, not yet opened.

    Gradio's own value would leave an empty temporary file behind for each, and not the names.
    """
    files = gr.File(file_count="multiple", **settings)
    files.preprocess = _uploads  # type: ignore[method-assign, assignment]
    return files


def forbid_fetching(page: gr.Blocks) -> None:
    """Let a visitor name uploaded files only, for every component of a page: no web address, no file of the server.

    Gradio would download what an address names, of any size, before a component sees it. And where a payload lacks
    `meta`, Gradio's own check of local paths passes by the components for images and galleries.
    """
    preprocess = page.preprocess_data

    async def preprocess_uploads(function: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> Any:
        for file in _named_files(inputs):
            _require_upload(file)
        _require_arguments(function.inputs, inputs)
        return await preprocess(function, inputs, *args, **kwargs)

    page.preprocess_data = preprocess_uploads  # type: ignore[method-assign, assignment]


def _require_arguments(widgets: Sequence[Any], values: Sequence[Any]) -> None:
    """Refuse calls with too few values, and values that are no files where files are meant, which Gradio fails on."""
    for widget, value in zip_longest(widgets, values[: len(widgets)], fillvalue=_MISSING):
        label = getattr(widget, "label", None) or "value"
        if value is _MISSING:
            raise gr.Error(f"{label}: missing; the call needs {len(widgets)} values", print_exception=False)
        data_model = getattr(widget, "data_model", None)
        files = value if data_model is ListFiles and isinstance(value, list) else [value]
        if data_model in (ImageData, ListFiles) and value is not None and not all(map(_names_a_file, files)):
            raise gr.Error(f"{label}: expected an uploaded file, got {shown(value)}", print_exception=False)


def _names_a_file(value: Any) -> bool:
    """Whether a visitor's data has the form of a file's description, so that Gradio can take it for one."""
    return (
        isinstance(value, dict)
        and bool(value.get("path"))
        and all(value.get(name) is None or type(value[name]) is kind for name, kind in _FIELDS.items())
    )


def _named_files(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a visitor's data that names a file, however deep."""
    if isinstance(value, dict):
        if value.get("path") or value.get("url"):
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _named_files(part)


def _require_upload(file: dict[str, Any]) -> None:
    path = file.get("path")
    if str(path).lower().startswith(("http:", "https:")):
        raise gr.Error("Send the file itself: this server fetches nothing from the web.", print_exception=False)
    if not path or file.get("meta") != UPLOADED:
        raise gr.Error("Send a file that was uploaded: this server opens no other.", print_exception=False)
