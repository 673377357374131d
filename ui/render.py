"""Scores and prompt pairs as accessible HTML. Numbers are text; bars only repeat them."""

from collections.abc import Iterable
from html import escape

from explain.heatmaps import Explanation
from explain.methods import Method
from explain.targets import Target
from qualiclip.scoring import QualityReport

from .texts import change, verdict


def _bar(value: float, kind: str) -> str:
    return f'<span class="bar {kind}" aria-hidden="true"><span style="width:{100 * value:.1f}%"></span></span>'


def _card(label: str, report: QualityReport, kind: str) -> str:
    return (
        f'<div class="card {kind}"><span class="label">{label}</span>'
        f'<span class="number" data-score="{report.score!r}">{report.score:.3f}</span>'
        f'<span class="verdict">{verdict(report.score)}</span>{_bar(report.score, kind)}</div>'
    )


def render_scores(before: QualityReport, after: QualityReport) -> str:
    """Both scores with verdict, the sentence on the change, and what scored."""
    return (
        f'<div class="scores">{_card("Original", before, "before")}{_card("Degraded", after, "after")}</div>'
        f'<p class="change" role="status">{change(before.score, after.score)} '
        '<span class="quiet">0 is worst, 1 is best.</span></p>'
        f'<p class="quiet">Scored by <b>{escape(before.model)}</b>, weights {before.weights_sha256[:12]}, '
        f"version {before.version}, at full size: {before.width} × {before.height} px.</p>"
    )


def render_message(text: str, *, error: bool) -> str:
    """A message in the place of the scores."""
    role = "alert" if error else "status"
    return f'<p class="message {"error" if error else ""}" role="{role}">{escape(text)}</p>'


def render_note(explanation: Explanation) -> str:
    """The heatmap in words, and the key to its colours where it has two."""
    key = (
        '<span class="key" aria-hidden="true">lowers<span class="ramp"></span>raises</span>'
        if explanation.signed
        else ""
    )
    return f'<p class="note">{key}{escape(explanation.note)}</p>'


def render_choices(methods: Iterable[Method], targets: Iterable[Target]) -> str:
    """What the heatmap's methods do and cost, and what can be asked of them."""
    rows = [
        *((row.label, f"{row.description} Cost: {row.cost[0].lower()}{row.cost[1:]}") for row in methods),
        *((row.label, row.description) for row in targets),
    ]
    items = "".join(f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in rows)
    return f'<dl class="choices">{items}</dl>'


def render_pairs(before: QualityReport, after: QualityReport) -> str:
    """Table of the prompt pairs: the probability of the better description, before and after."""
    rows = "".join(
        f'<tr><th scope="row">{escape(old.positive)}<span class="quiet"> not: {escape(old.negative)}</span></th>'
        f"<td>{_bar(old.probability, 'before')}{_bar(new.probability, 'after')}</td>"
        f'<td class="value before">{old.probability:.2f}</td><td class="value after">{new.probability:.2f}</td></tr>'
        for old, new in zip(before.pairs, after.pairs, strict=True)
    )
    return (
        '<table class="pairs"><caption>Probability that the better of two opposite descriptions fits</caption>'
        '<thead><tr><th scope="col">Description</th><th scope="col"><span class="unseen">Bars</span></th>'
        f'<th scope="col">Original</th><th scope="col">Degraded</th></tr></thead><tbody>{rows}</tbody></table>'
    )
