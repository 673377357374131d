"""Tests of the margin ranking losses on similarities worked out by hand."""

import pytest
import torch
from torch import Tensor

from train.losses.ranking import (
    across_images_loss,
    consistency_loss,
    falling_loss,
    local_loss,
    negative_loss,
    positive_loss,
)


def one_prompt(*images: tuple[list[float], list[float]]) -> Tensor:
    """Similarities (N, J=2, L, K=1) from two lists of levels per image."""
    return torch.tensor(images, dtype=torch.float64)[..., None]


def test_consistency_counts_what_exceeds_the_margin() -> None:
    # |0.5 - 0.4| = 0.1 and |0.2 - 0.5| = 0.3; less a margin of 0.2: 0 and 0.1, their mean 0.05.
    similarities = one_prompt(([0.5, 0.2], [0.4, 0.5]))
    assert consistency_loss(similarities, margin=0.2).item() == pytest.approx(0.05)
    assert consistency_loss(similarities, margin=0.3).item() == pytest.approx(0)


def test_ranking_compares_every_pair_of_levels_of_every_pair_of_crops() -> None:
    # Mild → strong of crop a: 0.5 → 0.4, of crop b: 0.6 → 0.6; margin 0.2. stronger - milder + margin:
    # a→a 0.4-0.5+0.2 = 0.1, a→b 0.6-0.5+0.2 = 0.3, b→a 0.4-0.6+0.2 = 0, b→b 0.6-0.6+0.2 = 0.2. The mean is 0.15.
    similarities = one_prompt(([0.5, 0.4], [0.6, 0.6]))
    assert falling_loss(similarities, margin=0.2).item() == pytest.approx(0.15)


def test_ranking_takes_adjacent_levels_alone_if_asked_to() -> None:
    # Both crops 0.6, 0.2, 0.5, no margin: 0 → 1 falls, 1 → 2 rises by 0.3, 0 → 2 falls.
    similarities = one_prompt(([0.6, 0.2, 0.5], [0.6, 0.2, 0.5]))
    assert falling_loss(similarities, margin=0.0).item() == pytest.approx(0.3 / 3)
    assert falling_loss(similarities, margin=0.0, adjacent_only=True).item() == pytest.approx(0.3 / 2)


def test_ranking_takes_a_margin_for_every_image_and_prompt() -> None:
    # Nothing changes with the level, so each of two images and two prompts is wrong by its margin.
    similarities = torch.full((2, 2, 3, 2), 0.3)
    margin = torch.tensor([[0.1, 0.0], [0.2, 0.5]])
    assert falling_loss(similarities, margin=margin).item() == pytest.approx(0.2)
    # Prompt 0 of image 0 falls by 0.1 per level, which is just enough: it drops out of the mean.
    similarities[0, :, :, 0] = torch.tensor([0.3, 0.2, 0.1])
    assert falling_loss(similarities, margin=margin).item() == pytest.approx(0.7 / 4)


def test_similarities_in_order_beyond_the_margin_cost_nothing() -> None:
    similarities = one_prompt(([0.9, 0.6, 0.3], [0.8, 0.5, 0.2]))  # the smallest fall is 0.2, from b to a
    assert positive_loss(similarities, margin=0.2).item() == pytest.approx(0)
    assert negative_loss(-similarities, margin=0.2).item() == pytest.approx(0)
    assert positive_loss(similarities, margin=0.21).item() > 0
    # The wrong way round: levels rise by 0.3, 0.3, 0.6 within a crop; between crops by 0.1 more or less.
    assert negative_loss(similarities, margin=0.2).item() == pytest.approx(0.4 + 0.2)


def test_local_loss_compares_positions_of_one_image_that_differ_by_more_than_half() -> None:
    # Differences 0.5, 0.4, 0.1, of which all, 0.4 and nothing is degraded; margin 0.2. Only the first position is
    # degraded more than another by over a half: 0.5 - 0.4 + 0.2 = 0.3 and 0.5 - 0.1 + 0.2 = 0.6. The mean is 0.45.
    difference = torch.tensor([[0.5, 0.4, 0.1]])[..., None]
    shares, margin = torch.tensor([[1.0, 0.4, 0.0]]), torch.tensor([[0.2]])
    assert local_loss(difference, shares, margin=margin).item() == pytest.approx(0.45)
    assert local_loss(-difference, shares, margin=margin).item() == pytest.approx(0.05)  # 0.1 and 0
    # An image without such a pair doesn't count, nor costs anything alone.
    two = torch.cat([difference, difference]), torch.cat([shares, torch.zeros(1, 3)]), torch.full((2, 1), 0.2)
    assert local_loss(*two[:2], margin=two[2]).item() == pytest.approx(0.45)
    assert local_loss(difference, 0.5 * shares, margin=margin).item() == 0


def test_local_loss_has_a_margin_for_every_image_and_pair() -> None:
    difference, shares = torch.zeros(2, 2, 2), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    margin = torch.tensor([[0.1, 0.2], [0.3, 0.0]])
    assert local_loss(difference, shares, margin=margin).item() == pytest.approx(0.15)


def test_gradients_push_strong_levels_away_from_positive_prompts() -> None:
    similarities = torch.full((1, 2, 3, 1), 0.5, requires_grad=True)
    (positive,) = torch.autograd.grad(positive_loss(similarities, margin=0.1), similarities)
    (negative,) = torch.autograd.grad(negative_loss(similarities, margin=0.1), similarities)
    assert positive[0, 0, :, 0].sign().tolist() == [-1, 0, 1]  # descent goes against it: level 2 falls
    assert torch.equal(negative, -positive)


def test_ranking_across_images_starts_at_pristine_ones() -> None:
    # Both crops of image 0 are 0.5, 0.3, of image 1 0.6, 0.4; margin 0.2. From image 0, if it is pristine, to the
    # stronger level of image 1: 0.4 - 0.5 + 0.2 = 0.1. From image 1 to image 0: 0.3 - 0.6 + 0.2 = -0.1, no loss.
    similarities = one_prompt(([0.5, 0.3], [0.5, 0.3]), ([0.6, 0.4], [0.6, 0.4]))

    def loss(*pristine: bool) -> float:
        return across_images_loss(similarities, torch.tensor(pristine), margin=0.2, least_gap=1).item()

    assert loss(True, False) == pytest.approx(0.1)
    assert loss(False, True) == pytest.approx(0)
    assert loss(True, True) == pytest.approx(0.05)


def test_ranking_across_images_leaves_out_levels_too_near_each_other() -> None:
    # Image 0: 0.5, 0.5, 0.5; image 1: 0.9, 0.8, 0.4. From image 0, no margin: 0→1 0.3, 1→2 0, 0→2 0.
    similarities = one_prompt(([0.5] * 3, [0.5] * 3), ([0.9, 0.8, 0.4], [0.9, 0.8, 0.4]))
    pristine = torch.tensor([True, False])
    assert across_images_loss(similarities, pristine, margin=0.0, least_gap=1).item() == pytest.approx(0.1)
    assert across_images_loss(similarities, pristine, margin=0.0, least_gap=2).item() == pytest.approx(0)


@pytest.mark.parametrize(("images", "pristine"), [(2, False), (1, True)])
def test_without_images_to_compare_the_loss_across_is_zero(images: int, pristine: bool) -> None:
    similarities = torch.full((images, 2, 3, 2), 0.5, requires_grad=True)
    loss = across_images_loss(similarities, torch.full((images,), pristine), margin=0.1, least_gap=1)
    (gradient,) = torch.autograd.grad(loss, similarities)
    assert loss.item() == 0
    assert torch.equal(gradient, torch.zeros_like(gradient))
