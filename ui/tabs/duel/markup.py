"""Pairs of pictures as accessible HTML: gMAD pairs with what they show, and the rounds of the guessing game."""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from PIL import Image

from qualiclip.agreement.gmad import Competition, Pair
from qualiclip.crops import reduced
from qualiclip.degradations import DEGRADATIONS
from ui.files.intake import display_name
from ui.texts import say, say_core

from .pool import Candidate

SHOWN_SIDE = 640  # px; larger pictures are shown reduced
LETTERS = ("A", "B")
# Texts that the browser fills in while it counts.
PLACES = {name: f"{{{name}}}" for name in ("number", "rounds", "letter", "model", "pairs", "agreed", "votes", "same")}
TOLD = ("game/round", "game/none", "game/tie", "game/agree", "game/differ", "game/tally", "game/start")


@dataclass(frozen=True)
class Opinion:
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
    bar = f'<progress value="{done}" max="{total}" aria-label="{say("duel/work-label")}"></progress>'
    return f'<p class="progress">{bar} <span>{say("duel/work", name=escape(name), done=done, total=total)}</span></p>'


def picture_tag(picture: Image.Image, alt: str) -> str:
    """A picture as an element that shows every pixel, unless it is large, and has its place before it is decoded."""
    small, stream = reduced(picture, SHOWN_SIDE), io.BytesIO()
    small.save(stream, "WEBP", lossless=True, quality=40)
    data = base64.b64encode(stream.getvalue()).decode()
    size = f'width="{small.width}" height="{small.height}"'
    return f'<img src="data:image/webp;base64,{data}" {size} alt="{escape(alt)}">'


# gMAD


def render_contest(
    competition: Competition,
    opinions: tuple[Opinion, Opinion],
    pictures: Mapping[int, Judged],
    *,
    total: int,
    used: int,
) -> str:
    """The pairs, from the highest level of the defender to the lowest, each with what it shows."""
    attacker, defender = opinions
    intro = say("duel/contest", attacker=escape(attacker.label), defender=escape(defender.label), used=used)
    if used < total:
        intro += " " + say("duel/unread", count=total - used)
    pairs = [_contest_pair(pair, competition, opinions, pictures) for pair in reversed(competition.pairs)]
    if not pairs:
        pairs = [f"<p>{say('duel/no-pairs')}</p>"]
    return f'<div class="contest"><p role="status">{intro}</p>{"".join(pairs)}</div>'


def _contest_pair(
    pair: Pair, competition: Competition, opinions: tuple[Opinion, Opinion], pictures: Mapping[int, Judged]
) -> str:
    attacker, defender = opinions
    better, worse = pictures[pair.better], pictures[pair.worse]
    title = say("duel/level", level=pair.level, levels=competition.settings.levels, defender=escape(defender.label))
    sentence = say(
        "duel/shows",
        attacker=escape(attacker.label),
        defender=escape(defender.label),
        attack=f"{pair.attacker_gap / competition.attacker_deviation:.1f}",
        defence=f"{pair.defender_gap / competition.defender_deviation:.2f}",
    )
    sides = "".join(
        f"<figure>{picture_tag(side.picture, side.title)}"
        f"<figcaption>{escape(side.title)}<br>{escape(attacker.label)}: <b>{attacker.write(side.attack)}</b>, "
        f"{escape(defender.label)}: <b>{defender.write(side.defence)}</b></figcaption></figure>"
        for side in (better, worse)
    )
    return f'<section><h3>{title}</h3><div class="two">{sides}</div><p>{sentence}</p></section>'


# The game. What happens in it happens in the browser: `assets/scripts/duel.js`.


def render_game(rounds: Sequence[Sequence[Judged]], model: Opinion, *, deal: int) -> str:
    """All rounds, of which the browser shows one; with the buttons that count votes. `deal` tells deals apart."""
    if not rounds:
        return f"<p>{say('duel/no-rounds')}</p>"
    told = " ".join(f'data-{key.split("/")[1]}="{escape(say(key, **PLACES))}"' for key in TOLD)
    sections = "".join(_round(sides, model) for sides in rounds)
    votes = "".join(
        f'<button type="button" class="vote" data-vote="{letter}">{letter}: <span class="count">0</span></button>'
        for letter in LETTERS
    )
    return (
        f'<div class="game" data-deal="{deal}" data-model="{escape(model.label)}" {told}>'
        f'<h3 class="which" tabindex="-1"></h3>{sections}'
        f'<div class="votes" role="group" aria-label="{say("game/votes")}">{votes}</div>'
        f'<div class="moves">{_button("reveal", "game/reveal")}{_button("next", "game/next")}</div>'
        f'<p class="answer" role="status"></p><p class="tally" role="status"></p>'
        f"<p>{_button('undo small', 'game/undo')} {_button('reset small', 'game/reset')}</p></div>"
    )


def _button(kind: str, key: str) -> str:
    return f'<button type="button" class="{kind}">{say(key)}</button>'


def _round(sides: Sequence[Judged], model: Opinion) -> str:
    figures = "".join(
        f'<figure data-vote="{letter}">{picture_tag(side.picture, f"{letter}: {side.photo}")}'
        f'<figcaption><b class="letter">{letter}</b> <span class="truth" hidden>'
        f"{say('game/truth', score=model.write(side.attack), title=escape(side.title))}</span></figcaption></figure>"
        for letter, side in zip(LETTERS, sides, strict=True)
    )
    first, second = sides
    better = LETTERS[first.attack < second.attack]
    return f'<section class="round two" data-better="{better}" hidden>{figures}</section>'
