"""Links that restore a view: `?img=cat&tab=sweep&deg=gaussian_blur:3&model=compact&seed=7`.

A link names an example, never an upload; what it does not name is as on the first visit.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from qualiclip.degradations import MAX_SEED, parse_region, parse_step
from qualiclip.errors import QualiclipError, UsageError, unknown_name
from ui.studio.subject import NONE, OWN, REGIONS, SLOTS, WHOLE, PanelValues

from .examples import Example, example_of
from .panel import FIRST_SIDES, OTHER_STEPS

Value = TypeVar("Value")

Sides = tuple[float, float, float, float]


@dataclass(frozen=True)
class Link:
    """What a link asks for; None where it says nothing. `others` are settings of the tabs, by name."""

    tab: str | None
    values: PanelValues
    others: Mapping[str, str]


def write_link(tab: str, values: PanelValues, others: Mapping[str, str], examples: Sequence[Example]) -> str:
    """The query of a link to a view, with its question mark. An uploaded photo is left out."""
    example = example_of(values.photo, examples)
    steps = [name if name == NONE else f"{name}:{level:g}" for name, level in values.slots]
    while steps and steps[-1] == NONE:
        steps.pop()
    query = {
        "img": example.path.stem if example else None,
        "tab": tab,
        "deg": ",".join(steps) or NONE,
        "region": _written_region(values),
        "model": values.model,
        "seed": str(values.seed) if values.seed else None,
        **others,
    }
    return "?" + urlencode({name: value for name, value in query.items() if value}, safe=":,+")


def _written_region(values: PanelValues) -> str | None:
    if values.region == OWN:
        return ",".join(f"{side / 100:g}" for side in values.sides)
    return None if values.region == WHOLE else values.region


def read_link(
    query: Mapping[str, str],
    first: PanelValues,
    *,
    tabs: Collection[str],
    models: Collection[str],
    examples: Sequence[Example],
) -> tuple[Link, list[str]]:
    """What a query asks for, on top of the `first` view, and a line for everything in it that can't be had."""
    complaints: list[str] = []

    def use(name: str, read: Callable[[str], Value], otherwise: Value) -> Value:
        text = query.get(name)
        if text is None:
            return otherwise
        try:
            return read(text)
        except QualiclipError as error:
            complaints.append(f"link, {name}: {error}")
            return otherwise

    photos = {example.path.stem: str(example.path) for example in examples}
    region, sides = use("region", _read_region, (first.region, first.sides))
    values = PanelValues(
        photo=use("img", lambda text: photos[_one_of(text, photos, "example")], first.photo),
        model=use("model", lambda text: _one_of(text, models, "model"), first.model),
        slots=use("deg", _read_slots, first.slots),
        seed=use("seed", _read_seed, first.seed),
        region=region,
        sides=sides,
    )
    tab = use("tab", lambda text: _one_of(text, tabs, "tab"), None)
    known = {"img", "tab", "deg", "region", "model", "seed"}
    return Link(tab, values, {name: text for name, text in query.items() if name not in known}), complaints


def _one_of(text: str, known: Collection[str], kind: str) -> str:
    if text not in known:
        raise unknown_name(kind, text, known)
    return text


def _read_seed(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_SEED:
        raise UsageError(f"seed {text!r}: expected a whole number from 0 to {MAX_SEED}")
    return int(text)


def _read_region(text: str) -> tuple[str, Sides]:
    if text == WHOLE or text in REGIONS:
        return text, FIRST_SIDES
    region = parse_region(text)
    left, top, right, bottom = (round(100 * side) for side in (region.left, region.top, region.right, region.bottom))
    return OWN, (left, top, right, bottom)


def _read_slots(text: str) -> tuple[tuple[str, float], ...]:
    texts = text.split(",")
    if len(texts) > SLOTS:
        raise UsageError(f"{len(texts)} degradations, the studio has {SLOTS}")
    slots = [OTHER_STEPS if one == NONE else _read_slot(one) for one in texts]
    return tuple(slots + [OTHER_STEPS] * (SLOTS - len(slots)))


def _read_slot(text: str) -> tuple[str, float]:
    step = parse_step(text)
    if step.seed:
        raise UsageError(f"degradation {text!r}: the seed is said once, as seed=…")
    return step.name, step.level
