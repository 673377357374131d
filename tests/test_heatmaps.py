"""Heatmaps: equal to the whole model's, harmless to it, the same from several threads."""

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from explain.maps.cams import LibraryCam, PrincipalCam, cam_grid, first_component, pooled
from explain.maps.defaults import DEFAULT_METHOD, DEFAULT_TARGET, MODEL_METHOD
from explain.maps.explanation import Explanation, describe_places
from explain.maps.heatmaps import METHODS, TARGETS, explain_image
from explain.maps.scale import difference_of_models, enlarge
from qualiclip.errors import UsageError
from qualiclip.models.targets import target_table

IMAGE = torch.rand((3, 96, 160), generator=torch.Generator().manual_seed(5))


@pytest.fixture
def feature_map(tiny_model):
    with torch.no_grad():
        return tiny_model.feature_map(IMAGE[None])


def explain(model, feature_map, *, method="gradcam", target="difference"):
    return explain_image(model, IMAGE, feature_map, method=method, target=target)


def test_gradcam_is_channels_weighted_by_their_mean_gradient(tiny_model, feature_map):
    features = feature_map.clone().requires_grad_()
    positive, negative = tiny_model.similarities(features)[0].unbind(-1)
    (gradient,) = torch.autograd.grad((positive - negative).mean(), features)
    expected = (gradient.mean(dim=(2, 3), keepdim=True) * feature_map).sum(dim=1)[0]
    np.testing.assert_allclose(explain(tiny_model, feature_map).grid, expected.numpy(), atol=1e-6)


LIBRARY = {name: row.grid for name, row in METHODS.items() if isinstance(row.grid, LibraryCam)}
TWINS = {**LIBRARY, "shapleycam": LibraryCam("ShapleyCAM")}  # what the library has, too
PRINCIPAL = [name for name, grid in LIBRARY.items() if isinstance(grid, PrincipalCam)]
POSITIVE = ["gradcam++", "layercam", "elementwise"]
OF_A_MODEL = [name for name, row in METHODS.items() if not row.image_alone]


def whole_models_map(model, image, make):
    """The library's own way: hooks on layer4 of a (copied) whole model, a gradient through the trunk."""
    whole = copy.deepcopy(model).requires_grad_()
    cam = make(model=whole, target_layers=[whole.backbone.layer4])
    recorder = cam.activations_and_grads
    try:
        value = TARGETS["good"].value(recorder(image)[0])
        torch.autograd.grad(value, whole.backbone.conv1.weight, create_graph=not cam.detach)
        recorded = recorder.activations[0], recorder.gradients[0]
        if cam.detach:
            recorded = [tensor.numpy() for tensor in recorded]
        return cam.get_cam_image(image, whole.backbone.layer4, None, *recorded, False)[0]
    finally:
        recorder.activations, recorder.gradients = [], []
        recorder.release()


@pytest.mark.parametrize("method", TWINS)
def test_throw_away_head_gives_the_whole_models_map(tiny_model, method):
    image = torch.rand((1, 3, 96, 160), generator=torch.Generator().manual_seed(5))
    expected = whole_models_map(tiny_model, image, TWINS[method].cam)
    with torch.no_grad():
        ours = explain(tiny_model, tiny_model.feature_map(image), method=method, target="good").grid
    if method in PRINCIPAL:  # the sign of a component is arbitrary
        expected = expected * np.sign((expected * ours).sum())
    tolerance = 3e-5 if method == "shapleycam" else 2e-6  # a second derivative in float32
    np.testing.assert_allclose(ours, expected, atol=tolerance * np.abs(expected).max())


def test_shapleycam_takes_half_of_the_curvature_off_the_gradient(tiny_model, feature_map):
    """Weights are the mean of g - H f / 2."""

    def value(features):
        return TARGETS["difference"].value(tiny_model.similarities(features)[0])

    gradient = torch.autograd.functional.jacobian(value, feature_map)
    _, curved = torch.autograd.functional.hvp(value, feature_map, feature_map)
    weights = (gradient - curved / 2).mean(dim=(2, 3), keepdim=True)
    expected = (weights * feature_map).sum(dim=1)[0].numpy()
    grid = explain(tiny_model, feature_map, method="shapleycam").grid
    np.testing.assert_allclose(grid, expected, atol=1e-4 * np.abs(expected).max())  # second derivatives in float32
    assert np.abs(grid - explain(tiny_model, feature_map).grid).max() > 0.01 * np.abs(grid).max()


@pytest.mark.parametrize("method", PRINCIPAL)
def test_first_component_has_no_sign_of_its_own(tiny_model, feature_map, method):
    explanation = explain(tiny_model, feature_map, method=method)
    assert not explanation.signed
    assert abs(explanation.grid.min()) <= explanation.grid.max()
    assert "does not know" in explanation.note or "can't tell for it from against it" in explanation.note


def test_eigencam_is_the_first_component_of_the_positions(tiny_model):
    """Three positions on a line in the space of channels: their places on that line."""
    feature_map = torch.zeros(1, 256, 1, 3)
    feature_map[0, :2, 0, :] = torch.tensor([[0.0, 3.0, 9.0], [0.0, 4.0, 12.0]])  # 0, 5 and 15 along (0.6, 0.8)
    grid = explain(tiny_model, feature_map, method="eigencam").grid
    np.testing.assert_allclose(grid[0], np.array([0, 5, 15]) - 20 / 3, rtol=1e-5)


@pytest.mark.parametrize("size", [(2, 3), (4, 9)])
def test_first_component_is_that_of_a_full_decomposition(seeded, size):
    """With more channels than positions, and with fewer."""
    feature_map = torch.rand((1, 20, *size), generator=seeded(0))
    positions = feature_map[0].flatten(1).T
    left, values, _ = torch.linalg.svd(positions - positions.mean(dim=0))
    ours, expected = first_component(feature_map), (left[:, 0] * values[0]).view(size)
    torch.testing.assert_close(ours * torch.sign((ours * expected).sum()), expected, atol=1e-5, rtol=1e-5)
    assert not first_component(torch.zeros(1, 20, *size)).any()


@pytest.mark.parametrize("method", ["eigencam", "kpcacam"])
def test_methods_that_do_not_know_the_target_say_so(tiny_model, feature_map, method):
    maps = [explain(tiny_model, feature_map, method=method, target=target) for target in TARGETS]
    assert not METHODS[method].knows_target
    for one in maps:
        np.testing.assert_array_equal(one.values, maps[0].values)
        assert "does not know the target" in one.note


def test_all_other_methods_know_the_target(tiny_model, feature_map):
    for method, row in METHODS.items():
        if row.knows_target:
            good, bad = (explain(tiny_model, feature_map, method=method, target=name).grid for name in ("good", "bad"))
            assert not np.allclose(good, bad, atol=1e-3 * np.abs(good).max())


@pytest.mark.parametrize("method", POSITIVE)
def test_methods_without_a_lowering_part_are_not_drawn_as_signed(tiny_model, feature_map, method):
    explanation = explain(tiny_model, feature_map, method=method, target="difference")
    assert explanation.grid.min() >= 0
    assert not explanation.signed
    assert "does not show what lowers it" in explanation.note


def test_elementwise_is_layercam_where_no_feature_is_negative(tiny_model, feature_map):
    maps = [explain(tiny_model, feature_map, method=method).grid for method in ("elementwise", "layercam")]
    np.testing.assert_allclose(*maps, rtol=1e-4, atol=1e-8)


def test_signed_methods_show_both_signs(tiny_model, feature_map):
    """The opposite target gives the opposite map."""
    for method, row in METHODS.items():
        if row.signed:
            explanation = explain(tiny_model, feature_map, method=method)
            good, bad = (explain(tiny_model, feature_map, method=method, target=name).grid for name in ("good", "bad"))
            assert explanation.signed
            scale = np.abs(good).max() + np.abs(bad).max()
            np.testing.assert_allclose(explanation.grid, good - bad, atol=1e-4 * scale)


def test_large_feature_maps_are_pooled_before_they_are_decomposed(tiny_model, seeded):
    feature_map = torch.rand((1, 256, 25, 60), generator=seeded(0))
    assert pooled(feature_map).shape == (1, 256, 20, 49)
    assert pooled(torch.zeros(1, 2, 1, 5000)).shape == (1, 2, 1, 1024)
    assert pooled(torch.zeros(1, 2, 3000, 1)).shape == (1, 2, 1024, 1)
    explanation = explain(tiny_model, feature_map, method="eigencam")
    assert explanation.grid.shape == (25, 60)
    assert "pooled from 1500 to at most 1024 positions" in explanation.note


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (3, 1), (2, 2)])
@pytest.mark.parametrize("method", OF_A_MODEL)
def test_smallest_feature_maps_have_a_map(tiny_model, seeded, method, size):
    explanation = explain(tiny_model, torch.rand((1, 256, *size), generator=seeded(0)), method=method)
    assert explanation.grid.shape == size
    assert np.isfinite(explanation.values).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("target", TARGETS)
def test_map_has_the_size_and_range_it_promises(tiny_model, feature_map, method, target):
    explanation = explain(tiny_model, feature_map, method=method, target=target)
    assert explanation.values.shape == (96, 160)
    assert explanation.grid.shape == ((12, 20) if METHODS[method].image_alone else (3, 5))
    low, high = (-1, 1) if explanation.signed else (0, 1)
    assert explanation.signed == (METHODS[method].signed and TARGETS[target].signed)
    assert low <= explanation.values.min() <= explanation.values.max() <= high


def check_untouched(model, before):
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    for module in model.modules():
        assert not any((module._forward_hooks, module._forward_pre_hooks, module._backward_hooks))


@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_left_on_the_model(tiny_model, feature_map, method, trained):
    """Nor on one that is being trained: its mode stays, and no gradient is added to its own."""
    tiny_model.train(trained).requires_grad_(trained)
    before = copy.deepcopy(tiny_model.state_dict())
    explain(tiny_model, feature_map, method=method)
    check_untouched(tiny_model, before)
    assert all(module.training == trained for module in tiny_model.modules())
    assert all(parameter.requires_grad == trained for parameter in tiny_model.parameters())


@pytest.mark.parametrize("method", LIBRARY)
def test_nothing_is_left_on_the_model_after_an_error(tiny_model, feature_map, method):
    """IndexError, because the library's own `with` swallows it."""

    class Broken(LIBRARY[method].cam):
        def get_cam_image(self, *args, **kwargs):
            raise IndexError("broken on purpose")

    tiny_model.train()
    before = copy.deepcopy(tiny_model.state_dict())
    with pytest.raises(IndexError, match="on purpose"):
        cam_grid(tiny_model, feature_map, Broken, TARGETS["good"].value)
    check_untouched(tiny_model, before)
    assert all(module.training for module in tiny_model.modules())


@pytest.mark.parametrize(
    "method", [name for name in OF_A_MODEL if name != "eigencam"]
)  # which never asks for the target
def test_an_error_in_the_target_leaves_nothing_on_the_model(tiny_model, feature_map, method):
    def broken(similarities):
        raise ZeroDivisionError("broken on purpose")

    before = copy.deepcopy(tiny_model.state_dict())
    with pytest.raises(ZeroDivisionError, match="on purpose"):
        METHODS[method].grid(tiny_model, feature_map, broken)
    check_untouched(tiny_model, before)


def test_threads_give_the_maps_of_one_after_the_other(tiny_model, feature_map):
    jobs = [(method, target) for method in METHODS for target in (*TARGETS, "pair:2")] * 4

    def run(job):
        return explain(tiny_model, feature_map, method=job[0], target=job[1]).values

    expected = [run(job) for job in jobs]
    with ThreadPoolExecutor(8) as pool:
        for serial, parallel in zip(expected, pool.map(run, jobs), strict=True):
            np.testing.assert_array_equal(serial, parallel)


def test_map_without_evidence_says_so(tiny_model, feature_map):
    """Against a prompt that every place speaks against, an unsigned map is empty, not noise stretched to colours."""
    explanations = [explain(tiny_model, feature_map, target=target) for target in ("good", "bad")]
    empty = Explanation("gradcam", "good", np.full((1, 1), -0.3, np.float32), (40, 50))
    assert not empty.values.any()
    assert not empty.has_evidence
    assert "the map is empty" in empty.note
    for explanation in explanations:
        assert explanation.has_evidence == bool((explanation.grid > 0).any())


@pytest.mark.parametrize("method", LIBRARY)
def test_empty_feature_map_has_no_evidence(tiny_model, method):
    assert not explain(tiny_model, torch.zeros(1, 256, 3, 5), method=method).has_evidence


@pytest.mark.parametrize("method", OF_A_MODEL)
def test_constant_feature_map_gives_a_map_without_structure(tiny_model, seeded, method):
    feature_map = torch.rand((1, 256, 1, 1), generator=seeded(0)).expand(-1, -1, 4, 4)
    if method == "occlusion":  # taking away one of several equal places changes only what rounding does
        assert np.abs(explain(tiny_model, feature_map, method=method).grid).max() < 1e-5
        return
    values = explain(tiny_model, feature_map, method=method).values
    np.testing.assert_allclose(values, np.full_like(values, values[0, 0]), atol=1e-4)


def test_positions_lie_in_the_middle_of_their_pixels():
    """At stride 32 the first centre is 16 px from the border, at stride 16 the centres lie at 16, 32, 48."""
    row = torch.tensor([[0.0, 2.0, 4.0]])
    coarse = enlarge(row, (1, 96), stride=32)[0]
    torch.testing.assert_close(coarse[[0, 15, 31, 32, 79, 95]], torch.tensor([0, 0, 31 / 32, 33 / 32, 127 / 32, 4.0]))
    fine = enlarge(row, (1, 64), stride=16)[0]
    torch.testing.assert_close(fine[[0, 15, 31, 32, 63]], torch.tensor([0, 0, 31 / 16, 33 / 16, 4.0]))


def test_sides_that_are_no_multiple_of_the_stride_are_not_stretched():
    grid = torch.rand((3, 5), generator=torch.Generator().manual_seed(0))
    even, odd = enlarge(grid, (96, 160), stride=32), enlarge(grid, (97, 190), stride=32)
    torch.testing.assert_close(odd[:96, :160], even)


def test_enlarging_is_torchs_bilinear_for_whole_multiples():
    grid = torch.rand((3, 5), generator=torch.Generator().manual_seed(0))
    expected = torch.nn.functional.interpolate(grid[None, None], size=(96, 160), mode="bilinear")[0, 0]
    torch.testing.assert_close(enlarge(grid, (96, 160), stride=32), expected)


def test_places_are_named():
    values = np.zeros((9, 9), np.float32)
    values[0:2, 7:9] = 1
    values[8, 4] = -1
    assert describe_places(values) == "Most for it: top right. Most against it: bottom."
    assert describe_places(np.pad(np.ones((1, 1), np.float32), 4)) == "Most for it: the centre."


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"method": "gradcamm"}, "unknown heatmap method 'gradcamm'; did you mean gradcam"),
        ({"target": "ugly"}, "unknown heatmap target 'ugly'; known: bad, difference, good, pair:1"),
        ({"target": "pair:8"}, "unknown heatmap target 'pair:8'; did you mean pair:"),
        ({"target": "pair:Soft"}, "unknown prompt pair 'Soft'"),
        ({"target": "pair:"}, "unknown prompt pair ''"),
        (
            {"target": "pair:sharp"},
            r"fits several pairs; choose one of pair:2 \(Sharp image.\), pair:3 \(Sharp edges.\)",
        ),
    ],
)
def test_unknown_names_are_refused(tiny_model, feature_map, names, message):
    with pytest.raises(UsageError, match=message):
        explain(tiny_model, feature_map, **names)


def test_a_batch_is_refused(tiny_model, feature_map):
    with pytest.raises(UsageError, match="one feature map at a time"):
        explain(tiny_model, feature_map.expand(2, -1, -1, -1))


def test_a_pair_is_asked_for_by_number_or_words(tiny_model, feature_map):
    by_number, by_words = (explain(tiny_model, feature_map, target=name) for name in ("pair:5", "pair:noise-free"))
    np.testing.assert_array_equal(by_number.values, by_words.values)
    assert by_number.signed
    assert "“Noise-free image.” (blue) and for “Noisy image.” (red)" in by_number.note


def test_pairs_average_to_the_difference(tiny_model, feature_map):
    pairs = [name for name in target_table(tiny_model.settings.pairs) if name.startswith("pair:")]
    grids = [explain(tiny_model, feature_map, target=name).grid for name in pairs]
    assert len(pairs) == 7
    np.testing.assert_allclose(np.mean(grids, axis=0), explain(tiny_model, feature_map).grid, atol=1e-6)


def test_targets_are_worked_out_by_hand(tiny_model):
    similarities = torch.tensor([[0.5, 0.25], [0.125, 0.75]])
    values = {name: TARGETS[name].value(similarities).item() for name in TARGETS}
    assert values == {"good": 0.3125, "bad": 0.5, "difference": -0.1875}
    pairs = target_table(tiny_model.settings.pairs)
    assert [pairs[f"pair:{number}"].value(similarities).item() for number in (1, 2)] == [0.25, -0.625]


@pytest.mark.parametrize("method", ["attribution", "quality_map", "occlusion"])
def test_two_models_are_subtracted_in_logits(tiny_model, feature_map, seeded, method):
    other = copy.deepcopy(tiny_model)
    other.prompt_features.copy_(tiny_model.prompt_features.flip(0, 1))  # what was good is bad now
    first, second = (explain(model, feature_map, method=method) for model in (tiny_model, other))
    gap = difference_of_models(first, second)
    np.testing.assert_allclose(gap.grid, 2 * first.grid, atol=1e-5 * np.abs(first.grid).max())
    np.testing.assert_allclose(gap.values, first.values, atol=1e-5)
    assert gap.signed
    assert "first model finds more" in gap.note
    assert not difference_of_models(first, first).has_evidence


def test_maps_that_do_not_compare_are_refused(tiny_model, feature_map):
    gradient = explain(tiny_model, feature_map)
    with pytest.raises(UsageError, match=r"maps by gradcam have no unit .* use one of attribution, quality_map"):
        difference_of_models(gradient, gradient)
    first = explain(tiny_model, feature_map, method="attribution")
    with pytest.raises(UsageError, match="must agree in method, target"):
        difference_of_models(first, explain(tiny_model, feature_map, method="attribution", target="good"))


def test_defaults_are_in_the_tables():
    assert METHODS[DEFAULT_METHOD].image_alone
    assert METHODS[MODEL_METHOD].signed
    assert TARGETS[DEFAULT_TARGET].signed


def test_every_method_and_target_says_what_it_is():
    for row in METHODS.values():
        assert row.description.endswith(".")
        assert row.cost.endswith(".")
    assert len({row.label for row in METHODS.values()}) == len(METHODS)
