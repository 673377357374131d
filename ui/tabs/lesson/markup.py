"""Results of the lesson's steps as accessible HTML: pictures with captions, tables, and bars that repeat them."""

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from explain.numbers.arithmetic import Arithmetic
from qualiclip.degradations import DEGRADATIONS
from qualiclip.models.family import PairReport
from qualiclip.models.qualiclip import require_quality_model
from qualiclip.models.untrained import TRAINED, UNTRAINED
from qualiclip.prose import decimal
from qualiclip.scoring.reports import QualityReport
from qualiclip.weights.loading import Checkpoint
from qualiclip.weights.registry import REGISTRY
from ui.markup.parts import data_uri
from ui.markup.templates import render
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
    pictures = [
        (data_uri(detail), say("lesson/alt", kind=_label(kind), level=level), _strength(kind, level))
        for level, detail in enumerate(details)
    ]
    return render("lesson/strip", pictures=pictures)


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


def _option(letter: str, level: int, rung: Rung) -> dict[str, Any]:
    return {"letter": letter, "level": level, "source": data_uri(rung.detail), "score": rung.score}


def _rank(level: int, scores: Sequence[float]) -> dict[str, Any]:
    change = decimal(scores[level] - scores[level - 1]) if level else ""
    return {"score": scores[level], "change": change, "wrong": level in rises(scores)}


def render_rank(kind: str, rungs: Sequence[Rung]) -> str:
    """Six shuffled pictures to be put in order, and behind a button levels and scores."""
    scores = [rung.score for rung in rungs]
    wrong, right, count = rises(scores), ordered_pairs(scores), math.comb(len(scores), 2)
    verdict = (
        say("lesson/wrong-order", levels=", ".join(map(str, wrong)), right=right, all=count)
        if wrong
        else say("lesson/right-order", right=right, all=count)
    )
    return render(
        "lesson/rank",
        kind=kind,
        options=[_option(letter, level, rungs[level]) for letter, level in zip(LETTERS, SHUFFLED, strict=True)],
        ranks=[_rank(level, scores) for level in range(len(scores))],
        verdict=verdict,
        wrong=wrong,
        yours=say("lesson/yours", right="RIGHT", all=count),
    )


# Prompts


def _gap(pair: PairReport) -> float:
    return pair.similarity_positive - pair.similarity_negative


def _move(old: PairReport, new: PairReport, reach: float) -> dict[str, Any]:
    start, end = (round(TRACK / 2 * (1 + _gap(pair) / reach), 1) for pair in (old, new))
    return {"old": old, "new": new, "start": start, "end": end}


def _about_prompts(checkpoint: Checkpoint) -> list[tuple[str, str]]:
    size = require_quality_model(checkpoint.model, "the lesson").settings.backbone.embedding_size
    if checkpoint.name in (TRAINED, UNTRAINED):
        return _marked(say("lesson/fixed-prompts", size=size))
    return _marked(say("lesson/text-prompts" if checkpoint.name in REGISTRY else "lesson/stored-prompts", size=size))


def _marked(text: str) -> list[tuple[str, str]]:
    """The words of a text with what they are by its Markdown: "bold", "code" or plain."""
    parts = re.split(r"(\*\*.+?\*\*|`.+?`)", text)
    kinds = {"*": "bold", "`": "code"}
    return [(kinds.get(part[:1], "plain"), part.strip("*`")) for part in parts]


def render_prompts(before: QualityReport, after: QualityReport, checkpoint: Checkpoint) -> str:
    """Cosines with the seven pairs before and after the degradation; what prompts are; the exercise of the comma."""
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
    return render(
        "lesson/prompts",
        moves=[_move(old, new, reach) for old, new in pairs],
        width=TRACK,
        said=said,
        about=_about_prompts(checkpoint),
        code=RELEASED_LIST,
    )


# Arithmetic


def render_arithmetic(steps: Arithmetic) -> str:
    """The table from the cosines to the score, a line of it for a calculator, and the mean as a bar."""
    first = steps.rows[0]
    line = say(
        "lesson/calculator",
        positive=decimal(first.similarity_positive, 4),
        negative=_bracketed(first.similarity_negative),
        scale=f"{steps.scale:g}",
        difference=decimal(first.difference),
        minus=decimal(-first.difference),
        probability=f"{first.probability:.4f}",
    )
    total = f"{math.fsum(row.probability for row in steps.rows):.4f}"
    return render("lesson/arithmetic", steps=steps, line=line, total=total)


def _bracketed(number: float) -> str:
    return f"({decimal(number, 4)})" if number < 0 else decimal(number, 4)
