"""The panel on the left of most tabs: photo, examples, degradations, region, model."""

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import Any

import gradio as gr
from gradio.components import Component

from qualiclip.degradations import DEGRADATIONS, MAX_LEVEL, MAX_SEED
from qualiclip.models.untrained import UNTRAINED
from ui.files.uploads import photo_input
from ui.guard import shown
from ui.studio.studio import Studio
from ui.studio.subject import NONE, OWN, REGIONS, SLOTS, WHOLE, PanelValues, Subject
from ui.texts import core, t

from .examples import Example, thumbnail

FIRST_STEP = ("gaussian_blur", 3.0)
OTHER_STEPS = (NONE, 2.0)
FIRST_SIDES = (25, 25, 75, 75)  # %: left, top, right, bottom
CLICKED_SIDE = 1 / 3  # of the picture: a side of the region that a click on the photo chooses


class SubjectPanel:
    """The widgets, in the order that `subject.read_values` expects, and the events that change what they ask for."""

    def __init__(self, studio: Studio, examples: Sequence[Example]) -> None:
        """Lay the widgets out. Must be called inside a Blocks context."""
        self.examples = examples
        slots = (FIRST_STEP, *[OTHER_STEPS] * (SLOTS - 1))
        self.first = PanelValues(str(examples[0].path), studio.default, slots, 0, WHOLE, FIRST_SIDES)
        self.photo = _photo(examples)
        self.model = gr.Dropdown(
            model_choices(studio),
            value=studio.default,
            label=t("panel/model"),
            elem_id="model",
            visible=len(studio.scorers) > 1,
        )
        with gr.Group(elem_id="steps"):
            first = _slot(1, *FIRST_STEP)
            with gr.Accordion(t("panel/more"), open=False, elem_id="more-steps"):
                self.slots = [first, *(_slot(number, *OTHER_STEPS) for number in range(2, SLOTS + 1))]
                self.region, self.sides, self.own = _region()
                self.seed = _seed()
        self.widgets: list[Component] = [
            *(self.photo, self.model, *chain.from_iterable(self.slots), self.seed, self.region, *self.sides)
        ]
        self.events: list[Any] = [
            self.photo.change,
            self.model.change,
            *chain.from_iterable((kind.change, dial.release) for kind, dial in self.slots),
            *(self.seed.submit, self.seed.blur, self.region.change),
            *(side.release for side in self.sides),
        ]
        self.region.change(
            None,
            self.region,
            self.own,
            js=f"(region) => ({{__type__: 'update', visible: region === '{OWN}'}})",
            api_visibility="private",
        )
        choose = shown(ClickedRegion(studio).sides)
        self.photo.select(
            choose, self.photo, [self.region, *self.sides], show_progress="hidden", api_visibility="private"
        )


def model_choices(studio: Studio) -> list[tuple[str, str]]:
    """The models that are served, with their names; that of the untrained one says what it is."""
    return [(t("model/untrained") if name == UNTRAINED else name, name) for name in studio.scorers]


class ClickedRegion:
    """A click on the photo chooses the region around it."""

    def __init__(self, studio: Studio) -> None:
        """Keep the studio, which knows the size of the photo."""
        self.studio = studio

    def sides(self, photo: str | None, event: gr.SelectData) -> tuple[Any, ...]:
        """Values of the region's widgets for a click."""
        if photo is None:
            return (gr.skip(),) * (1 + len(FIRST_SIDES))
        width, height = self.studio.look(Subject(photo, "")).picture.size
        column, row = event.index
        left, right = _around(column / width)
        top, bottom = _around(row / height)
        return OWN, left, top, right, bottom


def _around(centre: float) -> tuple[int, int]:
    start = min(max(centre - CLICKED_SIDE / 2, 0), 1 - CLICKED_SIDE)
    return round(100 * start), round(100 * (start + CLICKED_SIDE))


def _photo(examples: Sequence[Example]) -> gr.Image:
    photo = photo_input(
        value=str(examples[0].path),
        label=t("panel/photo"),
        sources=["upload", "clipboard"],
        height=240,
        elem_id="photo",
        alt_text=t("panel/photo-alt"),
    )
    with gr.Row(elem_id="examples", elem_classes="examples"):
        for example in examples:
            button = gr.Button(t(f"example/{example.path.stem}"), icon=thumbnail(example), size="sm", min_width=80)
            button.click(partial(str, example.path), None, photo, show_progress="hidden", api_visibility="private")
    return photo


def _slot(number: int, name: str, level: float) -> tuple[gr.Dropdown, gr.Slider]:
    choices = [(t("panel/none"), NONE), *((core(row.label), name) for name, row in DEGRADATIONS.items())]
    with gr.Row(elem_classes="slot", equal_height=True):
        kind = gr.Dropdown(choices, value=name, label=t(f"panel/degradation-{number}"), min_width=150)
        dial = gr.Slider(
            *(0, MAX_LEVEL),
            value=level,
            step=0.05,
            label=t(f"panel/level-{number}"),
            min_width=150,
            elem_classes="level",
        )
    return kind, dial


def _region() -> tuple[gr.Dropdown, list[gr.Slider], gr.Column]:
    region = gr.Dropdown(
        [(t(f"region/{name}"), name) for name in (WHOLE, *REGIONS, OWN)],
        value=WHOLE,
        label=t("panel/region"),
        info=t("panel/region-info"),
        elem_id="region",
    )
    with gr.Column(visible=False) as own:
        sides = [
            gr.Slider(0, 100, value=value, step=1, label=t(f"panel/{side}"), elem_classes="level")
            for side, value in zip(("left", "top", "right", "bottom"), FIRST_SIDES, strict=True)
        ]
    return region, sides, own


def _seed() -> gr.Number:
    return gr.Number(
        0, label=t("panel/seed"), info=t("panel/seed-info"), precision=0, minimum=0, maximum=MAX_SEED, elem_id="seed"
    )
