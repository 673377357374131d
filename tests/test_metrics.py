"""Tests of the agreement with human opinions, worked out by hand."""

import math

import pytest

from qualiclip.errors import InputError
from qualiclip.metrics import agreement


def test_perfect_order_on_a_curve_is_not_perfectly_linear() -> None:
    # Deviations of 1, 2, 3, 4: -3/2, -1/2, 1/2, 3/2, squares 5. Of 1, 4, 9, 16 (mean 7.5): -6.5, -3.5, 1.5, 8.5,
    # squares 129; products 9.75 + 1.75 + 0.75 + 12.75 = 25.
    result = agreement([1, 2, 3, 4], [1, 4, 9, 16])
    assert (result.srcc, result.krcc, result.plcc) == pytest.approx((1, 1, 25 / math.sqrt(5 * 129)))
    assert result.count == 4


def test_reversed_order_gives_minus_one() -> None:
    result = agreement([0.3, 0.2, 0.1], [1, 2, 3])
    assert (result.srcc, result.krcc, result.plcc) == pytest.approx((-1, -1, -1))


def test_one_swap_costs_what_the_formulas_say() -> None:
    # Ranks 1 2 3 4 against 2 1 3 4: 1 - 6·(1 + 1)/(4·15) = 0.8; five of six pairs agree: (5 - 1)/6.
    result = agreement([0.1, 0.2, 0.3, 0.4], [20, 10, 30, 40])
    assert (result.srcc, result.krcc, result.plcc) == pytest.approx((0.8, 4 / 6, 0.8))


def test_ties_share_their_rank_and_count_for_no_order() -> None:
    # Scores 1 2 2 3 have ranks 1, 2.5, 2.5, 4: deviations -1.5, 0, 0, 1.5, squares 4.5. Against ranks 1 2 3 4
    # (squares 5) the products are 2.25 + 2.25: 4.5 / sqrt(4.5 · 5). Of six pairs five agree and one is tied:
    # tau-b is 5 / sqrt(5 · 6). As numbers the scores are -1, 0, 0, 1: (1.5 + 1.5) / sqrt(2 · 5).
    result = agreement([1, 2, 2, 3], [1, 2, 3, 4])
    expected = (4.5 / math.sqrt(22.5), 5 / math.sqrt(30), 3 / math.sqrt(10))
    assert (result.srcc, result.krcc, result.plcc) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("scores", "opinions"), [([1, 2, 3], [1, 2]), ([1, 2], [1, 2]), ([], []), ([[1, 2, 3]], [[1, 2, 3]])]
)
def test_lists_that_are_short_or_do_not_match_are_refused(scores: list[float], opinions: list[float]) -> None:
    with pytest.raises(InputError, match="two equal lists of at least 3 numbers"):
        agreement(scores, opinions)


@pytest.mark.parametrize(("scores", "opinions"), [([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [5, 5, 5])])
def test_a_constant_side_is_refused(scores: list[float], opinions: list[float]) -> None:
    with pytest.raises(InputError, match="numbers that differ"):
        agreement(scores, opinions)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(InputError, match="must be finite numbers"):
        agreement([1, 2, bad], [1, 2, 3])
    with pytest.raises(InputError, match="must be finite numbers"):
        agreement([1, 2, 3], [1, bad, 3])
