"""What visitors send: files they uploaded, as they uploaded them, and nothing that the server would have to fetch."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import ImageData, ListFiles

from .intake import Upload

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
        return await preprocess(function, inputs, *args, **kwargs)

    page.preprocess_data = preprocess_uploads  # type: ignore[method-assign, assignment]


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
