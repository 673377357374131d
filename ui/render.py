"""Scores and prompt pairs as accessible HTML. Numbers are text; bars only repeat them."""

from collections.abc import Iterable
from html import escape

from explain.heatmaps import Explanation
from explain.methods import Method
from explain.targets import Target
from qualiclip.scoring import QualityReport

from .reference import rank
from .texts import change, say, verdict


def bar(value: float, kind: str) -> str:
    """A bar of a value in [0, 1]; hidden from screen readers, so the number must stand beside it."""
    return f'<span class="bar {kind}" aria-hidden="true"><span style="width:{100 * value:.1f}%"></span></span>'


def _card(label: str, report: QualityReport, kind: str) -> str:
    return (
        f'<div class="card {kind}"><span class="label">{label}</span>'
        f'<span class="number" data-score="{report.score!r}">{report.score:.3f}</span>'
        f'<span class="verdict">{verdict(report.score)}</span>{bar(report.score, kind)}</div>'
    )


def render_scores(before: QualityReport, after: QualityReport) -> str:
    """Both scores with verdict, the sentence on the change, and what scored."""
    cards = _card(say("original"), before, "before") + _card(say("degraded"), after, "after")
    scored = say(
        "scored-by",
        model=f"<b>{escape(before.model)}</b>",
        weights=before.weights_sha256[:12],
        version=before.version,
        size=f"{before.width} × {before.height}",
    )
    return (
        f'<div class="scores">{cards}</div>'
        f'<p class="change" role="status">{change(before.score, after.score)} '
        f'<span class="quiet">{say("range")}</span></p><p class="quiet">{_ranks(before, after)} {scored}</p>'
    )


def _ranks(before: QualityReport, after: QualityReport) -> str:
    """Where both scores lie in the pool of reference, if there is one for the model."""
    ranks = [rank(report) for report in (before, after)]
    if None in ranks:
        return say("rank/none")
    first, second = (one for one in ranks if one is not None)
    return say("rank", before=first.percent, after=second.percent, count=first.count, pool=first.pool)


def render_message(text: str, *, error: bool) -> str:
    """A message in the place of the scores."""
    role = "alert" if error else "status"
    return f'<p class="message {"error" if error else ""}" role="{role}">{escape(text)}</p>'


def render_note(explanation: Explanation) -> str:
    """The heatmap in words, and the key to its colours where it has two."""
    key = (
        f'<span class="key" aria-hidden="true">{say("lowers")}<span class="ramp"></span>{say("raises")}</span>'
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
        f'<tr><th scope="row">{escape(old.positive)}<span class="quiet"> '
        f"{say('pairs/not', negative=escape(old.negative))}</span></th>"
        f"<td>{bar(old.probability, 'before')}{bar(new.probability, 'after')}</td>"
        f'<td class="value before">{old.probability:.2f}</td><td class="value after">{new.probability:.2f}</td></tr>'
        for old, new in zip(before.pairs, after.pairs, strict=True)
    )
    head = "".join(
        f'<th scope="col">{text}</th>'
        for text in (
            say("pairs/description"),
            f'<span class="unseen">{say("pairs/bars")}</span>',
            say("original"),
            say("degraded"),
        )
    )
    return (
        f'<table class="pairs"><caption>{say("pairs/caption")}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )
