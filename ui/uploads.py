"""What visitors send: files they uploaded, as they uploaded them, and nothing that the server would have to fetch."""

import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.data_classes import ImageData, ListFiles

from .intake import Upload


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
    """Refuse web addresses in the place of files, for every kind of component on a page.

    Gradio would download what the address names, of any size, before a component sees it. (That a local path is of an
    uploaded file, Gradio checks by itself.) The classes are changed, not the instances: a visitor whose component was
    updated has a new instance of it.
    """
    for kind in {type(block) for block in page.blocks.values() if isinstance(block, Component)}:
        keep = kind.async_move_resource_to_block_cache
        if not hasattr(keep, "refuses_addresses"):
            kind.async_move_resource_to_block_cache = _refuse_addresses(keep)  # type: ignore[assignment, method-assign]


Keep = Callable[[Any, str | Path | None], Coroutine[Any, Any, str | None]]


def _refuse_addresses(keep: Keep) -> Keep:
    async def keep_uploaded(component: Any, path: str | Path | None) -> str | None:
        if str(path).lower().startswith(("http:", "https:")):
            raise gr.Error("Send the file itself: this server fetches nothing from the web.", print_exception=False)
        return await keep(component, path)

    keep_uploaded.refuses_addresses = True  # type: ignore[attr-defined]
    return keep_uploaded
