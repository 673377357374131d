"""Inspect's scores, notes and tables as accessible HTML."""

from collections.abc import Iterable
from html import escape

from explain.maps.methods import Method
from qualiclip.models.targets import Target
from qualiclip.scoring.reports import QualityReport
from ui.markup.parts import pairs_table, parts_table, score_card, scored_by
from ui.studio.reference import rank
from ui.texts import change, say, say_core


def render_scores(before: QualityReport, after: QualityReport) -> str:
    """Both scores with verdict, the sentence on the change, and what scored."""
    cards = score_card(say("original"), before, "before") + score_card(say("degraded"), after, "after")
    return (
        f'<div class="scores">{cards}</div>'
        f'<p class="change" role="status">{change(before.score, after.score)} '
        f'<span class="quiet">{say("range")}</span></p><p class="quiet">{_ranks(before, after)} {scored_by(before)}</p>'
    )


def _ranks(before: QualityReport, after: QualityReport) -> str:
    """Where both scores lie in the pool of reference, if there is one for the model."""
    ranks = [rank(report) for report in (before, after)]
    if None in ranks:
        return say("rank/none")
    first, second = (one for one in ranks if one is not None)
    return say("rank", before=first.percent, after=second.percent, count=first.count, pool=first.pool)


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
    """Table of the prompt pairs, before and after; where there are none, of the parts of the score."""
    titles = say("original"), say("degraded")
    if not before.pairs:
        return parts_table(zip(before.parts, after.parts, strict=True), titles)
    return pairs_table(zip(before.pairs, after.pairs, strict=True), titles)
