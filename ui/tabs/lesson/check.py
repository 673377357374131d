"""The lesson's last step as HTML: maps held against a degradation whose place is known, and what that says."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from qualiclip.prose import decimal
from ui.markup.parts import data_uri
from ui.markup.templates import render
from ui.texts import say

FINDS, HINTS, CHANCE = 0.85, 0.6, 0.45  # AUROC: the goal for blur and noise; a little above chance; below it
ALIKE = 0.5  # rank correlation of two maps that say the same


@dataclass(frozen=True)
class MapFigure:
    """A map drawn over the degraded photo, and the AUROC in [0, 1] with which it finds the degradation."""

    picture: Image.Image
    auroc: float


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
    # An edge map finds sharp or noisy places; where a degradation took the edges away, the map turned over finds it.
    turned = max(edges.auroc, 1 - edges.auroc)
    return render(
        "check/check",
        aurocs=[figure.auroc for figure in figures],
        sources=[data_uri(figure.picture) for figure in figures],
        said=verdict(model.auroc, best_rival=max(random.auroc, turned)),
        wrong=model.auroc < HINTS,
        before=before,
        after=after,
    )


def render_untrained(picture: Image.Image, correlation: float) -> str:
    """The map of the model with random weights, and how like the trained model's it is."""
    key = "lesson/weights-same" if abs(correlation) >= ALIKE else "lesson/weights-changed"
    said = say(key, value=decimal(correlation, 2))
    return render("check/untrained", source=data_uri(picture), correlation=correlation, said=said)
