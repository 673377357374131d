"""Chains of degradations: the same through text, in Python and on the command line."""

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from qualiclip.degradations import Region, Step, apply_steps, degrade, parse_region, parse_step
from qualiclip.errors import UsageError
from qualiclip.pictures import as_image, image_to_picture
from ui.commands.main import app


@pytest.mark.parametrize("step", [Step("jpeg", 2.5), Step("white_noise", 5, 7), Step("gaussian_blur", 0)])
def test_a_step_is_read_as_it_is_written(step):
    assert parse_step(str(step)) == step


@pytest.mark.parametrize("region", [Region(0, 0, 1, 1), Region(0.25, 0, 0.5, 0.125)])
def test_a_region_is_read_as_it_is_written(region):
    assert parse_region(str(region)) == region


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("blur:3", "did you mean"),
        ("jpeg", "expected name:level"),
        ("jpeg:x", "expected name:level"),
        ("jpeg:1:2:3", "expected name:level"),
        ("jpeg:6", r"must lie in \[0, 5\], got 6"),
        ("jpeg:nan", r"must lie in \[0, 5\], got nan"),
        ("jpeg:1:-1", "seed of jpeg"),
    ],
)
def test_steps_that_do_not_exist_are_refused(text, message):
    with pytest.raises(UsageError, match=message):
        parse_step(text)


@pytest.mark.parametrize("text", ["", "0,0,1", "0,0,0,1", "0.5,0,0.4,1", "0,0,1,1.1", "a,b,c,d", "0,0,nan,1"])
def test_regions_that_do_not_exist_are_refused(text):
    with pytest.raises(UsageError, match="region"):
        parse_region(text)


def test_a_region_is_whole_pixels_and_never_empty():
    assert Region(0, 0.5, 0.5, 1).mask(4, 6).tolist() == [[0.0] * 6] * 2 + [[1.0] * 3 + [0.0] * 3] * 2
    for left in torch.linspace(0, 0.999, 50).tolist():
        assert Region(left, 0, left + 0.0005, 1).mask(3, 5).sum() == 3


def test_steps_follow_one_another_inside_their_region_alone(seeded):
    image = torch.rand(3, 40, 60, generator=seeded(0))
    steps, region = (Step("gaussian_blur", 2), Step("white_noise", 3, 8)), Region(0, 0, 0.5, 1)
    done = apply_steps(image, steps, region=region)
    mask = region.mask(40, 60)
    expected = degrade(image, "gaussian_blur", level=2, generator=seeded(0), mask=mask)
    expected = degrade(expected, "white_noise", level=3, generator=seeded(8), mask=mask)
    assert torch.equal(done, expected)
    assert torch.equal(done[..., 30:], image[..., 30:])
    assert torch.equal(apply_steps(image, ()), image)


def test_the_command_line_applies_the_same_steps(tmp_path, seeded):
    source, out = tmp_path / "a.png", tmp_path / "b.png"
    image_to_picture(torch.rand(3, 40, 60, generator=seeded(0))).save(source)
    arguments = ["degrade", str(source), str(out), "--step", "gaussian_blur:2", "--step", "white_noise:3:8"]
    done = CliRunner().invoke(app, [*arguments, "--region", "0.5,0,1,1"], catch_exceptions=False)
    assert done.exit_code == 0
    steps = (Step("gaussian_blur", 2), Step("white_noise", 3, 8))
    expected = image_to_picture(apply_steps(as_image(source), steps, region=Region(0.5, 0, 1, 1)))
    with Image.open(out) as picture:
        assert np.array_equal(picture, expected)


@pytest.mark.parametrize("arguments", [(), ("--type", "jpeg", "--level", "1", "--step", "jpeg:1")])
def test_type_and_step_exclude_each_other(tmp_path, arguments):
    with pytest.raises(UsageError, match="either --type"):
        CliRunner().invoke(
            app, ["degrade", str(tmp_path / "a.png"), str(tmp_path / "b.png"), *arguments], catch_exceptions=False
        )
