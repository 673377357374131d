"""Arguments of the named endpoints, in process: whatever a program sends is answered, or refused in one line."""

import asyncio
import math

import gradio as gr
import pytest
import torch
from PIL import Image

from qualiclip.crops import reduced
from qualiclip.pictures import DEFAULT_LIMITS, image_to_picture
from qualiclip.scoring.scorer import Scorer
from qualiclip.weights.loading import Checkpoint
from tests.browser.raw import named_file
from ui.files.uploads import forbid_fetching
from ui.server.api import Api, build_api
from ui.studio.studio import Studio

NULL, OBJECT, NESTED = None, {"name": "jpeg"}, [["jpeg"]]


@pytest.fixture
def call(tiny_model, tmp_path, photo, monkeypatch):
    """A function that sends data to an endpoint as a program does, the picture apart; it gives what comes back."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    scorers = [Scorer(Checkpoint(name, tiny_model, "0" * 64), engine="fused", limits=DEFAULT_LIMITS) for name in "ab"]

    async def build():  # inside a loop: without one, Gradio makes some and leaves them open
        with gr.Blocks(analytics_enabled=False) as page:
            build_api(Api(Studio(*scorers)))
        forbid_fetching(page)
        return page

    page = asyncio.run(build())
    endpoints = {function.api_name: function for function in page.fns.values()}
    path = tmp_path / "photo.png"
    image_to_picture(photo[:, :64, :80]).save(path)

    photo_file = named_file(path)

    def send(endpoint, *data, image=photo_file):
        function = endpoints[endpoint]
        given = asyncio.run(page.preprocess_data(function, [image, *data], None))
        return function.fn(*given)

    return send


def refusal(call, endpoint, *data, **image):
    with pytest.raises(gr.Error) as caught:
        call(endpoint, *data, **image)
    words = caught.value.message
    assert "\n" not in words
    assert "Internal" not in words
    return words


GOOD = {  # arguments in their order, with values that are right
    "score": {"model": "a"},
    "degrade": {"name": "jpeg", "level": 2, "seed": 0},
    "explain": {
        **{"method": "gradcam", "target": "good", "colormap": "viridis", "opacity": 0.5, "model": "b"},
    },
    "sweep": {"types": ["darken"], "side": 64, "seed": 0, "model": "a"},
    "compare": {"models": ["b"]},
}
WRONG = {
    "model": (3, ["a"], OBJECT, True, "c"),
    "name": (NULL, 3, ["jpeg"], OBJECT, "", "jpg"),
    "level": (NULL, "2", [2], OBJECT, True, 6, -1, math.nan, math.inf),
    "seed": ("1", [1], OBJECT, True, 1.5, -1, 2**31, math.nan),
    "method": (NULL, 3, ["gradcam"], OBJECT, "magic"),
    "target": (NULL, 3, ["good"], OBJECT, "pair:99"),
    "colormap": (NULL, 3, ["viridis"], OBJECT, "jet"),
    "opacity": (NULL, "0.5", [0.5], OBJECT, True, 2, math.nan),
    "types": (3, OBJECT, NESTED, [3], [NULL], "jpg", True, 0),
    "side": ("64", [64], OBJECT, True, 31, -64, 64.5, math.nan, math.inf),
    "models": (3, OBJECT, NESTED, [3], [NULL], "c", True, 0),
}


@pytest.mark.parametrize("endpoint", GOOD)
def test_every_argument_of_the_wrong_kind_is_refused_by_its_name(call, endpoint):
    good = GOOD[endpoint]
    call(endpoint, *good.values())
    for argument in good:
        for wrong in WRONG[argument]:
            words = refusal(call, endpoint, *{**good, argument: wrong}.values())
            assert argument in words.partition(" must ")[0].partition(";")[0], (argument, wrong, words)
            assert words.isprintable()


@pytest.mark.parametrize("endpoint", GOOD)
def test_pictures_that_are_no_files_and_missing_values_are_refused(call, endpoint):
    values = GOOD[endpoint].values()
    assert "no picture was given" in refusal(call, endpoint, *values, image=None)
    for image in ("photo.png", 3, ["a"], True, {}, {**named_file("a.png"), "size": "large"}, [named_file("a.png")]):
        assert refusal(call, endpoint, *values, image=image).startswith("image: expected an uploaded file, got ")
    for image in ({"path": 3}, {"path": "a.png", "size": "large"}, {"url": "a.png"}):
        assert "Send a file that was uploaded" in refusal(call, endpoint, *values, image=image)
    last = list(GOOD[endpoint])[-1]
    assert refusal(call, endpoint, *list(values)[:-1]).startswith(f"{last}: missing; the call needs ")


def test_null_stands_for_what_has_a_natural_value(call):
    assert call("score", None) == call("score", "a")
    assert call("degrade", "jpeg", 2, None) == call("degrade", "jpeg", 2, 0)
    assert [report["model"] for report in call("compare", None)] == ["a", "b"]
    swept = call("sweep", ["darken"], None, None, None)
    assert (swept["width"], swept["height"], swept["seed"], swept["model"]) == (80, 64, 0, "a")


def test_one_name_is_taken_for_a_list_of_it(call):
    assert list(call("sweep", "darken", 0, 0, "a")["types"]) == ["darken"]
    assert [report["model"] for report in call("compare", "b")] == ["b"]
    assert [report["model"] for report in call("compare", ["b", "a"])] == ["b", "a"]


def test_the_default_side_of_a_sweep_suits_a_very_wide_picture(call, tmp_path):
    path = tmp_path / "wide.png"
    image_to_picture(torch.rand((3, 40, 1600), generator=torch.Generator().manual_seed(0))).save(path)
    swept = call("sweep", ["darken"], 384, 0, "a", image=named_file(path))
    assert (swept["width"], swept["height"]) == (1280, 32)


def test_a_reduced_picture_is_as_long_as_asked_unless_it_would_be_too_narrow():
    sizes = {(640, 480): (384, 288), (480, 640): (288, 384), (300, 200): (300, 200), (1600, 40): (1280, 32)}
    sizes |= {(33, 1650): (32, 1600), (32, 900): (32, 900), (1000, 83): (386, 32)}
    for size, expected in sizes.items():
        assert reduced(Image.new("RGB", size), 384).size == expected
    assert reduced(Image.new("RGB", (1600, 40)), None).size == (1600, 40)
