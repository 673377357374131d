"""Tests of authentic degradations: every kind, and chains of several."""

from collections.abc import Callable

import pytest
import torch
from torch import Generator, Tensor

from train.samples.authentic import AUTHENTIC, AuthenticChain, draw_authentic

Seeded = Callable[[int], Generator]
every_kind = pytest.mark.parametrize("name", AUTHENTIC)


def apply(name: str, image: Tensor, severity: float, generator: Generator) -> Tensor:
    return AUTHENTIC[name].apply(image, severity, generator).clamp(0, 1)


@every_kind
def test_it_keeps_the_shape_and_leaves_its_input_alone(name: str, photo: Tensor, seeded: Seeded) -> None:
    before = photo.clone()
    degraded = apply(name, photo, 0.6, seeded(1))
    assert (degraded.shape, degraded.dtype) == (photo.shape, photo.dtype)
    assert degraded.isfinite().all()
    assert torch.equal(photo, before)
    assert not torch.equal(degraded, photo)


@every_kind
def test_it_repeats_with_its_seed(name: str, photo: Tensor, seeded: Seeded) -> None:
    assert torch.equal(apply(name, photo, 0.6, seeded(1)), apply(name, photo, 0.6, seeded(1)))


@every_kind
def test_more_severe_ones_are_further_from_the_photo(name: str, photo: Tensor, seeded: Seeded) -> None:
    further = 0
    for seed in range(8):
        distances = [
            float((apply(name, photo, severity, seeded(seed)) - photo).square().mean()) for severity in (0.1, 0.4, 1.0)
        ]
        further += distances[0] < distances[1] < distances[2]
    assert further >= 7  # nearest samples and blocks may hit by chance what they should miss


def test_haze_without_depth_is_a_mixture_with_its_light(seeded: Seeded) -> None:
    black, white = torch.zeros(3, 32, 32), torch.ones(3, 32, 32)
    light, kept = apply("haze", black, 1.0, seeded(0)), apply("haze", white, 1.0, seeded(0))
    share = kept - light  # what is left of the contrast: between exp(-2.2) and exp(-0.4)
    assert 0.1 < share.min() < share.max() < 0.68
    torch.testing.assert_close(apply("haze", 0.5 * white, 1.0, seeded(0)), light + 0.5 * share)


def test_a_cast_leaves_one_colour_as_it_is(photo: Tensor, seeded: Seeded) -> None:
    gains = (
        (apply("color_cast", photo, 1.0, seeded(3)) / photo.clamp(min=1e-3)).median(dim=-1).values.median(dim=-1).values
    )
    assert gains.max() == pytest.approx(1)
    assert 0.19 < gains.min() < 0.9


def test_level_0_of_a_chain_is_the_photo_and_the_order_is_that_of_events(photo: Tensor, seeded: Seeded) -> None:
    for seed in range(50):
        chain = draw_authentic(seeded(seed), count=3)
        assert torch.equal(chain.render(photo, 0), photo)
        stages = [AUTHENTIC[name].stage for name in chain.names]
        assert stages == sorted(stages)
        assert max(chain.shares) == 1
        assert sum(share == 1 for share in chain.shares) == 1
        assert min(chain.shares) >= 0.2


def test_a_chain_applies_each_kind_at_its_share(photo: Tensor, seeded: Seeded) -> None:
    chain = AuthenticChain(("gamma", "webp"), (1.0, 0.5), 11)
    darker = apply("gamma", photo, 0.8, seeded(11))
    assert torch.equal(chain.render(photo, 4), apply("webp", darker, 0.4, seeded(12)))
