"""The named endpoints for programs: /score, /degrade, /explain, /sweep, /compare and /models."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

import gradio as gr
from PIL import Image

from explain.maps.defaults import DEFAULT_COLORMAP, DEFAULT_METHOD, DEFAULT_OPACITY, DEFAULT_TARGET, chosen
from explain.maps.drawing import draw_heatmap
from explain.maps.heatmaps import METHODS
from qualiclip.checks import check_number, check_whole
from qualiclip.degradations import DEGRADATIONS, MAX_LEVEL, MAX_SEED, Step
from qualiclip.drawing.overlay import COLORMAPS
from qualiclip.errors import InputError, UsageError, unknown_name
from qualiclip.errors import shown as said
from qualiclip.models.targets import find_target
from qualiclip.scoring.scorer import Scorer
from qualiclip.scoring.sweep import LEVELS
from qualiclip.weights.registry import REGISTRY
from ui.files.uploads import photo_input
from ui.frame.context import MODEL_QUEUE, SWEEP_QUEUE
from ui.guard import shown
from ui.studio.studio import Studio
from ui.studio.subject import Subject
from ui.studio.sweeps import SweepRequest, Sweeps


def _needed(image: str | None) -> str:
    if image is None:
        raise InputError("no picture was given; send the file as `image`")
    return image


@contextmanager
def _argument(name: str) -> Iterator[None]:
    """A context whose errors say which argument is wrong."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from error


def _one_of(argument: str, value: object, known: Collection[str], *, kind: str) -> str:
    with _argument(argument):
        if not isinstance(value, str) or value not in known:
            raise unknown_name(kind, value, known)
    return value


def _some_of(argument: str, values: object, known: Collection[str], *, kind: str) -> tuple[str, ...]:
    """Names out of a list, or a single one; all that are known for an empty list or null."""
    listed = [values] if isinstance(values, str) else [] if values is None else values
    if not isinstance(listed, list):
        raise UsageError(f"{argument}: expected a list of names, got {said(values)}; known: {', '.join(known)}")
    return tuple(_one_of(argument, value, known, kind=kind) for value in listed) or tuple(known)


def _whole(argument: str, value: object, most: int) -> int:
    """A whole number, 0 for null."""
    return 0 if value is None else check_whole(argument, value, 0, most)


class Api:
    """The functions behind the endpoints, on one studio."""

    def __init__(self, studio: Studio) -> None:
        """Keep the studio."""
        self.studio = studio
        self.sweeps = Sweeps(studio)

    def score(self, image: str | None, model: str) -> dict[str, Any]:
        """Quality score of a picture, in [0, 1], higher is better: the JSON object of `qualiclip score --json`."""
        return self.studio.look(Subject(_needed(image), self._served(model))).analysis.report.to_dict()

    def degrade(self, image: str | None, name: str, level: float, seed: float | None) -> Image.Image:
        """A degraded copy of a picture, as PNG."""
        _one_of("name", name, DEGRADATIONS, kind="degradation")
        step = Step(name, check_number("level", level, 0, MAX_LEVEL), _whole("seed", seed, MAX_SEED))
        return self.studio.look(Subject(_needed(image), "", (step,))).picture

    def explain(
        self, image: str | None, method: str, target: str, colormap: str, opacity: float, model: str
    ) -> tuple[Image.Image, str]:
        """A picture with a heatmap over it, as PNG, and the map in words."""
        served = self._served(model)
        look = self.studio.look(Subject(_needed(image), served))
        _one_of("method", method, METHODS, kind="heatmap method")
        _one_of("colormap", colormap, COLORMAPS, kind="colour map")
        opacity = check_number("opacity", opacity, 0, 1)
        with _argument("target"):
            find_target(target, self.studio.scorer(served).model.targets)
            method, target = chosen(method, target)
        explanation = look.explanation(method=method, target=target)
        return draw_heatmap(look.picture, explanation, colormap=colormap, opacity=opacity), explanation.note

    def sweep(
        self, image: str | None, types: list[str], side: float | None, seed: float | None, model: str
    ) -> dict[str, Any]:
        """Scores of a picture at levels 0 to 5 of degradations: what `qualiclip sweep` writes, as a JSON object.

        `types` are names of degradations, none for all; `side` is the length in px to which the longer side is first
        reduced, 0 for full size; the shorter one keeps 32 px. For each type there are the six scores, `srcc`, the rank
        correlation of level and score in [-1, 1] (-1: each level scores lower), and `rises`, the levels that do not
        score below the one before.
        """
        names = _some_of("types", types, DEGRADATIONS, kind="degradation")
        longest, served = _whole("side", side, MAX_SEED) or None, self._served(model)
        request = SweepRequest(_needed(image), served, longest, _whole("seed", seed, MAX_SEED), names)
        rows = list(self.sweeps.rows(request))
        report = rows[0].reports[0]
        return {
            "model": report.model,
            "weights_sha256": report.weights_sha256,
            "version": report.version,
            "width": report.width,
            "height": report.height,
            "seed": request.seed,
            "levels": list(LEVELS),
            "types": {
                row.name: {"scores": list(row.scores), "srcc": row.srcc, "rises": list(row.rises)} for row in rows
            },
        }

    def compare(self, image: str | None, models: list[str]) -> list[dict[str, Any]]:
        """Reports of a picture by several models, in their order, as `/score` gives them; without names, by all."""
        subject = Subject(_needed(image), "")
        served = _some_of("models", models, self.studio.scorers, kind="model")
        looks = self.studio.looks(*(replace(subject, model=name) for name in served))
        return [look.analysis.report.to_dict() for look in looks]

    def _served(self, model: str | None) -> str:
        """Name of a model; nothing stands for the default one."""
        default = model is None or model == ""
        return _one_of("model", self.studio.default if default else model, self.studio.scorers, kind="model")

    def models(self) -> list[dict[str, Any]]:
        """The models that are being served; the first is the one that is used unless another is named."""
        return [_describe(scorer) for scorer in self.studio.scorers.values()]


def _describe(scorer: Scorer) -> dict[str, Any]:
    checkpoint = scorer.checkpoint
    entry = REGISTRY.get(checkpoint.name)
    about = asdict(entry) if entry else checkpoint.training
    return {
        "name": checkpoint.name,
        "description": about.get("description", "a checkpoint of the operator"),
        "licence": about.get("licence", "not stated"),
        "weights_sha256": checkpoint.sha256,
        "scale": checkpoint.model.scale,
        "engine": scorer.engine,
        "precision": scorer.precision,
        "prompts": [[pair.positive, pair.negative] for pair in checkpoint.model.pairs],
    }


def _as_sent(payload: Any) -> Any:
    return payload


def build_api(api: Api) -> None:
    """Register the endpoints. Must be called inside a Blocks context.

    Inputs are components and not bare values, so that Gradio checks that a file was uploaded to it. All else reaches us
    as it was sent: Gradio's own checks fail with an internal error on what is of the wrong kind.
    """
    with gr.Column(visible=False):
        image = photo_input(label="image")
        name = gr.Dropdown(list(DEGRADATIONS), value="gaussian_blur", label="name")
        level = gr.Slider(0, MAX_LEVEL, value=2, label="level")
        seed = gr.Number(0, precision=0, minimum=0, maximum=MAX_SEED, label="seed")
        method = gr.Dropdown(list(METHODS), value=DEFAULT_METHOD, label="method")
        target = gr.Dropdown(list(api.studio.targets()), value=DEFAULT_TARGET, label="target")
        colormap = gr.Dropdown(list(COLORMAPS), value=DEFAULT_COLORMAP, label="colormap")
        opacity = gr.Slider(0, 1, value=DEFAULT_OPACITY, label="opacity")
        types = gr.CheckboxGroup(list(DEGRADATIONS), value=[], label="types")
        side = gr.Number(384, precision=0, minimum=0, label="side")
        picture = gr.Image(type="pil", format="png", label="picture")
        words, report, models = gr.Textbox(label="words"), gr.JSON(label="report"), gr.JSON(label="models")
        swept = gr.JSON(label="sweep")
        model = gr.Dropdown(list(api.studio.scorers), value=api.studio.default, label="model")
        compared = gr.Dropdown(list(api.studio.scorers), value=[], multiselect=True, label="models")
        reports = gr.JSON(label="reports")
        trigger = gr.Button("run")
    for component in (name, level, seed, method, target, colormap, opacity, types, side, model, compared):
        component.preprocess = _as_sent  # type: ignore[method-assign]
    trigger.click(shown(api.score), [image, model], report, api_name="score", **MODEL_QUEUE)
    trigger.click(shown(api.degrade), [image, name, level, seed], picture, api_name="degrade", **MODEL_QUEUE)
    trigger.click(
        shown(api.explain),
        [image, method, target, colormap, opacity, model],
        [picture, words],
        api_name="explain",
        **MODEL_QUEUE,
    )
    trigger.click(shown(api.sweep), [image, types, side, seed, model], swept, api_name="sweep", **SWEEP_QUEUE)
    trigger.click(shown(api.compare), [image, compared], reports, api_name="compare", **MODEL_QUEUE)
    trigger.click(shown(api.models), None, models, api_name="models")
