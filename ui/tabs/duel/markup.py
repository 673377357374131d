"""Pairs of pictures as accessible HTML: gMAD pairs with what they show, and the rounds of the guessing game."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from PIL import Image

from qualiclip.agreement.gmad import Competition, PicturePair
from qualiclip.crops import reduced
from qualiclip.degradations import DEGRADATIONS
from ui.files.intake import display_name
from ui.markup.parts import data_uri
from ui.markup.templates import render
from ui.texts import say, say_core

from .pool import Candidate

SHOWN_SIDE = 640  # px; larger pictures are shown reduced
LETTERS = ("A", "B")
# Texts that the browser fills in while it counts.
PLACES = {name: f"{{{name}}}" for name in ("number", "rounds", "letter", "model", "pairs", "agreed", "votes", "same")}
TOLD = ("game/round", "game/none", "game/tie", "game/agree", "game/differ", "game/tally", "game/start")


@dataclass(frozen=True)
class Judge:
    """Who judges: the name, and how its numbers are written."""

    label: str
    write: Callable[[float], str]


@dataclass(frozen=True)
class Judged:
    """A picture of a pair with what the attacker and the defender think of it."""

    candidate: Candidate
    picture: Image.Image
    attack: float
    defence: float

    @property
    def photo(self) -> str:
        """What the photo is called."""
        candidate = self.candidate
        return say(f"example/{candidate.photo}") if "." not in candidate.photo else display_name(candidate.photo)

    @property
    def title(self) -> str:
        """The photo, and what was done to it."""
        step = self.candidate.step
        if step is None:
            return self.photo
        return say(
            "duel/done", photo=self.photo, label=say_core(DEGRADATIONS[step.name].label), level=f"{step.level:g}"
        )


def render_work(name: str, done: int, total: int) -> str:
    """How far the judging is."""
    return render("duel/work", name=name, done=done, total=total)


def picture_tag(picture: Image.Image, alt: str) -> Markup:
    """A picture as an element that shows every pixel, unless it is large, and has its place before it is decoded."""
    small = reduced(picture, SHOWN_SIDE)
    source = data_uri(small, "WEBP", lossless=True, quality=40)
    return render("duel/picture", source=source, width=small.width, height=small.height, alt=alt)


# gMAD


def render_contest(
    competition: Competition,
    judges: tuple[Judge, Judge],
    pictures: Mapping[int, Judged],
    *,
    total: int,
    used: int,
) -> str:
    """The pairs, from the highest level of the defender to the lowest, each with what it shows."""
    attacker, defender = judges
    intro = say("duel/contest", attacker=attacker.label, defender=defender.label, used=used)
    if used < total:
        intro += " " + say("duel/unread", count=total - used)
    pairs = [_contest_pair(pair, competition, judges, pictures) for pair in reversed(competition.pairs)]
    return render("duel/contest", intro=intro, pairs=pairs)


def _contest_pair(
    pair: PicturePair, competition: Competition, judges: tuple[Judge, Judge], pictures: Mapping[int, Judged]
) -> dict[str, Any]:
    attacker, defender = judges
    title = say("duel/level", level=pair.level, levels=competition.settings.levels, defender=defender.label)
    sentence = say(
        "duel/shows",
        attacker=attacker.label,
        defender=defender.label,
        attack=f"{pair.attacker_gap / competition.attacker_deviation:.1f}",
        defence=f"{pair.defender_gap / competition.defender_deviation:.2f}",
    )
    judged = [pictures[place] for place in (pair.better, pair.worse)]
    sides = [(side, picture_tag(side.picture, side.title)) for side in judged]
    return {"title": title, "sentence": sentence, "sides": sides, "attacker": attacker, "defender": defender}


# The game. What happens in it happens in the browser: `assets/scripts/duel.js`.


def render_game(rounds: Sequence[Sequence[Judged]], model: Judge, *, deal: int) -> str:
    """All rounds, of which the browser shows one; with the buttons that count votes. `deal` tells deals apart."""
    if not rounds:
        return render("duel/no_rounds")
    told = [(key.split("/")[1], say(key, **PLACES)) for key in TOLD]
    dealt = [_round(sides) for sides in rounds]
    return render("duel/game", rounds=dealt, letters=LETTERS, model=model, deal=deal, told=told)


def _round(sides: Sequence[Judged]) -> dict[str, Any]:
    first, second = sides
    lettered = [
        (letter, side, picture_tag(side.picture, f"{letter}: {side.photo}"))
        for letter, side in zip(LETTERS, sides, strict=True)
    ]
    return {"better": LETTERS[first.attack < second.attack], "sides": lettered}
