"""Measures of localisation, masks, baselines and curves: worked out by hand, or equal to known statistics."""

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.metrics import roc_auc_score

from explain.checks.baselines import BASELINES, centre_map, edge_map, flat_map
from explain.checks.faithfulness import area, draw_curves, rank_correlation
from explain.checks.localisation import auroc, energy_ratio, estimate, measure, pointing
from qualiclip.degradations.masks import SHAPES, quadrants

MASK = np.array([[True, False], [False, False]])


# Measures


@pytest.mark.parametrize("levels", [2, 5, 1000])  # few levels: many ties
@pytest.mark.parametrize("seed", range(5))
def test_auroc_is_the_mann_whitney_statistic_ties_included(levels, seed):
    generator = np.random.default_rng(seed)
    values = generator.integers(levels, size=(12, 17)).astype(np.float32)
    mask = generator.random((12, 17)) < 0.3
    statistic = stats.mannwhitneyu(values[mask], values[~mask]).statistic / (mask.sum() * (~mask).sum())
    assert auroc(values, mask) == pytest.approx(statistic, abs=1e-12)
    assert auroc(values, mask) == pytest.approx(roc_auc_score(mask.ravel(), values.ravel()), abs=1e-12)


def test_a_perfect_map_has_the_largest_measures_and_its_inverse_the_smallest():
    mask = quadrants(8, 12)[2].numpy() > 0
    perfect = mask.astype(np.float32)
    found = measure(perfect, mask)
    assert (found.auroc, found.energy, found.pointing) == (1.0, 1 / mask.mean(), 1.0)
    found = measure(1 - perfect, mask)
    assert (found.auroc, found.energy, found.pointing) == (0.0, 0.0, 0.0)


def test_a_constant_map_is_chance():
    found = measure(np.full((2, 2), 0.3, np.float32), MASK)
    assert (found.auroc, found.energy, found.pointing) == (0.5, pytest.approx(1.0), 0.25)


def test_energy_is_the_share_inside_over_the_share_of_the_mask():
    assert energy_ratio(np.array([[3.0, 1.0], [2.0, 0.0]]), MASK) == pytest.approx((3 / 6) / (1 / 4))
    assert energy_ratio(np.array([[3.0, 1.0], [-2.0, -9.0]]), MASK) == pytest.approx((3 / 4) / (1 / 4))  # none below 0


def test_energy_of_a_map_without_evidence_is_chance():
    assert energy_ratio(np.array([[-1.0, -2.0], [0.0, -3.0]]), MASK) == 1.0


def test_equal_peaks_point_by_their_share_inside():
    assert pointing(np.array([[2.0, 1.0], [0.0, 1.0]]), MASK) == 1.0
    assert pointing(np.array([[1.0, 2.0], [0.0, 1.0]]), MASK) == 0.0
    assert pointing(np.array([[2.0, 2.0], [2.0, 1.0]]), MASK) == pytest.approx(1 / 3)


def test_interval_of_two_pictures_spans_both_and_of_one_is_a_point():
    two = estimate([0.0, 1.0])
    assert (two.mean, two.low, two.high, two.count) == (0.5, 0.0, 1.0, 2)
    one = estimate([0.7])
    assert (one.mean, one.low, one.high) == (0.7, 0.7, 0.7)


def test_interval_agrees_with_the_normal_approximation():
    values = np.random.default_rng(3).normal(size=400)
    found = estimate(values)
    error = 1.96 * values.std() / 20
    assert (found.low, found.high) == pytest.approx((values.mean() - error, values.mean() + error), abs=0.01)
    assert found == estimate(values)


def test_the_interval_is_that_of_numpys_quantiles_of_the_same_resamples():
    values = np.random.default_rng(4).random(40)
    means = values[np.random.default_rng(0).integers(40, size=(2000, 40))].mean(axis=1)
    found = estimate(values)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])), abs=1e-12)


# Masks and baselines


def test_quadrants_cover_the_picture_once():
    parts = quadrants(7, 9)
    assert torch.equal(parts.sum(dim=0), torch.ones(7, 9))
    assert parts.sum(dim=(1, 2)).tolist() == [12, 15, 16, 20]


@pytest.mark.parametrize("shape", SHAPES)
def test_masks_are_hard_repeat_with_their_seed_and_have_a_bounded_share(shape, seeded):
    shares = []
    for seed in range(60):
        mask = SHAPES[shape](96, 128, seeded(seed))
        assert mask.shape == (96, 128)
        assert set(mask.unique().tolist()) == {0.0, 1.0}
        assert torch.equal(mask, SHAPES[shape](96, 128, seeded(seed)))
        shares.append(mask.mean().item())
    low, high = (0.145, 0.305) if shape == "ellipse" else (0.249, 0.251)  # 0.15 to 0.30, counted in pixels
    assert low <= min(shares) <= max(shares) <= high


@pytest.mark.parametrize("shape", SHAPES)
def test_other_seeds_give_other_masks(shape, seeded):
    masks = {SHAPES[shape](64, 64, seeded(seed)).numpy().tobytes() for seed in range(40)}
    assert len(masks) == (4 if shape == "quadrant" else 40)


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_span_zero_to_one_and_repeat(name, photo, seeded):
    values = BASELINES[name](photo, seeded(1))
    assert values.shape == photo.shape[1:]
    assert (values.min().item(), values.max().item()) == (0.0, 1.0)
    assert torch.equal(values, BASELINES[name](photo, seeded(1)))


def test_edges_are_where_the_steps_are(seeded):
    image = torch.zeros(3, 96, 96)
    image[:, 48:, :] = 1
    values = edge_map(image, seeded(0))
    assert values[48].min() == pytest.approx(1.0)
    assert values[:30].max() == 0.0  # a neighbourhood reaches 15 px
    assert torch.equal(flat_map(image, seeded(0)), 1 - values)


def test_centre_is_highest_in_the_middle_and_symmetric(photo, seeded):
    values = centre_map(photo, seeded(0))
    assert torch.allclose(values, values.flip(0).flip(1), atol=1e-6)
    assert values[47:49, 63:65].min() > 0.99


# Curves and random weights


def test_curves_of_a_score_that_counts_bright_pixels():
    """Two of eight pixels matter. In the right order all is lost in the first of four steps, in the wrong one last."""
    image, blurred = torch.zeros(3, 2, 4), torch.zeros(3, 2, 4)
    image[:, 1, 2:] = 0.5
    right = image[0].numpy()
    found = draw_curves(lambda way: way[0].sum().item(), image, blurred, right, steps=4)
    assert found.deletion == (1.0, 0.0, 0.0, 0.0, 0.0)
    assert found.insertion == (0.0, 1.0, 1.0, 1.0, 1.0)
    assert found.gain == pytest.approx(7 / 8 - 1 / 8)
    wrong = draw_curves(lambda way: way[0].sum().item(), image, blurred, -right, steps=4)
    assert wrong.deletion == (1.0, 1.0, 1.0, 1.0, 0.0)
    assert wrong.gain == pytest.approx(-0.75)
    assert image[:, 1, 2:].min() == 0.5  # its inputs are left alone


def test_area_is_by_trapezoids():
    assert area((0.0, 1.0)) == 0.5
    assert area((1.0, 0.0, 0.0)) == 0.25


def test_rank_correlation_knows_order_only():
    values = np.arange(6.0).reshape(2, 3)
    assert rank_correlation(values, values**3) == pytest.approx(1.0)
    assert rank_correlation(values, -values) == pytest.approx(-1.0)
    assert rank_correlation(values, np.ones((2, 3))) == 0.0
