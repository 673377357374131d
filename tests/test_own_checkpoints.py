"""Our own checkpoints: writing and reading them; what is refused."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from qualiclip.errors import WeightsError
from qualiclip.weights.checkpoints import save_checkpoint
from qualiclip.weights.loading import load_checkpoint


def rewrite(path, out, *, change=None, metadata=None):
    """A copy of a checkpoint with changed tensors or metadata."""
    with safe_open(path, framework="pt") as file:
        kept = file.metadata()
    state = load_file(path)
    if change:
        change(state)
    save_file(state, out, {**kept, **(metadata or {})})
    return str(out)


def test_saved_model_comes_back_equal(tiny_model, tmp_path):
    path = tmp_path / "model.safetensors"
    save_checkpoint(tiny_model, path, training={"steps": 3}, dtype=torch.float32)
    loaded = load_checkpoint(str(path))
    assert loaded.model.settings == tiny_model.settings
    assert dict(loaded.training) == {"steps": 3}
    for name, value in tiny_model.state_dict().items():
        torch.testing.assert_close(loaded.model.state_dict()[name], value, atol=1e-6, rtol=0)


def test_half_precision_is_for_storage_only(tiny_model, tmp_path):
    path = tmp_path / "model.safetensors"
    save_checkpoint(tiny_model, path, training={}, dtype=torch.float16)
    model = load_checkpoint(str(path)).model
    assert {value.dtype for value in load_file(path).values() if value.is_floating_point()} == {torch.float16}
    assert {value.dtype for value in model.state_dict().values() if value.is_floating_point()} == {torch.float32}


def test_loading_draws_nothing_and_fills_everything(tiny_model, tiny_checkpoint):
    before = torch.get_rng_state()
    model = load_checkpoint(str(tiny_checkpoint)).model
    assert torch.equal(torch.get_rng_state(), before)
    for name, value in tiny_model.backbone.state_dict().items():
        assert torch.equal(model.backbone.state_dict()[name], value), name


def test_weights_of_any_kind_of_number_are_used_in_single_precision(tiny_model, tiny_checkpoint, tmp_path):
    name = "backbone.layer1.0.conv2.weight"
    for dtype in (torch.float64, torch.bfloat16, torch.int8):
        path = rewrite(
            tiny_checkpoint,
            tmp_path / "other.safetensors",
            change=lambda state, dtype=dtype: state.update({name: state[name].mul(10).to(dtype)}),
        )
        loaded = load_checkpoint(path).model.state_dict()[name]
        assert loaded.dtype == torch.float32
        assert loaded.is_contiguous()
        assert torch.equal(loaded, tiny_model.state_dict()[name].mul(10).to(dtype).float())


def test_loaded_model_is_frozen_and_in_eval_mode(tiny_checkpoint):
    model = load_checkpoint(str(tiny_checkpoint)).model
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_prompt_features_are_unit_vectors_after_half_precision_storage(tiny_model, tmp_path):
    path = tmp_path / "model.safetensors"
    save_checkpoint(tiny_model, path, training={}, dtype=torch.float16)
    lengths = load_checkpoint(str(path)).model.prompt_features.norm(dim=-1)
    torch.testing.assert_close(lengths, torch.ones(7, 2), atol=1e-6, rtol=0)


def test_missing_key_is_named(tiny_checkpoint, tmp_path):
    path = rewrite(tiny_checkpoint, tmp_path / "a.safetensors", change=lambda state: state.pop("backbone.conv1.weight"))
    with pytest.raises(WeightsError, match=r"a\.safetensors: weights do not fit.*backbone\.conv1\.weight"):
        load_checkpoint(path)


def test_unexpected_key_is_named(tiny_checkpoint, tmp_path):
    path = rewrite(tiny_checkpoint, tmp_path / "a.safetensors", change=lambda s: s.update(surprise=torch.ones(1)))
    with pytest.raises(WeightsError, match="surprise"):
        load_checkpoint(path)


def test_misshapen_key_is_named(tiny_checkpoint, tmp_path):
    path = rewrite(
        tiny_checkpoint, tmp_path / "a.safetensors", change=lambda s: s.update({"backbone.bn1.bias": torch.ones(3)})
    )
    with pytest.raises(WeightsError, match=r"backbone\.bn1\.bias"):
        load_checkpoint(path)


def test_foreign_safetensors_is_refused(tiny_checkpoint, tmp_path):
    path = rewrite(tiny_checkpoint, tmp_path / "a.safetensors", metadata={"format": "other"})
    with pytest.raises(WeightsError, match="format 'other' instead of"):
        load_checkpoint(path)


def test_damaged_settings_are_refused(tiny_checkpoint, tmp_path):
    path = rewrite(tiny_checkpoint, tmp_path / "a.safetensors", metadata={"settings": json.dumps({"scale": 1})})
    with pytest.raises(WeightsError, match="settings"):
        load_checkpoint(path)


@pytest.mark.parametrize("record", ["no json", "3"])
def test_damaged_training_record_is_refused(tiny_checkpoint, tmp_path, record):
    path = rewrite(tiny_checkpoint, tmp_path / "a.safetensors", metadata={"training": record})
    with pytest.raises(WeightsError, match="can't be understood"):
        load_checkpoint(path)


def test_damaged_file_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(WeightsError, match="not a readable safetensors file"):
        load_checkpoint(str(path))


def test_missing_file_is_said(tmp_path):
    with pytest.raises(WeightsError, match="no such file"):
        load_checkpoint(str(tmp_path / "none.safetensors"))
