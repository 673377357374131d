"""Gradio's image input, handing over the file as it was uploaded."""

import gradio as gr
from gradio.data_classes import ImageData

from gradio.events import Dependency

class PhotoInput(gr.Image):
    """A `gr.Image` whose value is the path of the uploaded file, untouched and not yet opened.

    Gradio's own `type="filepath"` opens the file with Pillow first, so a damaged, huge or HEIC file would fail with
    Gradio's words before our loader can say what is wrong with it.
    """

    is_template = True  # Gradio: use the front end of the base class

    def preprocess(self, payload: ImageData | None) -> str | None:
        """Path of the uploaded file; Gradio has already checked that it was uploaded to it."""
        return payload.path if payload is not None else None
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component
