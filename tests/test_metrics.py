"""Tests of the agreement with human opinions, worked out by hand or against scipy."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from qualiclip.agreement import metrics
from qualiclip.agreement.metrics import agreement, bootstrap, fit_mapping, statistics
from qualiclip.errors import InputError


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


def noisy_pairs(count: int, seed: int = 0) -> tuple[NDArray[Any], NDArray[Any]]:
    generator = np.random.default_rng(seed)
    scores = generator.random(count)
    return scores, 50 + 20 * np.tanh(3 * (scores - 0.5)) + 6 * generator.normal(size=count)


@pytest.mark.parametrize("monotone", [np.exp, np.cbrt, lambda s: 3 * s - 7, lambda s: 1 / (1 + np.exp(-9 * s))])
def test_rank_correlations_do_not_see_a_monotone_change_of_the_scores(
    monotone: Callable[[NDArray[Any]], NDArray[Any]],
) -> None:
    scores, opinions = noisy_pairs(60)
    before, after = agreement(scores, opinions), agreement(monotone(scores), opinions)
    assert (after.srcc, after.krcc) == pytest.approx((before.srcc, before.krcc), abs=1e-12)


def test_turning_the_scores_turns_every_sign() -> None:
    scores, opinions = noisy_pairs(60)
    there, back = statistics(scores, opinions), statistics(-scores, opinions)
    assert back.agreement.srcc == pytest.approx(-there.agreement.srcc)
    assert back.agreement.krcc == pytest.approx(-there.agreement.krcc)
    assert back.mapped.plcc == pytest.approx(-there.mapped.plcc, abs=1e-6)  # two fits, each to the solver's 1e-8
    assert back.mapped.rmse == pytest.approx(there.mapped.rmse, abs=1e-6)


@pytest.mark.parametrize("parameters", [(80.0, 20.0, 0.5, 0.1), (4.5, 1.0, 0.3, 0.25), (10.0, 90.0, 0.6, 0.08)])
def test_the_logistic_finds_the_parameters_that_made_the_opinions(parameters: tuple[float, ...]) -> None:
    best, worst, middle, width = parameters
    scores = np.linspace(0, 1, 41)
    mapping = fit_mapping(scores, worst + (best - worst) / (1 + np.exp(-(scores - middle) / width)))
    assert (mapping.kind, mapping.note) == ("logistic", "")
    assert mapping.parameters == pytest.approx(parameters, rel=1e-5)


def test_the_mapping_does_not_depend_on_the_units() -> None:
    scores, opinions = noisy_pairs(100)
    plain, scaled = statistics(scores, opinions), statistics(1e6 * scores - 3e5, opinions / 1000)
    assert scaled.mapped.plcc == pytest.approx(plain.mapped.plcc, abs=1e-6)
    assert scaled.mapped.rmse == pytest.approx(plain.mapped.rmse / 1000, rel=1e-5)


def test_after_the_mapping_the_error_is_not_larger_than_of_the_best_line() -> None:
    scores, opinions = noisy_pairs(100)
    line = stats.linregress(scores, opinions)
    error = np.sqrt(np.mean((line.slope * scores + line.intercept - opinions) ** 2))
    result = statistics(scores, opinions)
    assert result.mapped.mapping.kind == "logistic"
    assert result.mapped.rmse < error
    assert result.mapped.plcc > result.agreement.plcc


def test_perfect_agreement_has_no_error() -> None:
    result = statistics(range(20), [2 * value + 1 for value in range(20)])
    assert result.mapped.rmse < 0.01  # a wide logistic is almost a line
    assert result.mapped.plcc == pytest.approx(1, abs=1e-6)
    assert result.intervals.srcc == pytest.approx((1, 1))


def test_few_pictures_get_a_line_and_are_told_so() -> None:
    # Deviations of the scores -1, 0, 1 and of the opinions -1, 1, 0: slope 1/2, errors 1/2, 1, 1/2, squares 3/2.
    result = statistics([1, 2, 3], [2, 4, 3])
    assert (result.mapped.mapping.kind, result.mapped.mapping.parameters) == ("line", pytest.approx((0.5, 2)))
    assert "3 pictures are too few" in result.mapped.mapping.note
    assert (result.mapped.plcc, result.mapped.rmse) == pytest.approx((0.5, math.sqrt(0.5)))


def test_a_fit_that_does_not_converge_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_best_fit", lambda scores, opinions: None)
    scores, opinions = noisy_pairs(30)
    result = statistics(scores, opinions)
    assert (result.mapped.mapping.kind, result.mapped.mapping.note) == (
        "line",
        "a line: the fit of the logistic did not converge",
    )
    assert result.mapped.plcc == pytest.approx(result.agreement.plcc)


def test_intervals_are_the_quantiles_of_scipys_correlations_of_the_same_resamples() -> None:
    scores, opinions = (np.round(values, 1) for values in noisy_pairs(40))  # with ties
    result = bootstrap(scores, opinions, resamples=50, seed=3)
    picked = np.random.default_rng(3).integers(40, size=(50, 40))
    for name, correlation in (("srcc", stats.spearmanr), ("krcc", stats.kendalltau), ("plcc", stats.pearsonr)):
        values = [correlation(scores[row], opinions[row]).statistic for row in picked]
        assert getattr(result, name) == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])), abs=1e-12)


def test_intervals_are_the_same_every_time_and_narrow_with_the_number_of_pictures() -> None:
    few, many = noisy_pairs(50), noisy_pairs(800)
    assert bootstrap(*few, resamples=200) == bootstrap(*few, resamples=200)
    (low, high), (nearer_low, nearer_high) = (bootstrap(*pairs, resamples=200).srcc for pairs in (few, many))
    # Sixteen times as many pictures: a fourth of the width, give or take the chance of 200 resamples.
    assert 0.1 < (nearer_high - nearer_low) / (high - low) < 0.5


@pytest.mark.parametrize("parameters", [(1.0, -0.5, 0.2, 0.7), (-1.0, 2.0, -0.3, -0.4), (0.5, 0.1, 0.0, 3.0)])
def test_the_fit_knows_the_derivatives_of_the_curve(parameters: tuple[float, ...]) -> None:
    scores, at = np.linspace(-2, 2, 9), np.array(parameters)
    steps = 1e-6 * np.eye(4)
    expected = [(metrics._logistic(at + step, scores) - metrics._logistic(at - step, scores)) / 2e-6 for step in steps]
    np.testing.assert_allclose(metrics._slopes(at, scores), np.stack(expected, axis=1), atol=1e-8)


def test_intervals_hold_the_true_value_about_as_often_as_they_say() -> None:
    # PLCC 0.5 by construction; of 100 experiments about 94 are expected, and fewer than 84 once in some 5000 times.
    generator = np.random.default_rng(7)
    hits = 0
    for _ in range(100):
        common = generator.normal(size=(100, 1))
        first, second = (common + generator.normal(size=(100, 2))).T
        low, high = bootstrap(first, second, resamples=100).plcc
        hits += low <= 0.5 <= high
    assert 84 <= hits <= 100


def test_large_sets_are_resampled_in_parts_of_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    scores, opinions = noisy_pairs(30)
    whole = bootstrap(scores, opinions, resamples=100)
    monkeypatch.setattr("qualiclip.agreement.bootstrap._AT_ONCE", 30 * 7)
    assert bootstrap(scores, opinions, resamples=100) == whole


def test_resamples_without_a_correlation_are_left_out() -> None:
    low, high = bootstrap([1, 2, 3], [1, 2, 3], resamples=300).krcc  # a ninth of the resamples is constant
    assert (low, high) == pytest.approx((1, 1))
