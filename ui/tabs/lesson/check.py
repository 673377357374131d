"""The lesson's last step as HTML: maps held against damage whose place is known, and what that says."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from PIL import Image

from ui.markup.parts import data_uri
from ui.texts import say

FINDS, HINTS, CHANCE = 0.85, 0.6, 0.45  # AUROC: the goal for blur and noise; a little above chance; below it
ALIKE = 0.5  # rank correlation of two maps that say the same


@dataclass(frozen=True)
class MapFigure:
    """A map drawn over the damaged photo, and the AUROC in [0, 1] with which it finds the damage."""

    picture: Image.Image
    auroc: float


def _figure(name: str, picture: Image.Image, caption: str) -> str:
    alt = escape(say("lesson/map-alt", name=name))
    return (
        f'<figure><img src="{data_uri(picture)}" alt="{alt}"><figcaption><b>{escape(name)}</b> {caption}</figcaption>'
        "</figure>"
    )


def verdict(auroc: float, *, best_rival: float) -> str:
    """What the AUROC of a heatmap, and the best of maps that know no model, say about it."""
    if auroc < CHANCE:
        return say("lesson/map-misleads")
    if auroc < HINTS:
        return say("lesson/map-chance")
    found = say("lesson/map-finds" if auroc >= FINDS else "lesson/map-hints")
    return f"{found} {say('lesson/map-beaten' if best_rival >= auroc else 'lesson/map-better')}"


def render_check(figures: Sequence[MapFigure], before: float, after: float) -> str:
    """The model's map, a random one and one of edges, each with its AUROC, and the verdict."""
    model, random, edges = figures
    # An edge map finds sharp or noisy places; where damage took the edges away, the map turned over finds it.
    turned = max(edges.auroc, 1 - edges.auroc)

    def value(auroc: float) -> str:
        return f'<span class="auroc" data-auroc="{auroc!r}">{say("lesson/auroc", value=f"{auroc:.2f}")}</span>'

    over = f" ({say('lesson/turned', value=f'{1 - edges.auroc:.2f}')})"
    drawn = (
        _figure(say("lesson/map"), model.picture, value(model.auroc))
        + _figure(say("lesson/random"), random.picture, value(random.auroc))
        + _figure(say("lesson/edges"), edges.picture, value(edges.auroc) + over)
    )
    said = verdict(model.auroc, best_rival=max(random.auroc, turned))
    wrong = "wrong" if model.auroc < HINTS else "fine"
    return (
        f'<div class="strip maps">{drawn}</div><p class="verdict {wrong}" role="status">{said}</p>'
        f"<p>{say('lesson/damage-costs', before=f'{before:.3f}', after=f'{after:.3f}')} "
        f'<span class="quiet">{say("lesson/one-picture")}</span></p>'
    )


def render_untrained(picture: Image.Image, correlation: float) -> str:
    """The map of the model with random weights, and how like the trained model's it is."""
    key = "lesson/weights-same" if abs(correlation) >= ALIKE else "lesson/weights-changed"
    said = say(key, value=f"{correlation:.2f}".replace("-", "−"))
    return (
        f'<div class="strip maps">{_figure(say("lesson/untrained"), picture, "")}</div>'
        f'<p class="verdict" role="status" data-correlation="{correlation!r}">{said}</p>'
    )
