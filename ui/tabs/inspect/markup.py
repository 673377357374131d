"""Inspect's scores, notes and tables as accessible HTML."""

from collections.abc import Iterable

from explain.maps.methods import Method
from qualiclip.models.targets import Target
from qualiclip.scoring.reports import QualityReport
from ui.markup.templates import render
from ui.studio.reference import rank
from ui.texts import change, say, say_core


def render_scores(before: QualityReport, after: QualityReport) -> str:
    """Both scores with verdict, the sentence on the change, and what scored."""
    words = change(before.score, after.score)
    return render("inspect/scores", before=before, after=after, change=words, rank=_ranks(before, after))


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
    return render("inspect/choices", rows=rows)


def _lower(sentence: str) -> str:
    translated = say_core(sentence)
    return f"{translated[0].lower()}{translated[1:]}"


def render_pairs(before: QualityReport, after: QualityReport) -> str:
    """Table of the prompt pairs, before and after; where there are none, of the parts of the score."""
    what = "pairs" if before.pairs else "parts"
    rows = list(zip(getattr(before, what), getattr(after, what), strict=True))
    return render(f"inspect/{what}", rows=rows)
