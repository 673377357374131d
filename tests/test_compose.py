"""Tests of random compositions of degradations."""

import math
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
import torch
from torch import Generator, Tensor

from qualiclip.degradations import DEGRADATIONS, GROUPS, degrade
from qualiclip.degradations.compose import LEVEL_WEIGHTS, Composition, draw_composition
from qualiclip.errors import UsageError

Seeded = Callable[[int], Generator]


def draw_and_apply(seed: int, image: Tensor) -> tuple[Composition, Tensor]:
    composition = draw_composition(torch.Generator().manual_seed(seed), count=3)
    return composition, composition.apply(image)


def test_a_seed_draws_the_composition_it_always_drew(seeded: Seeded) -> None:
    # Drawn once by this project; another result means that a training run can't be repeated or resumed.
    expected = Composition(("darken", "lens_blur", "pixelate"), (2, 1, 1), 626610453)
    assert draw_composition(seeded(0), count=3) == expected
    assert draw_composition(seeded(1), count=3) != expected


@pytest.mark.parametrize("count", range(1, 8))
def test_degradations_of_a_composition_are_of_different_groups(count: int, seeded: Seeded) -> None:
    for seed in range(20):
        composition = draw_composition(seeded(seed), count=count)
        assert len({DEGRADATIONS[name].group for name in composition.names}) == len(composition.names) == count


def test_every_degradation_is_drawn_sometimes_and_every_group_equally_often(seeded: Seeded) -> None:
    generator = seeded(0)
    drawn = [draw_composition(generator, count=1).names[0] for _ in range(1400)]
    assert set(drawn) == set(DEGRADATIONS)
    for names in GROUPS.values():  # 200 of 1400, a binomial distribution with a standard deviation of 13
        assert sum(name in names for name in drawn) == pytest.approx(200, abs=5 * 13)


@pytest.mark.parametrize("count", [-1, 0, 8])
def test_a_count_that_the_groups_can_not_give_is_refused(count: int, seeded: Seeded) -> None:
    with pytest.raises(UsageError, match=f"1 to 7 degradations, got {count}"):
        draw_composition(seeded(0), count=count)


def test_level_0_of_a_composition_is_the_image(photo: Tensor, seeded: Seeded) -> None:
    assert torch.equal(draw_composition(seeded(0), count=7).at(0).apply(photo), photo)


def test_a_composition_gives_the_same_image_every_time(photo: Tensor, seeded: Seeded) -> None:
    composition = draw_composition(seeded(3), count=7)
    before = photo.clone()
    assert torch.equal(composition.at(2).apply(photo), composition.at(2).apply(photo))
    assert torch.equal(photo, before)


def test_degradations_are_applied_in_order_with_seeds_of_their_own(photo: Tensor, seeded: Seeded) -> None:
    noisy = degrade(photo, "white_noise", level=3, generator=seeded(11))
    expected = degrade(noisy, "motion_blur", level=3, generator=seeded(12))
    assert torch.equal(Composition(("white_noise", "motion_blur"), (3, 3), 11).apply(photo), expected)
    assert not torch.equal(Composition(("motion_blur", "white_noise"), (3, 3), 11).apply(photo), expected)


def test_each_degradation_has_a_level_of_its_own(photo: Tensor, seeded: Seeded) -> None:
    composition = Composition(("darken", "jpeg"), (1, 4.5), 5)
    darker = degrade(photo, "darken", level=1, generator=seeded(5))
    assert torch.equal(composition.apply(photo), degrade(darker, "jpeg", level=4.5, generator=seeded(6)))
    assert composition.at(2) == Composition(("darken", "jpeg"), (2, 2), 5)


def test_mild_levels_are_drawn_more_often(seeded: Seeded) -> None:
    generator = seeded(0)
    drawn = [draw_composition(generator, count=1).levels[0] for _ in range(3000)]
    for level, weight in enumerate(LEVEL_WEIGHTS, start=1):
        share = weight / sum(LEVEL_WEIGHTS)  # within five standard deviations of a binomial distribution
        assert drawn.count(level) / 3000 == pytest.approx(share, abs=5 * math.sqrt(share * (1 - share) / 3000))


def test_another_process_draws_and_applies_the_same(photo: Tensor) -> None:
    here = [draw_and_apply(seed, photo) for seed in range(6)]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = list(pool.map(draw_and_apply, range(6), [photo] * 6))
    for (composition, image), (other_composition, other_image) in zip(here, there, strict=True):
        assert composition == other_composition
        assert torch.equal(image, other_image)
