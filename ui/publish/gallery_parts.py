"""Pieces of the gallery's pages as HTML: pictures, tables, the frame of a page. Words are escaped here."""

from collections.abc import Iterable, Sequence
from html import escape

from explain.figures.sweep import RISE
from qualiclip.drawing.files import scale_text
from qualiclip.scoring.reports import QualityReport
from qualiclip.scoring.sweep import LEVELS, SweepRow
from qualiclip.weights.registry import REGISTRY
from ui.texts import ENGLISH, TABLES

TITLE = TABLES[ENGLISH]["title"]


def render_number(value: float, digits: int = 3) -> str:
    """A number with a minus as wide as a plus."""
    return f"{value:.{digits}f}".replace("-", "−")


def render_picture(source: str, alt: str, size: tuple[int, int], *, lazy: bool = True) -> str:
    """A picture of the given width and height [px]; a lazy one is loaded when it comes near."""
    later = ' loading="lazy"' if lazy else ""
    return f'<img src="{escape(source)}" alt="{escape(alt)}" width="{size[0]}" height="{size[1]}"{later}>'


def render_before_after(before: str, after: str, names: tuple[str, str], *, edge: int) -> str:
    """Two pictures in one place, with a dial that moves the edge between them; `edge` in percent from the left."""
    layers = "".join(
        f'<span class="{kind}">{picture}<span class="tag" aria-hidden="true">{escape(name)}</span></span>'
        for kind, picture, name in zip(("before", "after"), (before, after), names, strict=True)
    )
    words = escape(f"Edge between {names[0].lower()}, on the left, and {names[1].lower()}, on the right")
    dial = f'<input type="range" min="0" max="100" value="{edge}" aria-label="{words}">'
    return f'<div class="slider" style="--edge:{edge}%"><div class="layers">{layers}</div>{dial}</div>'


def render_table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, kind: str = "") -> str:
    """A table of ready HTML; the first cell of a row is its head. Wide ones can be scrolled, by keyboard, too."""
    first = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>' for name, *cells in rows
    )
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}"><table class="{kind}">'
        f"<caption><span>{escape(caption)}</span></caption><thead><tr>{first}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def render_score(row: SweepRow, level: int) -> str:
    """The score at a level, marked where it did not fall."""
    rise = f' <span class="rise"><span aria-hidden="true">{RISE}</span><span class="unseen">did not fall</span></span>'
    return render_number(row.scores[level]) + (rise if level in row.rises else "")


def render_sparkline(row: SweepRow) -> str:
    """A small curve of the scores, for the eye only."""
    points = " ".join(
        f"{4 + 18 * level},{30 - 28 * score:.1f}" for level, score in zip(LEVELS, row.scores, strict=True)
    )
    return f'<svg class="spark" viewBox="0 0 98 32" aria-hidden="true"><polyline points="{points}"/></svg>'


def render_page(title: str, body: str, report: QualityReport, seed: int) -> str:
    """A whole page with its footer: the limits, and what scored."""
    entry = REGISTRY.get(report.model)
    about = f": {escape(entry.description)}. Licence {escape(entry.licence)}" if entry else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="gallery.css">'
        f'<script src="gallery.js" defer></script></head>\n<body>\n{body}\n<footer>'
        "<p><b>Limits.</b> The score can’t tell whether a picture is beautiful, true or interesting, and can be wrong "
        "where blur or darkness is meant. Compare scores of one model only. A heatmap is not proof: every place sees "
        "its wide surroundings, and another method can give another map.</p>"
        f"<p>Model <code>{escape(report.model)}</code>{about}. Weights <code>{report.weights_sha256[:12]}</code>, "
        f"scale {scale_text(report)}, engine {escape(report.engine)}, seed {seed}, {TITLE} {report.version}. "
        'Method: <a href="https://arxiv.org/abs/2403.11176">QualiCLIP, arXiv 2403.11176</a>.</p>'
        "</footer>\n</body>\n</html>\n"
    )


def render_section(title: str, content: str) -> str:
    """A part of a page under a heading."""
    return f"<section><h2>{escape(title)}</h2>{content}</section>"
