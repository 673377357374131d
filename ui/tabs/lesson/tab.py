"""What the How-it-works tab computes: six steps on one photo, each only when it is opened."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import gradio as gr
import torch
from PIL import Image

from explain.checks.spot_check import check_maps, draw_map, explain_untrained
from explain.figures.arithmetic import arithmetic_figure
from explain.maps.defaults import DEFAULT_TARGET, MODEL_METHOD
from explain.numbers.arithmetic import arithmetic
from qualiclip.crops import middle
from qualiclip.degradations import Region, Step
from qualiclip.drawing.files import model_line, report_facts, save_figure
from qualiclip.errors import QualiclipError
from qualiclip.scoring.sweep import LEVELS
from ui.files.downloads import DownloadFolder
from ui.markup.parts import render_message
from ui.studio.look import Analysis, Look
from ui.studio.studio import Studio
from ui.studio.subject import REGIONS, Subject, read_values
from ui.texts import say

from .check import MapFigure, render_check, render_untrained
from .losses import render_losses
from .markup import Rung, render_arithmetic, render_prompts, render_rank, render_strip

# The degradations: where the model does well, less well, and badly.
KINDS = ("gaussian_blur", "white_noise", "jpeg", "pixelate", "darken")
PLACES = ("top-left", "top-right", "bottom-left", "bottom-right")
FIRST_LEVEL = 4
SEED = 0
DETAIL_SIDE = 256  # px of the photo's middle that are shown of each level
MAP_SIDE = 480  # px of a map


@dataclass(frozen=True)
class Choice:
    """What the lesson's own widgets say, in their order."""

    step: str
    kind: str
    level: float
    place: str

    @property
    def region(self) -> Region:
        """The quarter of the photo that is degraded in the last step."""
        return REGIONS[self.place]


def read_choice(values: Sequence[Any]) -> tuple[Subject | None, Choice]:
    """The photo with its model, as it is, and what the lesson's widgets say.

    Raises:
        UsageError: if the panel asks for what does not exist.
    """
    subject, (step, kind, level, place) = read_values(values)
    return subject and subject.pristine, Choice(step, kind, float(level), place)


def degraded(subject: Subject, choice: Choice) -> Subject:
    """The photo after the chosen degradation."""
    return replace(subject, steps=(Step(choice.kind, choice.level, SEED),))


class LessonTab:
    """The results of each step, as HTML, on one studio."""

    def __init__(self, studio: Studio, downloads: DownloadFolder) -> None:
        """Keep the studio and the place for downloads."""
        self.studio = studio
        self.downloads = downloads

    def ladder(self, subject: Subject, choice: Choice) -> Iterator[Look]:
        """The photo at all levels of the chosen degradation, one after the other: together they might be large."""
        photo = self.studio.look(subject)
        return (photo.after(Step(choice.kind, float(level), SEED)) for level in LEVELS)

    def degrade(self, subject: Subject, choice: Choice) -> str:
        """Six levels side by side."""
        return render_strip(choice.kind, [detail(look.picture) for look in self.ladder(subject, choice)])

    def rank(self, subject: Subject, choice: Choice) -> str:
        """The same six shuffled, and the model's scores behind a button."""
        ladder = self.ladder(subject, choice)
        return render_rank(choice.kind, [Rung(detail(look.picture), look.analysis.report.score) for look in ladder])

    def both(self, subject: Subject, choice: Choice) -> tuple[Analysis, Analysis]:
        """Analyses of the photo as it is and degraded."""
        look = self.studio.look(degraded(subject, choice))
        return look.pristine.analysis, look.analysis

    def prompts(self, subject: Subject, choice: Choice) -> str:
        """Cosines with all prompts, before and after."""
        before, after = self.both(subject, choice)
        return render_prompts(before.report, after.report, self.studio.scorer(subject.model).checkpoint)

    def losses(self, subject: Subject, choice: Choice) -> str:
        """The log of a training run; it has nothing to do with the photo."""
        return render_losses()

    def arithmetic(self, subject: Subject, choice: Choice) -> str:
        """How the degraded photo's score is made."""
        return render_arithmetic(arithmetic(self.both(subject, choice)[1].report))

    def degraded(self, subject: Subject, choice: Choice) -> Subject:
        """The photo with one quarter degraded."""
        return replace(degraded(subject, choice), region=choice.region)

    def heatmap(self, subject: Subject, choice: Choice) -> str:
        """The heatmap of the degraded picture alone, and maps that know no model, against the true place."""
        if choice.level == 0:
            return render_message(say("lesson/no-damage"), error=False)
        look = self.studio.look(self.degraded(subject, choice))
        explanation = look.explanation(method=MODEL_METHOD, target=DEFAULT_TARGET)
        checked = check_maps(explanation, look.image, choice.region, generator=_generator())
        figures = [MapFigure(draw_map(look.picture, one, choice.region, side=MAP_SIDE), one.auroc) for one in checked]
        return render_check(figures, look.pristine.analysis.report.score, look.analysis.report.score)

    def untrained(self, *values: Any) -> str:
        """The heatmap of the model with random weights, for the same degraded picture."""
        subject, choice = read_choice(values)
        if subject is None or choice.level == 0:
            return ""
        look = self.studio.look(self.degraded(subject, choice))
        explanation = look.explanation(method=MODEL_METHOD, target=DEFAULT_TARGET)
        untrained, correlation = explain_untrained(look.scorer, look.image, explanation, generator=_generator())
        drawn = draw_map(look.picture, untrained, choice.region, side=MAP_SIDE)
        return render_untrained(drawn, correlation)

    def update(self, *values: Any) -> tuple[Any, ...]:
        """The results of the open step, and that the others stay; a picture that can't be used is said in place."""
        subject, choice = read_choice(values)
        if subject is None:
            html = render_message(say("empty"), error=False)
        else:
            try:
                html = RESULTS[choice.step](self, subject, choice)
            except QualiclipError as error:
                html = render_message(str(error), error=True)
        results = tuple(html if name == choice.step else gr.skip() for name in RESULTS)
        return *results, "" if choice.step == "heatmap" else gr.skip()

    def save_figure(self, *values: Any) -> str:
        """The arithmetic of the degraded photo's score as a PNG figure."""
        subject, choice = read_choice(values)
        if subject is None:
            raise gr.Error(say("nothing-to-download"), print_exception=False)
        report = self.both(subject, choice)[1].report
        lines = [degraded(subject, choice).describe_steps(), model_line(report)]
        path = self.downloads.new_path("arithmetic.png")
        figure = arithmetic_figure(arithmetic(report), facts=lines)
        description = "\n".join([f"How {report.score:.4f} is made", *lines])
        save_figure(figure, path, description=description, version=report.version, facts=report_facts(report))
        return str(path)


def detail(picture: Image.Image) -> Image.Image:
    """The middle of a picture."""
    return picture.crop(middle(picture.height, picture.width, side=DETAIL_SIDE))


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(SEED)


RESULTS: Mapping[str, Callable[[LessonTab, Subject, Choice], str]] = MappingProxyType(
    {
        "degrade": LessonTab.degrade,
        "rank": LessonTab.rank,
        "prompts": LessonTab.prompts,
        "losses": LessonTab.losses,
        "arithmetic": LessonTab.arithmetic,
        "heatmap": LessonTab.heatmap,
    }
)
