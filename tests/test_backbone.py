"""The backbone against the authors' program, and the folded pooling against plain multi-head attention."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import multi_head_attention_forward

from qualiclip.errors import UsageError
from qualiclip.models.backbone import RN50, Backbone, BackboneSettings, MeanQueryPooling
from qualiclip.models.qualiclip import ModelSettings, QualityModel
from tests.clip_files import fill_batch_norms

POSITIONS = "attnpool.positional_embedding"  # which ours does without
GOLDEN = Path(__file__).parent / "golden" / "modified_resnet_tiny.npz"
TINY = BackboneSettings(blocks=(1, 1, 1, 1), width=8, heads=4, embedding_size=32)


@pytest.fixture(scope="module")
def golden():
    """Values of the authors' code for a random network; tests/golden/README.md says how they were made."""
    with np.load(GOLDEN) as file:
        return {key: torch.from_numpy(file[key]) for key in file.files}


def golden_model(golden, *, scale):
    model = QualityModel(ModelSettings(TINY, scale=scale), golden["prompt_features"].view(7, 2, 32)).eval()
    state = {key.removeprefix("state/"): value for key, value in golden.items() if key.startswith("state/")}
    del state["attnpool.positional_embedding"]  # the authors' code holds it and does not use it
    model.backbone.load_state_dict(state, strict=True)
    return model


def test_feature_map_and_embedding_equal_the_authors_code(golden):
    model = golden_model(golden, scale=100.0)
    with torch.no_grad():
        feature_map = model.backbone.feature_map(golden["input"])
        embedding = model.backbone.pool(feature_map)
    torch.testing.assert_close(feature_map, golden["feature_map"], atol=1e-5, rtol=0)
    torch.testing.assert_close(embedding, golden["embedding"], atol=1e-5, rtol=0)


@pytest.mark.parametrize("scale", [100, 50])
def test_score_equals_the_authors_code_at_both_temperatures(golden, scale):
    model = golden_model(golden, scale=float(scale))
    with torch.no_grad():
        score = model.score(model.backbone.feature_map(golden["input"]))
    torch.testing.assert_close(score, golden[f"score_scale{scale}"], atol=1e-5, rtol=0)


def test_folded_pooling_equals_plain_attention_of_all_tokens():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        pooling = MeanQueryPooling(64, 4, 16)
        features = torch.randn(2, 64, 3, 5)
    tokens = features.flatten(2).permute(2, 0, 1)
    tokens = torch.cat([tokens.mean(dim=0, keepdim=True), tokens])
    plain, _ = multi_head_attention_forward(
        tokens, tokens, tokens, 64, 4, None,
        torch.cat([pooling.q_proj.bias, pooling.k_proj.bias, pooling.v_proj.bias]),
        None, None, False, 0.0, pooling.c_proj.weight, pooling.c_proj.bias,
        use_separate_proj_weight=True, need_weights=False,
        q_proj_weight=pooling.q_proj.weight, k_proj_weight=pooling.k_proj.weight, v_proj_weight=pooling.v_proj.weight,
    )  # fmt: skip
    torch.testing.assert_close(pooling(features), plain[0], atol=1e-5, rtol=1e-5)


def test_attention_weights_sum_to_one_over_the_mean_token_and_all_positions():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        attention = MeanQueryPooling(64, 4, 16).attention(torch.randn(2, 7, 64))
    assert attention.shape == (2, 4, 7)
    torch.testing.assert_close(attention.sum(dim=-1), torch.ones(2, 4))


@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 33), (100, 231), (64, 160)])
def test_feature_map_has_one_position_per_32_pixels(height, width):
    backbone = Backbone(TINY).eval()
    with torch.no_grad():
        assert backbone.feature_map(torch.zeros(1, 3, height, width)).shape == (1, 256, height // 32, width // 32)


def test_rn50_has_the_names_and_shapes_of_clip():
    from open_clip.modified_resnet import ModifiedResNet

    with torch.device("meta"):
        ours = {name: value.shape for name, value in Backbone(RN50).state_dict().items()}
        reference = ModifiedResNet([3, 4, 6, 3], output_dim=1024, heads=32, width=64).state_dict()
    assert ours == {name: value.shape for name, value in reference.items() if name != POSITIONS}


@pytest.mark.parametrize("blocks", [(1, 1, 1, 1), (2, 3, 1, 2)])
def test_the_same_random_weights_give_the_same_numbers_and_gradients_as_in_open_clip(blocks):
    from open_clip.modified_resnet import ModifiedResNet

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        theirs = ModifiedResNet(list(blocks), output_dim=32, heads=4, width=8)
        ours = Backbone(BackboneSettings(blocks, width=8, heads=4, embedding_size=32))
        fill_batch_norms(ours)
        pixels = torch.randn(2, 3, 75, 100)
    theirs.load_state_dict({**ours.state_dict(), POSITIONS: torch.zeros(50, 256)})
    for mode in (False, True):  # the running statistics, then those of the batch
        both = [network.train(mode) for network in (ours, theirs)]
        maps = [one.layer4(one.layer3(one.layer2(one.layer1(one.stem(pixels))))) for one in both]
        assert torch.equal(*maps)
        gradients = [
            torch.autograd.grad(features.square().sum(), [*one.layer4.parameters(), one.conv1.weight])
            for features, one in zip(maps, both, strict=True)
        ]
        assert all(map(torch.equal, *gradients))


def test_a_fresh_network_is_as_open_clip_leaves_it():
    from open_clip.modified_resnet import ModifiedResNet

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        theirs = ModifiedResNet([1, 2, 1, 1], output_dim=32, heads=4, width=8).state_dict()
        torch.manual_seed(5)
        ours = Backbone(BackboneSettings((1, 2, 1, 1), width=8, heads=4, embedding_size=32)).state_dict()
    trunk = [name for name in ours if not name.startswith("attnpool")]
    assert all(torch.equal(ours[name], theirs[name]) for name in trunk)
    assert not any(ours[name].any() for name in trunk if name.endswith("bn3.weight") and name.startswith("layer"))


def test_heads_must_divide_the_channels():
    with pytest.raises(UsageError, match=r"256 channels .* over 7 heads"):
        BackboneSettings(blocks=(1, 1, 1, 1), width=8, heads=7, embedding_size=32)


def test_numbers_must_be_positive():
    with pytest.raises(UsageError, match="must be positive"):
        BackboneSettings(blocks=(1, 0, 1, 1), width=8, heads=4, embedding_size=32)
