"""Parts of pages as accessible HTML that several tabs show: `assets/templates/parts.html`."""

import base64
import io

from markupsafe import Markup
from PIL import Image

from explain.maps.explanation import Explanation
from qualiclip.scoring.reports import QualityReport

from .templates import render


def bar(value: float, kind: str) -> Markup:
    """A bar of a value in [0, 1]; hidden from screen readers, so the number must stand beside it."""
    return render("parts/bar", value=value, kind=kind)


def scored_by(report: QualityReport) -> Markup:
    """What scored, with which weights and at which size."""
    return render("parts/scored_by", report=report)


def render_message(text: str, *, error: bool) -> str:
    """A message in the place of the scores."""
    return render("parts/message", text=text, error=error)


def render_note(explanation: Explanation) -> str:
    """The heatmap in words, and the key to its colours."""
    return render("parts/note", explanation=explanation)


def data_uri(picture: Image.Image, kind: str = "PNG", **settings: object) -> str:
    """A picture inside the page, as a file of that kind; without settings, as a PNG."""
    file = io.BytesIO()
    picture.save(file, kind, **settings)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"
