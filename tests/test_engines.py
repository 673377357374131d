"""Engines give the numbers of the model itself, and leave it alone."""

import copy

import pytest
import torch

from qualiclip.engines import ENGINES, resolve_engine
from qualiclip.errors import UsageError
from qualiclip.loading import load_checkpoint


@pytest.fixture(scope="module")
def compact():
    return load_checkpoint("compact").model


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("size", [(32, 32), (97, 160), (224, 224)])
def test_engine_reproduces_the_model(compact, name, size):
    image = torch.rand((1, 3, *size), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = compact.feature_map(image)
    # 1e-4 of the largest value: folding batch norms changes the order of rounding in single precision
    bound = 1e-4 * expected.abs().max().item()
    torch.testing.assert_close(ENGINES[name](compact)(image), expected, atol=bound, rtol=0)


@pytest.mark.parametrize("name", ENGINES)
def test_engine_leaves_the_model_as_it_was(tiny_model, name):
    before = copy.deepcopy(tiny_model.state_dict())
    strides = [parameter.stride() for parameter in tiny_model.parameters()]
    ENGINES[name](tiny_model)(torch.zeros(1, 3, 64, 64))
    assert all(torch.equal(value, before[key]) for key, value in tiny_model.state_dict().items())
    assert [parameter.stride() for parameter in tiny_model.parameters()] == strides


@pytest.mark.parametrize("name", ENGINES)
def test_feature_map_can_take_part_in_a_gradient(tiny_model, name):
    feature_map = ENGINES[name](tiny_model)(torch.zeros(1, 3, 64, 64)).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(tiny_model.score(feature_map).sum(), feature_map)
    assert gradient.shape == feature_map.shape


def test_auto_is_fused():
    assert resolve_engine("auto") == "fused"


def test_unknown_engine_lists_the_known_ones():
    with pytest.raises(UsageError, match="unknown engine 'cuda'; known: auto, eager, fused"):
        resolve_engine("cuda")
