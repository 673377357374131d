"""What the doors of the degradations take and refuse: one line for every mistake, and gradients that are numbers."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Generator, Tensor

from qualiclip.degradations import DEGRADATIONS, Region, Step, apply_steps, degrade, parse_region, parse_step
from qualiclip.degradations.compose import Composition, draw_composition
from qualiclip.errors import InputError, QualiclipError, UsageError

Seeded = Callable[[int], Generator]
NOT_DIFFERENTIABLE = {"jpeg", "jpeg2000"}


def refusal(kind: type[QualiclipError], function: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """The words in which a call is refused: one line, of moderate length, that holds no representation of an object."""
    with pytest.raises(kind) as caught:
        function(*args, **kwargs)
    words = str(caught.value)
    assert "\n" not in words
    assert len(words) < 600  # the known names among them
    assert " at 0x" not in words
    return words


# Images, masks


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((3, 8, 8), dtype=np.float32), "got an object of type ndarray; qualiclip.pictures.as_image() makes"),
        (Image.new("RGB", (8, 8)), "got an object of type Image"),
        (None, "got None"),
        ("photo.jpg", "got 'photo.jpg'"),
        ([[0.5]], "got an object of type list"),
        (torch.zeros((3, 8, 8), dtype=torch.bool), "got torch.bool"),
        (torch.zeros((3, 8, 8), dtype=torch.int64), "got torch.int64"),
        (torch.zeros((3, 8, 8), dtype=torch.complex64), "got torch.complex64"),
        (torch.zeros((3, 8, 8), dtype=torch.float8_e4m3fn), "got torch.float8_e4m3fn"),
        (torch.zeros((3, 8, 8), device="meta"), "on meta"),
        (torch.zeros((3, 8, 8)).to_sparse(), "got torch.sparse_coo"),
        (torch.zeros(()), "got ()"),
        (torch.zeros((3, 8, 0)), "got (3, 8, 0)"),
        (torch.full((3, 8, 8), 1e30), "to 1e+30"),
        (torch.full((3, 8, 8), 1.0000001), "got 1.0000001 to"),  # not "1 to 1"
    ],
)
def test_what_is_no_image_is_refused_by_every_door(image: Any, words: str, seeded: Seeded) -> None:
    step = Step("jpeg", 2)
    assert words in refusal(InputError, degrade, image, "jpeg", level=2, generator=seeded(0))
    assert words in refusal(InputError, apply_steps, image, [step], region=Region(0, 0, 0.5, 1))
    assert words in refusal(InputError, DEGRADATIONS["jpeg"].apply, image, 20, seeded(0))


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (np.ones((96, 128)), "got an object of type ndarray"),
        ("left", "got 'left'"),
        (Region(0, 0, 1, 1), "got an object of type Region"),
        (torch.ones((96, 128), dtype=torch.uint8), "got torch.uint8"),
        (torch.ones((96, 128), device="meta"), "on meta"),
        (torch.ones((2, 96, 128)), "got (2, 96, 128)"),
    ],
)
def test_what_is_no_mask_is_refused(mask: Any, words: str, photo: Tensor, seeded: Seeded) -> None:
    assert words in refusal(InputError, degrade, photo, "jpeg", level=2, generator=seeded(0), mask=mask)


# Levels, strengths, names, generators


@pytest.mark.parametrize(
    ("dial", "words"),
    [
        ("2", "must be a number in [{}], got '2'"),
        (True, "must be a number in [{}], got True"),
        (np.True_, "must be a number in [{}], got True"),
        (1 + 2j, "must be a number in [{}], got (1+2j)"),
        ([2.0], "must be a number in [{}], got an object of type list"),
        (np.array([2.0, 3.0]), "must be a number in [{}], got an object of type ndarray"),
        (math.nan, "must lie in [{}], got nan"),
        (np.float32("nan"), "must lie in [{}], got nan"),
        (math.inf, "must lie in [{}], got inf"),
        (-math.inf, "must lie in [{}], got -inf"),
        (10**400, "must lie in [{}], got a whole number of 1329 bits"),
    ],
)
def test_what_is_no_level_or_strength_is_refused(dial: Any, words: str, photo: Tensor, seeded: Seeded) -> None:
    level, strength = words.format("0, 5"), words.format("1, 100")
    assert refusal(UsageError, degrade, photo, "jpeg", level=dial, generator=seeded(0)) == f"level {level}"
    said = refusal(UsageError, degrade, photo, "jpeg", strength=dial, generator=seeded(0))
    assert said == f"strength of jpeg (quality) {strength}"
    assert strength in refusal(UsageError, DEGRADATIONS["jpeg"].apply, photo, dial, seeded(0))
    assert refusal(UsageError, Step, "jpeg", dial) == f"level of jpeg {level}"
    assert level in refusal(UsageError, Composition, ("jpeg",), (dial,), 0)


@pytest.mark.parametrize(
    "level", [2, 2.0, np.float64(2), np.float32(2), np.int8(2), np.array(2.0), torch.tensor(2.0), Fraction(2)]
)
def test_numbers_of_any_library_are_levels(level: Any, photo: Tensor, seeded: Seeded) -> None:
    expected = degrade(photo, "gaussian_blur", level=2.0, generator=seeded(0))
    assert torch.equal(degrade(photo, "gaussian_blur", level=level, generator=seeded(0)), expected)
    assert torch.equal(degrade(photo, "gaussian_blur", strength=level / 4, generator=seeded(0)), expected)
    assert Step("gaussian_blur", level) == parse_step("gaussian_blur:2")
    assert str(Step("gaussian_blur", level)) == "gaussian_blur:2"


def test_what_is_no_name_is_refused(photo: Tensor, seeded: Seeded) -> None:
    for name in (None, 3, ["jpeg"], b"jpeg", {}):
        said = [
            refusal(UsageError, degrade, photo, name, level=1, generator=seeded(0)),
            refusal(UsageError, Step, name, 1),
        ]
        assert all(words.startswith("degradation must be a name, got ") for words in said)
    assert refusal(UsageError, degrade, photo, "x" * 500, level=1, generator=seeded(0)).count("x") < 70


@pytest.mark.parametrize(
    ("generator", "words"),
    [
        (3, "generator must be a torch.Generator, as torch.Generator().manual_seed(0), got 3"),
        (None, "got None"),
        ("seed", "got 'seed'"),
        (np.random.default_rng(0), "got an object of type Generator"),
        ([None], "each generator must be a torch.Generator, got None"),
        ([], "or one for each of the 1 images, got 0"),
    ],
)
def test_what_is_no_generator_is_refused(generator: Any, words: str, photo: Tensor) -> None:
    assert words in refusal(UsageError, degrade, photo, "white_noise", level=1, generator=generator)
    assert words in refusal(UsageError, degrade, photo, "white_noise", level=0, generator=generator)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_generator_of_another_device_is_refused(photo: Tensor) -> None:
    other = Generator(device="cuda")
    said = refusal(UsageError, degrade, photo, "white_noise", level=1, generator=other)
    assert said == "generator must be on the CPU, so that draws are the same everywhere; got cuda"


# Chains and compositions


@pytest.mark.parametrize(
    "text",
    ["gaussian_blur:1e309", "jpeg:-1e-9", "jpeg:2:1.5", "jpeg:2:2147483648", "jpeg:2:nan", "jpeg::", ":2", None, 5],
)
def test_texts_that_are_no_step_are_refused(text: Any) -> None:
    refusal(UsageError, parse_step, text)


@pytest.mark.parametrize(
    "text", ["0,0,inf,1", "0,0,1e309,1", "-0.1,0,1,1", "0,0,1,1,1", "0;0;1;1", None, 5, [0, 0, 1, 1]]
)
def test_texts_that_are_no_region_are_refused(text: Any) -> None:
    assert "region" in refusal(UsageError, parse_region, text)


def test_sides_of_a_region_are_numbers_and_the_wrong_one_is_named() -> None:
    for side in (math.nan, math.inf, -0.1, True, "1", None, 1j):
        assert refusal(UsageError, Region, 0, 0, side, 1).startswith("right of a region must ")
    assert Region(0, np.float32(0.25), 1, np.int64(1)) == parse_region("0,0.25,1,1")


def test_seeds_are_whole_numbers() -> None:
    for seed in (1.5, "1", None, True, math.nan, -1, 2**31):
        assert refusal(UsageError, Step, "jpeg", 1, seed).startswith("seed of jpeg must ")
    assert Step("jpeg", 1, np.int64(7)) == Step("jpeg", 1, 7)


def test_steps_are_a_list_of_steps(photo: Tensor) -> None:
    assert "steps must be a list, got 'jpeg:2'" in refusal(UsageError, apply_steps, photo, "jpeg:2")
    assert "steps must be a list" in refusal(UsageError, apply_steps, photo, Step("jpeg", 2))
    assert "each step must be a Step, got 'jpeg:2'" in refusal(UsageError, apply_steps, photo, ["jpeg:2"])
    assert "region must be a Region, got '0,0,1,1'" in refusal(UsageError, apply_steps, photo, [], region="0,0,1,1")


def test_compositions_that_make_no_sense_are_refused(seeded: Seeded) -> None:
    assert "leave_out must be a list, got 'blur'" in refusal(
        UsageError, draw_composition, seeded(0), count=1, leave_out="blur"
    )
    assert "did you mean blur" in refusal(UsageError, draw_composition, seeded(0), count=1, leave_out=["blurr"])
    for count in (2.0, "2", None, math.nan, True):
        assert "1 to 7 degradations, got" in refusal(UsageError, draw_composition, seeded(0), count=count)
    assert "generator" in refusal(UsageError, draw_composition, 3, count=1)
    assert "must be a list, got 'jpeg'" in refusal(UsageError, Composition, "jpeg", (1,), 0)
    assert "got 2 for 1" in refusal(UsageError, Composition, ("jpeg",), (1, 2), 0)


# Every size and every gradient


def test_the_smallest_pictures_can_be_degraded(photo: Tensor, seeded: Seeded) -> None:
    for name, row in DEGRADATIONS.items():
        for height, width in ((1, 1), (1, 9), (9, 1), (2, 3)):
            image = photo[:, :height, :width]
            for dial in ({"level": 0.5}, {"level": 5}, {"strength": row.valid[0]}, {"strength": row.valid[1]}):
                degraded = degrade(image, name, generator=seeded(0), **dial)
                assert degraded.shape == image.shape, name
                assert degraded.amin() >= 0, name
                assert degraded.amax() <= 1, name


def test_gradients_are_finite_on_every_picture_and_change_no_value(photo: Tensor, seeded: Seeded) -> None:
    small = photo[:, :24, :40]
    half = small.clone()
    half[:, :12] = 0
    pictures = {
        **{"black": small * 0, "white": small * 0 + 1, "gray": small * 0 + 0.5, "photo": small, "half black": half},
        **{"nearly black": small * 1e-39, "red": small * 0 + torch.tensor([1.0, 0, 0])[:, None, None]},
    }
    for name in DEGRADATIONS:
        for shown, picture in pictures.items():
            for level in (0.4, 1, 3.5, 5):
                image = picture.clone().requires_grad_()
                degraded = degrade(image, name, level=level, generator=seeded(1))
                assert torch.equal(degraded, degrade(picture, name, level=level, generator=seeded(1))), (name, shown)
                assert degraded.requires_grad == (name not in NOT_DIFFERENTIABLE)
                if degraded.requires_grad:
                    (gradient,) = torch.autograd.grad((degraded * small).sum(), image)
                    assert gradient.isfinite().all(), (name, shown, level)


def test_gradients_go_through_masks_batches_and_chains(photo: Tensor, seeded: Seeded) -> None:
    image = (photo * 0)[:, :32, :32].clone().requires_grad_()
    mask = torch.rand((32, 32), generator=seeded(0))
    batch = degrade(torch.stack([image, image]), "color_shift", level=3, generator=seeded(0), mask=mask)
    chain = apply_steps(image, [Step("color_shift", 2), Step("brighten", 3)], region=Region(0, 0, 0.5, 1))
    (gradient,) = torch.autograd.grad(batch.sum() + chain.sum(), image)
    assert gradient.isfinite().all()
    assert gradient.any()
