"""What the Compare tab sets side by side: the panel's subject, and another model or another picture."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from qualiclip.errors import UsageError
from ui.frame.examples import Example, example_with
from ui.studio.look import Look
from ui.studio.partners import model_title, other_model
from ui.studio.studio import Studio
from ui.studio.subject import PANEL_SIZE, PanelValues, Subject, read_values
from ui.texts import say

MODEL, PICTURE = "model", "picture"  # what is different on the right

SAME, OWN = "same", "own"  # of the pictures: the panel's, untouched; an upload. All others are names of examples


@dataclass(frozen=True)
class CompareSettings:
    """What the widgets of the tab say, in their order."""

    mode: str
    other: str
    picture: str
    upload: str | None
    alike: bool
    method: str
    target: str


@dataclass(frozen=True)
class Sides:
    """Looks at two subjects that differ in their model or in their picture, with a title each."""

    mode: str
    left: Look
    right: Look
    titles: tuple[str, str]

    @property
    def names(self) -> tuple[str, str]:
        """The titles, short enough for the head of a table."""
        left, right = self.subjects
        return (left.model, right.model) if self.mode == MODEL else self.titles

    @property
    def looks(self) -> tuple[Look, Look]:
        """Both, left first."""
        return self.left, self.right

    @property
    def subjects(self) -> tuple[Subject, Subject]:
        """What is looked at, left first."""
        return self.left.subject, self.right.subject


def read_settings(values: Sequence[Any]) -> tuple[Subject | None, CompareSettings, Sequence[Any]]:
    """The panel's subject, the settings of the tab, and the values of the other widgets.

    Raises:
        UsageError: if a name, a level or the region does not exist.
    """
    subject, rest = read_values(values)
    count = len(CompareSettings.__dataclass_fields__)
    return subject, CompareSettings(*rest[:count]), rest[count:]


def read_seed(values: Sequence[Any]) -> int:
    """The panel's seed."""
    return PanelValues.of(values[:PANEL_SIZE]).seed


def picture_title(look: Look, examples: Sequence[Example]) -> str:
    """A picture's name for people, with a word on whether it is degraded."""
    example = example_with(look.digest, examples)
    name = say(f"example/{example.path.stem}") if example else say("compare/own")
    return say("compare/degraded-title", name=name) if look.view.steps else name


def find_sides(
    studio: Studio, subject: Subject, settings: CompareSettings, examples: Sequence[Example]
) -> Sides | None:
    """What is compared, or None as long as the second picture is missing.

    Raises:
        UsageError: if there is no other model, or no such picture.
    """
    if settings.mode == MODEL:
        other = replace(subject, model=other_model(subject.model, settings.other, studio.scorers))
        titles = model_title(subject.model), model_title(other.model)
        left, right = studio.looks(subject, other)
        return Sides(MODEL, left, right, titles)
    if settings.picture == SAME:
        words = say("degraded") if subject.active_steps else say("original")
        look = studio.look(subject)
        return Sides(PICTURE, look, look.pristine, (words, say("original")))
    path = settings.upload if settings.picture == OWN else _path_of(settings.picture, examples)
    if path is None:
        return None
    left, right = studio.looks(subject, replace(subject if settings.alike else subject.pristine, path=path))
    return Sides(PICTURE, left, right, (picture_title(left, examples), picture_title(right, examples)))


def _path_of(name: str, examples: Sequence[Example]) -> str:
    for example in examples:
        if example.path.stem == name:
            return str(example.path)
    raise UsageError(f"no example is called {name!r}; choose one of the list")
