"""Scores and prompt pairs as accessible HTML. Numbers are text; bars only repeat them."""

from collections.abc import Iterable
from html import escape

from explain.heatmaps import Explanation
from explain.methods import Method
from explain.targets import Target
from qualiclip.scoring import PairReport, QualityReport

from .reference import rank
from .texts import change, say, say_core, verdict


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


def render_scores(before: QualityReport, after: QualityReport) -> str:
    """Both scores with verdict, the sentence on the change, and what scored."""
    cards = score_card(say("original"), before, "before") + score_card(say("degraded"), after, "after")
    return (
        f'<div class="scores">{cards}</div>'
        f'<p class="change" role="status">{change(before.score, after.score)} '
        f'<span class="quiet">{say("range")}</span></p><p class="quiet">{_ranks(before, after)} {scored_by(before)}</p>'
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
    return f'<p class="message {"error" if error else ""}" role="{role}">{escape(say_core(text))}</p>'


def render_key(explanation: Explanation) -> str:
    """The key to a heatmap's colours, where it has two."""
    if not explanation.signed:
        return ""
    return f'<span class="key" aria-hidden="true">{say("lowers")}<span class="ramp"></span>{say("raises")}</span>'


def render_note(explanation: Explanation) -> str:
    """The heatmap in words, and the key to its colours."""
    return f'<p class="note">{render_key(explanation)}{escape(say_core(explanation.note))}</p>'


def render_choices(methods: Iterable[Method], targets: Iterable[Target]) -> str:
    """What the heatmap's methods do and cost, and what can be asked of them."""
    rows = [
        *((row.label, say("inspect/cost", what=say_core(row.description), cost=_lower(row.cost))) for row in methods),
        *((row.label, say_core(row.description)) for row in targets),
    ]
    items = "".join(f"<dt>{escape(say_core(label))}</dt><dd>{escape(text)}</dd>" for label, text in rows)
    return f'<dl class="choices">{items}</dl>'


def _lower(sentence: str) -> str:
    translated = say_core(sentence)
    return f"{translated[0].lower()}{translated[1:]}"


def render_pairs(before: QualityReport, after: QualityReport) -> str:
    """Table of the prompt pairs: the probability of the better description, before and after."""
    rows = list(zip(before.pairs, after.pairs, strict=True))
    return pairs_table(rows, (say("original"), say("degraded")))


def pairs_table(rows: Iterable[tuple[PairReport, PairReport]], titles: tuple[str, str]) -> str:
    """Table of prompt pairs of two reports under two titles (HTML)."""
    body = "".join(
        f'<tr><th scope="row">{escape(old.positive)}<span class="quiet"> '
        f"{say('pairs/not', negative=escape(old.negative))}</span></th>"
        f"<td>{bar(old.probability, 'before')}{bar(new.probability, 'after')}</td>"
        f'<td class="value before">{old.probability:.2f}</td><td class="value after">{new.probability:.2f}</td></tr>'
        for old, new in rows
    )
    bars = f'<span class="unseen">{say("pairs/bars")}</span>'
    head = "".join(f'<th scope="col">{text}</th>' for text in (say("pairs/description"), bars, *titles))
    return (
        f'<table class="pairs"><caption>{say("pairs/caption")}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
