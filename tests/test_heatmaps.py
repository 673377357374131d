"""Heatmaps: equal to the whole model's, harmless to it, the same from several threads."""

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from pytorch_grad_cam import GradCAM

from explain.heatmaps import METHODS, TARGETS, Explanation, cam_grid, describe_places, explain_features
from qualiclip.errors import UsageError


@pytest.fixture
def feature_map(tiny_model):
    image = torch.rand((1, 3, 96, 160), generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        return tiny_model.feature_map(image)


def explain(model, feature_map, *, method="gradcam", target="difference"):
    return explain_features(model, feature_map, size=(96, 160), method=method, target=target)


def test_gradcam_is_channels_weighted_by_their_mean_gradient(tiny_model, feature_map):
    features = feature_map.clone().requires_grad_()
    positive, negative = tiny_model.similarities(features)[0].unbind(-1)
    (gradient,) = torch.autograd.grad((positive - negative).mean(), features)
    expected = (gradient.mean(dim=(2, 3), keepdim=True) * feature_map).sum(dim=1)[0]
    np.testing.assert_allclose(explain(tiny_model, feature_map).grid, expected.numpy(), atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_throw_away_head_gives_the_whole_models_map(tiny_model, method):
    """The library's own way: hooks on layer4 of a (copied) whole model, a gradient through the trunk."""
    whole = copy.deepcopy(tiny_model).requires_grad_()
    image = torch.rand((1, 3, 96, 160), generator=torch.Generator().manual_seed(5))
    cam = METHODS[method].cam(model=whole, target_layers=[whole.backbone.layer4])
    try:
        recorder = cam.activations_and_grads
        TARGETS["good"].value(recorder(image)[0]).backward()
        recorded = (recorder.activations[0].numpy(), recorder.gradients[0].numpy())
        expected = cam.get_cam_image(image, whole.backbone.layer4, None, *recorded, False)[0]
    finally:
        recorder.release()
    with torch.no_grad():
        ours = explain(tiny_model, tiny_model.feature_map(image), method=method, target="good")
    np.testing.assert_allclose(ours.grid, expected, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("target", TARGETS)
def test_map_has_the_size_and_range_it_promises(tiny_model, feature_map, method, target):
    explanation = explain(tiny_model, feature_map, method=method, target=target)
    assert explanation.values.shape == (96, 160)
    assert explanation.grid.shape == (3, 5)
    low, high = (-1, 1) if TARGETS[target].signed else (0, 1)
    assert low <= explanation.values.min() <= explanation.values.max() <= high


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_left_on_the_model(tiny_model, feature_map, method):
    before = copy.deepcopy(tiny_model.state_dict())
    explain(tiny_model, feature_map, method=method)
    assert not tiny_model.training
    assert all(torch.equal(value, before[key]) for key, value in tiny_model.state_dict().items())
    for module in tiny_model.modules():
        assert not module._forward_hooks
        assert not module._backward_hooks
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in tiny_model.parameters())


def test_nothing_is_left_on_the_model_after_an_error(tiny_model, feature_map):
    class Broken(GradCAM):
        def get_cam_image(self, *args, **kwargs):
            raise IndexError("broken on purpose")

    with pytest.raises(IndexError, match="on purpose"):
        cam_grid(tiny_model, feature_map, Broken, TARGETS["good"].value)
    assert not any(module._forward_hooks for module in tiny_model.modules())
    assert all(parameter.grad is None for parameter in tiny_model.parameters())


def test_threads_give_the_maps_of_one_after_the_other(tiny_model, feature_map):
    jobs = [(method, target) for method in METHODS for target in TARGETS] * 4

    def run(job):
        return explain(tiny_model, feature_map, method=job[0], target=job[1]).values

    expected = [run(job) for job in jobs]
    with ThreadPoolExecutor(8) as pool:
        for serial, parallel in zip(expected, pool.map(run, jobs), strict=True):
            np.testing.assert_array_equal(serial, parallel)


def test_map_without_evidence_says_so(tiny_model, feature_map):
    """Against a prompt that every place speaks against, an unsigned map is empty, not noise stretched to colours."""
    explanations = [explain(tiny_model, feature_map, target=target) for target in ("good", "bad")]
    empty = Explanation("gradcam", "good", np.zeros((4, 4), np.float32), np.full((1, 1), -0.3, np.float32))
    assert not empty.has_evidence
    assert "the map is empty" in empty.note
    for explanation in explanations:
        assert explanation.has_evidence == bool((explanation.grid > 0).any())


def test_constant_feature_map_gives_a_map_without_structure(tiny_model):
    explanation = explain(tiny_model, torch.zeros(1, 256, 3, 5))
    assert not explanation.has_evidence


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
        ({"target": "ugly"}, "unknown heatmap target 'ugly'"),
    ],
)
def test_unknown_names_are_refused(tiny_model, feature_map, names, message):
    with pytest.raises(UsageError, match=message):
        explain(tiny_model, feature_map, **names)


def test_a_batch_is_refused(tiny_model, feature_map):
    with pytest.raises(UsageError, match="one feature map at a time"):
        explain(tiny_model, feature_map.expand(2, -1, -1, -1))
