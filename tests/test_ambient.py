"""What a caller has set in torch for itself changes no number of ours, and is as it was afterwards."""

import ast
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from explain.maps.heatmaps import METHODS, explain_finely, explain_image
from explain.maps.scale import on_one_scale
from qualiclip.ambient import undisturbed, without_gradients
from qualiclip.degradations import DEGRADATIONS, Region, Step, apply_steps, degrade
from qualiclip.degradations.compose import draw_composition
from qualiclip.models.qualiclip import QualityModel
from qualiclip.models.text import TextEncoder
from qualiclip.pictures import DEFAULT_LIMITS, image_to_picture
from qualiclip.scoring.scorer import Scorer, load
from qualiclip.weights.loading import Checkpoint
from tests.clip_files import TINY, TINY_TEXT, clip_state

Seeded = Callable[[int], Generator]
ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def setting(get: Callable[[], Any], change: Callable[[Any], None], value: Any) -> Iterator[None]:
    found = get()
    change(value)
    try:
        yield
    finally:
        change(found)


def default_dtype(dtype: torch.dtype) -> AbstractContextManager[None]:
    return setting(torch.get_default_dtype, torch.set_default_dtype, dtype)


AMBIENT: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "autocast to bfloat16": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "autocast to float16": lambda: torch.autocast("cpu", dtype=torch.float16),
    "default dtype float64": lambda: default_dtype(torch.float64),
    "default dtype bfloat16": lambda: default_dtype(torch.bfloat16),
    "default device": lambda: torch.device("meta"),
    "inference mode": torch.inference_mode,
    "no gradients": torch.no_grad,
    "deterministic algorithms": lambda: setting(
        torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms, True
    ),
    "coarse products": lambda: setting(
        torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "medium"
    ),
    "denormals flushed": lambda: setting(lambda: False, torch.set_flush_denormal, True),
}


AT_LOADING = ("default dtype float64", "default device", "inference mode", "autocast to bfloat16")


def everything_degraded(image: Tensor, seeded: Seeded) -> dict[str, Tensor]:
    """An image after every type, by all doors."""
    steps = (Step("color_shift", 2.5, 1), Step("motion_blur", 3, 2), Step("impulse_noise", 1))
    done = {"steps": apply_steps(image, steps, region=Region(0, 0, 0.7, 0.6))}
    done["composition"] = draw_composition(seeded(4), count=7).apply(image)
    for name, row in DEGRADATIONS.items():
        done[name] = degrade(image, name, level=3 if row.origin is not None else 0.5, generator=seeded(2))
        done[f"{name} itself"] = row.apply(image, row.strengths[2], seeded(3))
    return done


def everything_seen(scorer: Scorer, images: list[Tensor]) -> dict[str, Any]:
    """What a scorer says of images, and every heatmap of the first."""
    features = scorer.encode(images[0])
    seen: dict[str, Any] = {"report": scorer.report(images[0], features), "score": scorer.score(images[1])}
    seen["many"] = list(scorer.score_many([image_to_picture(image) for image in images]))
    maps = [explain_image(scorer.model, images[0], features, method=method, target="difference") for method in METHODS]
    maps.append(explain_finely(scorer.model, scorer.encode, images[0], target="good", stride=16))
    scaled, seen["peak"] = on_one_scale(*(one for one in maps if METHODS[one.method].unit))
    return seen | {f"{one.method} {number}": one.values for number, one in enumerate((*maps, *scaled))}


def differing(here: dict[str, Any], there: dict[str, Any]) -> list[str]:
    """Names of what is not the same, to the last bit."""
    return [name for name, value in here.items() if not np.array_equal(value, there[name])] if here else ["nothing"]


@pytest.fixture
def scorer(tiny_model: QualityModel) -> Scorer:
    return Scorer(Checkpoint("tiny", tiny_model, "0" * 64), engine="fused", limits=DEFAULT_LIMITS)


def test_degradations_do_not_depend_on_what_the_caller_has_set(photo: Tensor, seeded: Seeded) -> None:
    expected = everything_degraded(photo, seeded)
    for ambient, make in AMBIENT.items():
        with make():
            done = everything_degraded(photo, seeded)
        assert (ambient, differing(expected, done)) == (ambient, [])
        assert {value.dtype for value in done.values()} == {torch.float32}


def test_degradations_do_not_depend_on_the_number_of_threads(photo: Tensor, seeded: Seeded) -> None:
    image = photo[:, :95, :127]  # torch shares it out among two threads, and not in multiples of what it does at once
    expected = {name: degrade(image, name, level=3, generator=seeded(2)) for name in DEGRADATIONS}
    with setting(torch.get_num_threads, torch.set_num_threads, 2):
        done = {name: degrade(image, name, level=3, generator=seeded(2)) for name in DEGRADATIONS}
    assert differing(expected, done) == []


def test_scores_and_heatmaps_do_not_depend_on_what_the_caller_has_set(scorer: Scorer, photo: Tensor) -> None:
    images = [photo[:, :64, :80], photo[:, 20:, 40:]]
    expected = everything_seen(scorer, images)
    for ambient, make in AMBIENT.items():
        with make():
            seen = everything_seen(scorer, images)
        assert (ambient, differing(expected, seen)) == (ambient, [])


@pytest.mark.parametrize("engine", ["eager", "fused"])
def test_a_model_loaded_amid_other_settings_is_the_same(engine: str, tiny_checkpoint: Path, photo: Tensor) -> None:
    expected = load(str(tiny_checkpoint), engine=engine).score(photo)
    for ambient in AT_LOADING:
        with AMBIENT[ambient]():
            there = load(str(tiny_checkpoint), engine=engine)
            assert (ambient, there.score(photo)) == (ambient, expected)
        features = there.encode(photo).requires_grad_()  # not made for inference alone, and nor is the model
        assert torch.autograd.grad(there.model.score(features).sum(), features)[0].isfinite().all()


def test_texts_are_encoded_the_same_amid_other_settings() -> None:
    state, texts = clip_state(TINY, TINY_TEXT, seed=0), ["Good photo.", "Bad photo."]
    expected = TextEncoder(state).encode(texts)
    for ambient in AT_LOADING:
        with AMBIENT[ambient]():
            encoded = TextEncoder(state).encode(texts)
        assert (ambient, encoded.dtype, encoded.device.type) == (ambient, torch.float32, "cpu")
        assert torch.equal(encoded, expected), ambient


def test_a_generator_of_scores_leaves_its_caller_as_it_is_between_them(scorer: Scorer, photo: Tensor) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.device("meta"):
        for _ in scorer.score_many([photo, photo]):
            assert torch.is_autocast_enabled("cpu")
            assert torch.is_grad_enabled()
            assert torch.zeros(1).is_meta


def test_everything_is_put_back_even_after_an_error() -> None:
    with torch.autocast("cpu"), torch.device("meta"), AMBIENT["coarse products"]():
        with suppress(KeyError), without_gradients():
            assert not torch.is_autocast_enabled("cpu")
            assert torch.zeros(1).device.type == "cpu"
            raise KeyError
        assert torch.is_autocast_enabled("cpu")
        assert torch.is_grad_enabled()
        assert torch.zeros(1).is_meta
        assert torch.get_float32_matmul_precision() == "medium"


def test_products_stay_fine_until_the_last_thread_has_done() -> None:
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with undisturbed():
            inside.set()
            leave.wait(60)

    with AMBIENT["coarse products"]():
        other = threading.Thread(target=stay)
        with undisturbed():
            other.start()
            assert inside.wait(60)
        assert torch.get_float32_matmul_precision() == "highest"
        leave.set()
        other.join()
        assert torch.get_float32_matmul_precision() == "medium"


def test_gradients_are_recorded_as_the_caller_wishes(photo: Tensor, seeded: Seeded) -> None:
    image = photo.clone().requires_grad_()
    with torch.no_grad():
        assert not degrade(image, "darken", level=2, generator=seeded(0)).requires_grad
    assert degrade(image, "darken", level=2, generator=seeded(0)).requires_grad


MAKERS = {"rand", "randn", "zeros", "ones", "empty", "full", "eye", "linspace", "logspace", "arange", "tensor"}


def test_every_tensor_that_is_made_names_its_dtype() -> None:
    """The default dtype is the caller's, and can't be put aside for one thread."""
    unnamed = []
    for package in ("qualiclip", "explain", "train", "ui"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in {f"torch.{maker}" for maker in MAKERS}:
                    if "dtype" not in {keyword.arg for keyword in node.keywords}:
                        unnamed.append(f"{path.name}:{node.lineno}")
    assert unnamed == []
