"""How pictures leave: as PNG files that are written once, and quickly."""

import hashlib
import os
import secrets
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gradio.blocks import Block
from PIL import Image

from .tidy import temporary_folder

COMPRESSION = 1  # of Pillow's 0 to 9; its own choice, 6, takes four times as long to save a tenth
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
        picture.save(draft, "PNG", compress_level=COMPRESSION)
        draft.replace(path)  # a second writer, or a reader, never meets half a file
    return path


def quick_pngs(blocks: Iterable[Block]) -> None:
    """Let every component that shows PNG pictures take them from `save_png`.

    Gradio would encode each picture anew in every answer, at Pillow's slow choice: three times a fifth of a second
    for a move of one slider. (A method of the instance is replaced: see `ui.uploads.photo_input`.)
    """
    for block in blocks:
        if getattr(block, "format", None) == "png":
            block.postprocess = _from_files(block.postprocess)  # type: ignore[method-assign]


def _from_files(postprocess: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: postprocess(_saved(value))


def _saved(value: Any) -> Any:
    """The value with every picture in it replaced by its file."""
    if isinstance(value, Image.Image):
        return str(save_png(value))
    if isinstance(value, list | tuple):
        return type(value)(_saved(part) for part in value)
    return value
