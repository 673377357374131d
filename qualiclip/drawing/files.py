"""Figures as files: PNG, SVG or PDF, each with what it shows and how it was made inside.

The same figure gives the same bytes: no dates, no random identifiers.
"""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from qualiclip.errors import UsageError
from qualiclip.outputs import whole_file
from qualiclip.scoring.reports import QualityReport

DPI = 200
# Letters stay letters, which can be searched, edited and read aloud; they are drawn with the reader's DejaVu Sans.
_SETTINGS: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "qualiclip", "pdf.fonttype": 42}
_settings_lock = threading.Lock()  # matplotlib's settings belong to the whole process

Metadata = Mapping[str, Any]


def _png(description: str, program: str, facts: Mapping[str, str]) -> Metadata:
    return {"Description": description, "Software": program, **facts}


def _svg(description: str, program: str, facts: Mapping[str, str]) -> Metadata:
    keywords = [f"{name}: {value}" for name, value in facts.items()]  # Dublin Core has no words for them
    return {"Description": description, "Creator": program, "Keywords": keywords, "Date": None}


def _pdf(description: str, program: str, facts: Mapping[str, str]) -> Metadata:
    keywords = "; ".join(f"{name}: {value}" for name, value in facts.items())
    return {"Subject": description, "Creator": program, "Keywords": keywords, "CreationDate": None}


FORMATS: Mapping[str, Callable[[str, str, Mapping[str, str]], Metadata]] = MappingProxyType(
    {"png": _png, "svg": _svg, "pdf": _pdf}
)


def figure_format(path: Path) -> str:
    """Format of a figure by the end of its name.

    Raises:
        UsageError: if it is none of ours.
    """
    name = path.suffix.lower().removeprefix(".")
    if name not in FORMATS:
        raise UsageError(f"{path}: a figure's name must end in {', '.join(f'.{known}' for known in FORMATS)}")
    return name


def scale_text(report: QualityReport) -> str:
    """The factor before the softmax, or that there is none."""
    return "none" if report.scale is None else f"{report.scale:g}"


def report_facts(report: QualityReport) -> dict[str, str]:
    """What scored, for a figure's metadata."""
    return {
        "Model": report.model,
        "Weights SHA-256": report.weights_sha256,
        "Scale": scale_text(report),
        "Engine": f"{report.engine}, {report.precision}",
    }


def model_line(report: QualityReport) -> str:
    """What scored, as a line of a caption."""
    weights = report.weights_sha256[:12]
    return f"Model {report.model}, weights {weights}, scale {scale_text(report)}, QualiCLIP Studio {report.version}"


def _storable(text: str) -> str:
    """The text without what XML and Unicode files can't hold, such as parts of a damaged file name."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


def save_figure(
    figure: Figure, path: Path, *, description: str, version: str, facts: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Write a figure as PNG, SVG or PDF, by the end of its name.

    Its metadata hold what it shows, the version of this program, and `facts`: in PNG under their own names, in SVG and
    PDF as keywords.

    Raises:
        UsageError: if the name has another end.
    """
    name = figure_format(path)
    known = {_storable(key): _storable(value) for key, value in facts.items()}
    metadata = FORMATS[name](_storable(description), f"QualiCLIP Studio {version}", known)
    with _settings_lock, matplotlib.rc_context(_SETTINGS), whole_file(path) as draft:
        figure.savefig(draft, format=name, dpi=DPI, metadata=metadata)
