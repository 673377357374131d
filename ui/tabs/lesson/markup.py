"""Results of the lesson's steps as accessible HTML: pictures with captions, tables, and bars that repeat them."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from PIL import Image

from explain.numbers.arithmetic import Arithmetic, ArithmeticRow
from qualiclip.degradations import DEGRADATIONS
from qualiclip.models.family import PairReport
from qualiclip.models.qualiclip import require_quality_model
from qualiclip.models.untrained import TRAINED, UNTRAINED
from qualiclip.scoring.reports import QualityReport
from qualiclip.weights.loading import Checkpoint
from qualiclip.weights.registry import REGISTRY
from ui.markup.parts import data_uri, signed, table
from ui.texts import say, say_core

SHUFFLED = (2, 5, 0, 3, 1, 4)  # levels, in the order in which they are guessed

LETTERS = "ABCDEF"

TRACK = 120  # px: width of the line on which a pair moves

# The list of the released code, its slip included.
RELEASED_LIST = """prompts = [
    "Good photo.", "Bad photo.",
    "Sharp image.", "Blurry image.",
    "Sharp edges.", "Blurry edges.",
    "High-resolution image.", "Low-resolution image.",
    "Noise-free image.", "Noisy image."
    "High-quality image.", "Low-quality image.",
    "Good picture.", "Bad picture.",
]"""


# Degrade


def _label(kind: str) -> str:
    return say_core(DEGRADATIONS[kind].label)


def _strength(kind: str, level: int) -> str:
    if level == 0:
        return say("lesson/untouched")
    row = DEGRADATIONS[kind]
    return say("lesson/strength", unit=say_core(row.unit), strength=f"{row.strength_at(level):g}")


def render_strip(kind: str, details: Sequence[Image.Image]) -> str:
    """Six levels side by side."""
    figures = "".join(
        f'<figure><img src="{data_uri(detail)}" alt="{escape(say("lesson/alt", kind=_label(kind), level=level))}">'
        f"<figcaption><b>{say('lesson/level-number', level=level)}</b> "
        f'<span class="quiet">{escape(_strength(kind, level))}</span></figcaption></figure>'
        for level, detail in enumerate(details)
    )
    return f'<div class="strip">{figures}</div><p class="quiet">{say("lesson/strip")}</p>'


# Rank


@dataclass(frozen=True)
class Rung:
    """The middle of the photo at a level, and the score of all of it."""

    detail: Image.Image
    score: float


def rises(scores: Sequence[float]) -> list[int]:
    """Levels whose score is not below that of the level before."""
    return [level for level, (before, after) in enumerate(itertools.pairwise(scores), start=1) if after >= before]


def ordered_pairs(scores: Sequence[float]) -> int:
    """How many of the pairs of levels have the lower score at the stronger level."""
    return sum(milder > stronger for milder, stronger in itertools.combinations(scores, 2))


def _option(letter: str, level: int, rung: Rung) -> str:
    name = say("lesson/picture", letter=letter)
    return (
        f'<button type="button" class="option" data-level="{level}" aria-pressed="false" style="--level:{level}">'
        f'<img src="{data_uri(rung.detail)}" alt="{escape(name)}">'
        f'<span class="letter" aria-hidden="true">{letter}</span>'
        f'<span class="place" title="{escape(say("lesson/your-place"))}"></span>'
        f'<span class="truth">{say("lesson/level-number", level=level)}: <b>{rung.score:.3f}</b></span></button>'
    )


def _rank_row(level: int, scores: Sequence[float], wrong: Sequence[int]) -> list[str]:
    change = signed(scores[level] - scores[level - 1]) if level else ""
    mark = f'<b class="wrong">↑ {say("lesson/does-not-fall")}</b>' if level in wrong else ""
    kind = "after" if level else "before"
    bar = f'<span class="bar {kind}" aria-hidden="true"><span style="width:{100 * scores[level]:.1f}%"></span></span>'
    number = f'<span data-rank-score="{scores[level]!r}">{scores[level]:.3f}</span>'
    return [say("lesson/level-number", level=level), number, bar, f"{change} {mark}"]


def render_rank(kind: str, rungs: Sequence[Rung]) -> str:
    """Six shuffled pictures to be put in order, and behind a button levels and scores."""
    scores = [rung.score for rung in rungs]
    wrong, right, count = rises(scores), ordered_pairs(scores), math.comb(len(scores), 2)
    options = "".join(_option(letter, level, rungs[level]) for letter, level in zip(LETTERS, SHUFFLED, strict=True))
    verdict = (
        say("lesson/wrong-order", levels=", ".join(map(str, wrong)), right=right, all=count)
        if wrong
        else say("lesson/right-order", right=right, all=count)
    )
    head = [
        say("lesson/level"),
        say("lesson/score"),
        f'<span class="unseen">{say("pairs/bars")}</span>',
        say("lesson/change"),
    ]
    rows = [_rank_row(level, scores, wrong) for level in range(len(scores))]
    yours = say("lesson/yours", right="RIGHT", all=count)
    return (
        f'<div class="guess" data-kind="{kind}"><p>{say("lesson/guess-hint")}</p><div class="strip">{options}</div>'
        f'<details><summary class="lesson-button">{say("lesson/show")}</summary>'
        f'<p class="yours" role="status" data-text="{escape(yours)}"></p>'
        f'<p class="verdict {"wrong" if wrong else "fine"}">{verdict}</p>'
        f"{table(say('lesson/ranks'), head, rows, kind='ranks')}</details></div>"
    )


# Prompts


def _gap(pair: PairReport) -> float:
    return pair.similarity_positive - pair.similarity_negative


def _track(before: float, after: float, reach: float) -> str:
    start, end = (TRACK / 2 * (1 + value / reach) for value in (before, after))
    middle = TRACK / 2
    return (
        f'<svg class="track" viewBox="-6 0 {TRACK + 12} 16" aria-hidden="true">'
        f'<line x1="0" x2="{TRACK}" y1="8" y2="8" class="axis"/>'
        f'<line x1="{middle}" x2="{middle}" y1="2" y2="14" class="axis"/>'
        f'<line x1="{start:.1f}" x2="{end:.1f}" y1="8" y2="8" class="move"/>'
        f'<circle cx="{start:.1f}" cy="8" r="4.5" class="before"/>'
        f'<rect x="{end - 4:.1f}" y="4" width="8" height="8" class="after"/></svg>'
    )


def _prompt_row(old: PairReport, new: PairReport, reach: float) -> list[str]:
    def cosines(better: float, worse: float) -> str:
        return (
            f'<span class="value before">{signed(better)}</span> <span class="arrow">→</span> '
            f'<span class="value after">{signed(worse)}</span>'
        )

    return [
        f'{escape(old.positive)} <span class="quiet">{escape(old.negative)}</span>',
        cosines(old.similarity_positive, new.similarity_positive),
        cosines(old.similarity_negative, new.similarity_negative),
        _track(_gap(old), _gap(new), reach),
    ]


def _about_prompts(checkpoint: Checkpoint) -> str:
    size = require_quality_model(checkpoint.model, "the lesson").settings.backbone.embedding_size
    if checkpoint.name in (TRAINED, UNTRAINED):
        return _bold(say("lesson/fixed-prompts", size=size))
    return say("lesson/text-prompts" if checkpoint.name in REGISTRY else "lesson/stored-prompts", size=size)


def _bold(text: str) -> str:
    parts = escape(text).split("**")
    return "".join(f"<b>{part}</b>" if index % 2 else part for index, part in enumerate(parts)).replace(
        "`compact`", "<code>compact</code>"
    )


def render_prompts(before: QualityReport, after: QualityReport, checkpoint: Checkpoint) -> str:
    """Cosines with the seven pairs before and after the damage; what the prompts are; the exercise of the comma."""
    pairs = list(zip(before.pairs, after.pairs, strict=True))
    moves = [_gap(new) - _gap(old) for old, new in pairs]
    reach = max(abs(_gap(pair)) for both in pairs for pair in both) or 1.0
    most = max(range(len(moves)), key=lambda index: abs(moves[index]))
    said = say(
        "lesson/away",
        falls=sum(move < 0 for move in moves),
        all=len(moves),
        pair=f"{pairs[most][0].positive} / {pairs[most][0].negative}",
    )
    head = [say("pairs/description"), say("lesson/cosine-good"), say("lesson/cosine-bad"), say("lesson/moves")]
    rows = [_prompt_row(old, new, reach) for old, new in pairs]
    key = (
        f'<span class="value before">● {say("original")}</span> → <span class="value after">■ {say("degraded")}</span>'
    )
    caption = f"{say('lesson/cosines')}: {key}"
    return (
        f"{table(caption, head, rows, kind='cosines')}"
        f'<p class="said">{escape(said)}</p><p class="honest">{_about_prompts(checkpoint)}</p>'
        f'<section class="exercise"><h4>{say("lesson/comma-title")}</h4><p>{say("lesson/comma-ask")}</p>'
        f'<pre tabindex="0"><code>{escape(RELEASED_LIST)}</code></pre>'
        f'<details><summary class="lesson-button">{say("lesson/comma-show")}</summary>'
        f"<p>{escape(say('lesson/comma-answer'))}</p></details></section>"
    )


# Arithmetic


def _sum_row(number: int, row: ArithmeticRow) -> list[str]:
    return [
        f'{number} {escape(row.positive)} <span class="quiet">{escape(row.negative)}</span>',
        signed(row.similarity_positive, 4),
        signed(row.similarity_negative, 4),
        signed(row.difference),
        f"<b>{row.probability:.4f}</b>",
    ]


def _laid_out(steps: Arithmetic) -> str:
    parts = "".join(
        f'<span style="width:{100 * row.part:.2f}%">{number if row.part > 0.02 else ""}</span>'
        for number, row in enumerate(steps.rows, start=1)
    )
    return f'<div class="sum" role="img" aria-label="{escape(say("lesson/mean-alt"))}">{parts}</div>'


def render_arithmetic(steps: Arithmetic) -> str:
    """The table from the cosines to the score, a line of it for a calculator, and the mean as a bar."""
    scale = f"{steps.scale:g}"
    head = [
        say("pairs/description"),
        say("lesson/cosine-good"),
        say("lesson/cosine-bad"),
        say("lesson/scaled", scale=scale),
        say("lesson/probability"),
    ]
    rows = [_sum_row(number, row) for number, row in enumerate(steps.rows, start=1)]
    first = steps.rows[0]
    line = say(
        "lesson/calculator",
        positive=signed(first.similarity_positive, 4),
        negative=_bracketed(first.similarity_negative),
        scale=scale,
        difference=signed(first.difference),
        minus=signed(-first.difference),
        probability=f"{first.probability:.4f}",
    )
    total = f"{math.fsum(row.probability for row in steps.rows):.4f}"
    mean = say("lesson/mean", total=total, count=len(steps.rows), score="SCORE")
    number = f'<b class="result" data-lesson-score="{steps.score!r}">{steps.score:.4f}</b>'
    return (
        f"{table(say('lesson/sums'), head, rows, kind='sums')}"
        f'<p class="said">{line}</p><p class="mean">{mean.replace("SCORE", number)}</p>{_laid_out(steps)}'
        f'<p class="scale quiet" aria-hidden="true"><span>0</span><span>1</span></p>'
        f'<p class="quiet">{say("lesson/rounded")}</p>'
    )


def _bracketed(number: float) -> str:
    return f"({signed(number, 4)})" if number < 0 else signed(number, 4)
