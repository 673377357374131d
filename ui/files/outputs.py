"""How pictures leave: as PNG files that are written once, and quickly."""

import hashlib
import os
import secrets
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio.to_thread
import gradio as gr
from gradio.blocks import Block
from PIL import Image

from .png import write_png
from .tidy import temporary_folder

_SECRET = secrets.token_bytes(16)  # so that nobody can tell the address of a picture from the picture


def save_png(picture: Image.Image) -> Path:
    """The picture as a file among the temporary ones; the same pixels give the same file, which is then younger."""
    digest = hashlib.blake2b(picture.tobytes(), key=_SECRET, salt=repr(picture.size).encode()[:16], digest_size=16)
    path = temporary_folder() / digest.hexdigest() / "image.png"
    try:
        os.utime(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{uuid.uuid4().hex}.part")
        write_png(picture, draft)
        draft.replace(path)  # a second writer, or a reader, never meets half a file
    return path


def quick_pngs(page: gr.Blocks) -> None:
    """Let every picture that a page's functions return leave by `save_png`.

    Gradio would encode each picture anew in every answer, at Pillow's slow choice: three times a fifth of a second
    for a move of one slider. (A method of the page is replaced, not of its components: a visitor whose component was
    updated has a new one.)
    """
    postprocess = page.postprocess_data

    async def save_first(function: Any, predictions: Any, state: Any) -> Any:
        saved = await anyio.to_thread.run_sync(as_files, function.outputs, predictions)
        return await postprocess(function, saved, state)

    page.postprocess_data = save_first  # type: ignore[assignment, method-assign]


def as_files(outputs: Sequence[Block], values: Any) -> Any:
    """What a function returned for those outputs, with files for pictures but in what it keeps for itself."""
    if not isinstance(values, list):
        return _saved(values)
    pairs = zip(outputs, values, strict=False)  # Gradio says it if there are too few
    return [value if block.stateful else _saved(value) for block, value in pairs] + values[len(outputs) :]


def _saved(value: Any) -> Any:
    """The value with every picture in it replaced by its file."""
    if isinstance(value, Image.Image):
        return str(save_png(value))
    if isinstance(value, list | tuple):
        return type(value)(_saved(part) for part in value)
    if isinstance(value, dict):  # an update, or outputs by their components
        return {key: _saved(part) for key, part in value.items()}
    return value
