"""Parts of pages as accessible HTML that several tabs show."""

import base64
import io
from collections.abc import Iterable
from html import escape

from PIL import Image

from explain.maps.explanation import Explanation
from qualiclip.models.family import PairReport, Part
from qualiclip.scoring.reports import QualityReport
from ui.texts import say, say_core, verdict


def bar(value: float, kind: str) -> str:
    """A bar of a value in [0, 1]; hidden from screen readers, so the number must stand beside it."""
    return f'<span class="bar {kind}" aria-hidden="true"><span style="width:{100 * value:.1f}%"></span></span>'


def score_card(label: str, report: QualityReport, kind: str, *, words: str = "", below: str = "") -> str:
    """A score, large, with its verdict or other words, its bar, and what else is said `below` (HTML)."""
    return (
        f'<div class="card {kind}"><span class="label">{label}</span>'
        f'<span class="number" data-score="{report.score!r}">{report.score:.3f}</span>'
        f'<span class="verdict">{words or verdict(report.score)}</span>{bar(report.score, kind)}{below}</div>'
    )


def scored_by(report: QualityReport) -> str:
    """What scored, with which weights and at which size."""
    return say(
        "scored-by",
        model=f"<b>{escape(report.model)}</b>",
        weights=report.weights_sha256[:12],
        version=report.version,
        size=f"{report.width} × {report.height}",
    )


def render_message(text: str, *, error: bool) -> str:
    """A message in the place of the scores."""
    role = "alert" if error else "status"
    return f'<p class="message {"error" if error else ""}" role="{role}">{escape(say_core(text))}</p>'


def render_key(explanation: Explanation) -> str:
    """The key to a heatmap's colours, where it has two."""
    if not explanation.signed:
        return ""
    return f'<span class="key" aria-hidden="true">{say("lowers")}<span class="ramp"></span>{say("raises")}</span>'


def render_note(explanation: Explanation) -> str:
    """The heatmap in words, and the key to its colours."""
    return f'<p class="note">{render_key(explanation)}{escape(say_core(explanation.note))}</p>'


def _both(name: str, words: str, old: float, new: float) -> str:
    return (
        f'<tr><th scope="row">{name}<span class="quiet"> {words}</span></th>'
        f"<td>{bar(old, 'before')}{bar(new, 'after')}</td>"
        f'<td class="value before">{old:.2f}</td><td class="value after">{new:.2f}</td></tr>'
    )


def _table_of_both(rows: Iterable[str], titles: tuple[str, str], caption: str) -> str:
    bars = f'<span class="unseen">{say("pairs/bars")}</span>'
    head = "".join(f'<th scope="col">{text}</th>' for text in (say("pairs/description"), bars, *titles))
    return (
        f'<table class="pairs"><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def pairs_table(rows: Iterable[tuple[PairReport, PairReport]], titles: tuple[str, str]) -> str:
    """Table of prompt pairs of two reports under two titles (HTML)."""
    lines = (
        _both(
            escape(old.positive),
            say("pairs/not", negative=escape(old.negative)),
            old.probability,
            new.probability,
        )
        for old, new in rows
    )
    return _table_of_both(lines, titles, say("pairs/caption"))


def parts_table(rows: Iterable[tuple[Part, Part]], titles: tuple[str, str]) -> str:
    """Table of the parts of two scores under two titles (HTML)."""
    lines = (_both(escape(old.name), escape(old.meaning), old.value, new.value) for old, new in rows)
    return _table_of_both(lines, titles, say("pairs/parts"))


def signed(number: float, digits: int = 3) -> str:
    """A number with a minus as wide as a digit."""
    return f"{number:.{digits}f}".replace("-", "−")


def data_uri(picture: Image.Image) -> str:
    """A picture as a PNG inside the page."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def table(caption: str, head: Iterable[str], rows: Iterable[Iterable[str]], *, kind: str = "") -> str:
    """A table whose first column names the rows; the cells are HTML."""
    columns = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>' for first, *rest in rows
    )
    return (
        f'<table class="lesson-table {kind}"><caption>{caption}</caption>'
        f"<thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>"
    )
