"""Two sides of a comparison as accessible HTML: scores, what differs in words, prompt pairs, heatmaps in words."""

from explain.maps.explanation import Explanation
from qualiclip.models.family import PairReport
from qualiclip.models.untrained import UNTRAINED
from qualiclip.prose import decimal
from qualiclip.scoring.reports import QualityReport
from ui.markup.parts import scored_by
from ui.markup.templates import render
from ui.texts import change, say, say_core

from .sides import MODEL, Sides

Reports = tuple[QualityReport, QualityReport]
VISIBLE = 0.005  # a difference of scores below this is none to the eye: they are shown with three digits
KINDS = ("before", "after")  # colours: blue for the left side, orange for the right


def render_sides(sides: Sides, reports: Reports, untouched: Reports) -> str:
    """Both scores with verdict, what differs in a sentence, and what can be compared.

    `untouched` are the reports of the same pictures before anything was done to them.
    """
    cards = [
        (
            *(title, report, kind),
            say("compare/chance") if report.model == UNTRAINED else "",
            _trend(start, report) if subject.active_steps else "",
        )
        for title, report, start, kind, subject in zip(
            sides.titles, reports, untouched, KINDS, sides.subjects, strict=True
        )
    ]
    sentences = " ".join(filter(None, [_what_differs(sides, reports, untouched), _widest_pair(reports)]))
    caution = say("compare/models-caution" if sides.mode == MODEL else "compare/pictures-caution")
    if any(report.model == UNTRAINED for report in reports):
        caution += " " + say("compare/untrained-caution")
    return render("compare/sides", sides=cards, sentences=sentences, caution=caution)


def _trend(start: QualityReport, report: QualityReport) -> str:
    return say("compare/trend", start=f"{start.score:.3f}", change=change(start.score, report.score))


def _what_differs(sides: Sides, reports: Reports, untouched: Reports) -> str:
    left, right = (report.score for report in reports)
    names = sides.names
    if sides.mode == MODEL:
        if not sides.left.view.steps:
            return say("compare/degrade-first")
        a, b = (
            decimal(report.score - start.score, 2, plus=True) for report, start in zip(reports, untouched, strict=True)
        )
        return say("compare/reacts", left=names[0], right=names[1], a=a, b=b)
    if sides.left.view == sides.right.view:
        return say("compare/same-picture")
    if abs(left - right) < VISIBLE:
        return say("compare/even")
    (worse, low), (better, high) = sorted(zip(names, (left, right), strict=True), key=lambda one: one[1])
    return say("compare/prefers", better=better, worse=worse, high=f"{high:.3f}", low=f"{low:.3f}")


def common_pairs(reports: Reports) -> list[tuple[PairReport, PairReport]]:
    """The prompt pairs that both sides have."""
    right = {(pair.positive, pair.negative): pair for pair in reports[1].pairs}
    both = ((pair, right.get((pair.positive, pair.negative))) for pair in reports[0].pairs)
    return [(pair, other) for pair, other in both if other is not None]


def _widest_pair(reports: Reports) -> str:
    pairs = common_pairs(reports)
    if not pairs:
        return ""
    left, right = max(pairs, key=lambda pair: abs(pair[0].probability - pair[1].probability))
    if abs(left.probability - right.probability) < VISIBLE:
        return ""
    values = {"a": f"{left.probability:.2f}", "b": f"{right.probability:.2f}"}
    return say("compare/widest", positive=left.positive.rstrip("."), **values)


def render_common_pairs(reports: Reports, names: tuple[str, str]) -> str:
    """Table of the prompt pairs that both sides have, or that there are none; and what scored."""
    rows = common_pairs(reports)
    scored = list(dict.fromkeys(map(scored_by, reports)))
    return render("compare/common_pairs", rows=rows, names=names, scored=scored)


def render_map_notes(
    sides: Sides, left: Explanation, right: Explanation, difference: Explanation | None, *, shared: bool
) -> str:
    """Whether the heatmaps share a scale, each in words, and their difference in words."""
    scale = say("compare/one-scale" if shared else "compare/own-scales")
    rows = [(title, say_core(one.note)) for title, one in zip(sides.names, (left, right), strict=True)]
    if difference is not None:
        rows.append((say("compare/difference"), say_core(difference.note)))
    return render("compare/map_notes", left=left, scale=scale, rows=rows)
