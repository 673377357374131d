"""Gradio's image input, handing over the file as it was uploaded."""

from typing import Any

import gradio as gr
from gradio.data_classes import ImageData


def _uploaded_path(payload: ImageData | None) -> str | None:
    return payload.path if payload is not None else None


def photo_input(**settings: Any) -> gr.Image:
    """A `gr.Image` whose value is the path of the uploaded file, untouched and not yet opened.

    Gradio's own `type="filepath"` opens the file with Pillow first, so a damaged, huge or HEIC file would fail with
    Gradio's words before our loader can say what is wrong with it. That the file was uploaded, and is no other file of
    the server, Gradio checks before. A method of the instance is replaced instead of making a subclass because Gradio
    writes a stub file beside the source of every subclass.
    """
    image = gr.Image(type="filepath", image_mode=None, format="png", **settings)
    image.preprocess = _uploaded_path  # type: ignore[method-assign]
    return image
