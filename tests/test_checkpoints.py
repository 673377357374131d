"""Other people's checkpoints: the authors' format, CLIP's, learned prompts; equal to a plain reading of CLIP."""

from pathlib import Path

import pytest
import torch
from open_clip import create_model, get_tokenizer
from safetensors.torch import save, save_file
from torch import Tensor
from torch.nn import functional

import qualiclip
from qualiclip.errors import UsageError, WeightsError
from qualiclip.kept import kept
from qualiclip.models.prompts import ANTONYM_PAIRS, PromptPair
from qualiclip.models.text import TextEncoder, texts_of
from qualiclip.weights.loading import load_checkpoint
from tests import plain_clip
from tests.clip_files import TINY, TINY_TEXT, clip_state, official_state

SIZES = [(96, 128), (97, 131), (131, 97), (33, 33), (33, 200)]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def full_size(full_size_checkpoint):
    """The state of the checkpoint of full size, and its file."""
    return torch.load(full_size_checkpoint, weights_only=True), full_size_checkpoint


def pictures(sizes):
    generator = torch.Generator().manual_seed(1)
    for size in sizes:
        coarse = torch.rand((1, 3, 9, 9), generator=generator)
        yield functional.interpolate(coarse, size=size, mode="bilinear")[0].clamp(0, 1)


def unprefixed(state):
    return {key.removeprefix("clip_model."): value for key, value in state.items()}


def relative_error(actual: Tensor, expected: Tensor) -> float:
    return float((actual - expected).norm() / expected.norm())


@pytest.mark.parametrize(("scale", "engine"), [(100.0, "auto"), (50.0, "fused")])
def test_a_full_size_official_checkpoint_equals_a_plain_reading_of_clip(full_size, scale, engine):
    state, path = full_size
    scorer = qualiclip.load(str(path), scale=scale, engine=engine)
    reference = {key: value.double() for key, value in unprefixed(state).items()}
    for image in pictures(SIZES):
        expected = plain_clip.encode_image(image.double(), reference)
        feature_map = scorer.encode(image)
        assert relative_error(scorer.model.backbone.pool(feature_map)[0], expected) < 1e-5
        cosines = functional.normalize(expected, dim=0) @ state["prompts_features"].double().T
        similarities = scorer.model.similarities(feature_map)[0]
        assert relative_error(similarities, cosines.view(7, 2)) < 1e-5
        score = plain_clip.score(expected, state["prompts_features"].double(), scale)
        assert scorer.score(image).score == pytest.approx(score, rel=1e-5)


def test_the_authors_scale_is_the_default(full_size):
    assert load_checkpoint(str(full_size[1])).model.settings.scale == 100


def test_a_full_size_text_encoder_equals_a_plain_reading_and_open_clip(full_size):
    state = unprefixed(full_size[0])
    texts = ["Good photo.", "A blurry picture, far too dark!"]
    encoded = TextEncoder(state).encode(texts)
    tokens = get_tokenizer("RN50")(texts)
    model = create_model("RN50-quickgelu", pretrained=None)
    model.load_state_dict({key: value for key, value in state.items() if key != "prompts_features"})
    with torch.no_grad():
        by_open_clip = model.eval().encode_text(tokens, normalize=True)
    torch.testing.assert_close(encoded, by_open_clip, rtol=0, atol=1e-6)
    for row, expected in zip(tokens, encoded, strict=True):
        torch.testing.assert_close(plain_clip.encode_text(row, state), expected, rtol=0, atol=2e-6)


@pytest.fixture
def official(tmp_path):
    """A tiny checkpoint in the authors' format."""
    state = official_state(TINY, TINY_TEXT, seed=3)
    path = tmp_path / "official.pth"
    torch.save(state, path)
    return state, path


def test_half_precision_weights_are_used_in_single_precision(official, tmp_path, photo):
    state, path = official
    half = {key: value.half() if value.is_floating_point() else value for key, value in state.items()}
    torch.save(half, tmp_path / "half.pth")
    model = load_checkpoint(str(tmp_path / "half.pth")).model
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    halved, whole = (
        qualiclip.load(str(file), engine="eager").score(photo).score for file in (tmp_path / "half.pth", path)
    )
    assert abs(halved - whole) < 0.02


def test_weights_wrapped_in_a_dict_are_unwrapped(official, tmp_path, photo):
    torch.save({"params": official[0]}, tmp_path / "wrapped.pth")
    wrapped, plain = (
        qualiclip.load(str(path), engine="eager").score(photo).score for path in (tmp_path / "wrapped.pth", official[1])
    )
    assert wrapped == plain


def test_openais_own_file_without_counters_is_read(official, tmp_path):
    state = {key: value for key, value in official[0].items() if not key.endswith("num_batches_tracked")}
    torch.save(state, tmp_path / "a.pth")
    load_checkpoint(str(tmp_path / "a.pth"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("clip_model.visual.layer1.0.conv2.weight"), r"Missing key.*layer1\.0\.conv2\.weight"),
        (lambda s: s.update({"clip_model.visual.bn1.bias": torch.ones(3)}), r"size mismatch for bn1\.bias"),
        (lambda s: s.update({"clip_model.visual.extra": torch.ones(3)}), "Unexpected key.*extra"),
        (lambda s: s.update({"surprise": torch.ones(3)}), "Unexpected key.*surprise"),
        (lambda s: s.pop("clip_model.visual.attnpool.c_proj.weight"), r"attnpool\.c_proj\.weight"),
        (lambda s: s.update(prompts_features=torch.ones(12, 32)), r"shape \(12, 32\), not \(14, D\)"),
        (lambda s: s.update(prompts_features=torch.ones(14, 31)), r"prompt features must be \(7, 2, 32\)"),
    ],
)
def test_a_wrong_key_is_named(official, tmp_path, change, message):
    state = dict(official[0])
    change(state)
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=rf"^a\.pth: .*{message}"):
        load_checkpoint(str(tmp_path / "a.pth"))


class Evil:
    def __reduce__(self):
        return (Path.touch, (Path("executed"),))


@pytest.mark.parametrize("content", [{"a": Evil()}, {"a": [1, 2]}, [torch.ones(2)]])
def test_anything_but_tensors_is_refused_and_never_run(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    torch.save(content, "a.pth")
    with pytest.raises(WeightsError, match="tensors"):
        load_checkpoint("a.pth")
    assert not Path("executed").exists()


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 half a zip"])
def test_a_damaged_pth_is_refused(tmp_path, content):
    path = tmp_path / "a.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"a\.pth: not a checkpoint of plain tensors"):
        load_checkpoint(str(path))


# Prompts of one's own


def test_own_prompts_are_encoded_by_the_models_text_encoder(official, photo):
    state, path = official
    pairs = (PromptPair("A calm lake.", "A rough sea."), PromptPair("Day", "Night"))
    checkpoint = load_checkpoint(str(path), pairs=pairs)
    tokens = get_tokenizer("RN50")(texts_of(pairs))
    expected = torch.stack([plain_clip.encode_text(row, unprefixed(state)) for row in tokens]).view(2, 2, 32)
    torch.testing.assert_close(checkpoint.model.prompt_features, expected, rtol=0, atol=2e-6)
    report = qualiclip.load(str(path), pairs=pairs, engine="eager").score(photo)
    assert [(pair.positive, pair.negative) for pair in report.pairs] == [(p.positive, p.negative) for p in pairs]


def test_models_without_text_encoder_say_so(official, tmp_path):
    pairs = (PromptPair("Day", "Night"),)
    with pytest.raises(WeightsError, match="compact has no text encoder: its prompts are fixed"):
        load_checkpoint("compact", pairs=pairs)
    state = {key: value for key, value in official[0].items() if "visual" in key or key == "prompts_features"}
    torch.save(state, tmp_path / "blind.pth")
    load_checkpoint(str(tmp_path / "blind.pth"))  # its own prompts are stored
    with pytest.raises(WeightsError, match="no complete text encoder in these weights"):
        load_checkpoint(str(tmp_path / "blind.pth"), pairs=pairs)


def test_encoded_prompts_are_kept_for_the_next_time(official, tmp_path):
    pairs = (PromptPair("Day", "Night"),)
    first = load_checkpoint(str(official[1]), pairs=pairs).model.prompt_features
    (path,) = (tmp_path / "cache" / "qualiclip-studio" / "prompts").iterdir()
    path.unlink()
    kept(path, lambda: save({"features": torch.ones(1, 2, 32)}))
    again = load_checkpoint(str(official[1]), pairs=pairs).model.prompt_features
    assert not torch.equal(again, first)  # read, not computed
    other = load_checkpoint(str(official[1]), pairs=(PromptPair("Dawn", "Dusk"),)).model.prompt_features
    assert not torch.equal(other, again)


@pytest.mark.parametrize("scale", [0, -1])
def test_a_scale_that_is_not_positive_is_refused(official, scale):
    with pytest.raises(UsageError, match="positive scale"):
        load_checkpoint(str(official[1]), scale=scale)


# CLIP, and learned prompts


@pytest.fixture
def weights_folder(official, tmp_path, monkeypatch):
    """A folder of weights as an operator keeps it, and no other."""
    folder = tmp_path / "weights"
    folder.mkdir()
    monkeypatch.setenv("QUALICLIP_WEIGHTS", str(folder))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    (folder / "qualiclip.pth").write_bytes(official[1].read_bytes())
    save_file(clip_state(TINY, TINY_TEXT, seed=4), folder / "clip-rn50.safetensors")
    return folder


def test_untuned_clip_encodes_the_seven_pairs(weights_folder, photo):
    state = clip_state(TINY, TINY_TEXT, seed=4)
    report = qualiclip.load("clip-rn50").score(photo)
    features = torch.stack(
        [plain_clip.encode_text(row, state) for row in get_tokenizer("RN50")(texts_of(ANTONYM_PAIRS))]
    )
    expected = plain_clip.score(plain_clip.encode_image(photo, state), features, 100)
    assert (report.model, report.scale) == ("clip-rn50", 100)
    assert report.score == pytest.approx(expected, rel=1e-4)


def test_learned_contexts_surround_the_words(official, weights_folder, photo):
    contexts = torch.randn((14, 16, 64), generator=torch.Generator().manual_seed(5)) * 0.02
    learned = {"prompt_learner.ctx": contexts, "prompt_learner.token_prefix": torch.zeros(14, 1, 64)}
    torch.save({"params": learned}, weights_folder / "QualiCLIP+_koniq.pth")
    checkpoint = load_checkpoint("qualiclip+")
    state = unprefixed(official[0])
    expected = []
    for text, context in zip(texts_of(ANTONYM_PAIRS), contexts, strict=True):
        words = get_tokenizer("RN50").encode(text)  # without start and end
        embedding = state["token_embedding.weight"]
        start, end, nothing = embedding[[49406]], embedding[[49407]], embedding[[0]]
        parts = [start, context[:8], embedding[words], context[8:], end, nothing.expand(77 - 18 - len(words), -1)]
        expected.append(plain_clip.encode_embedded(torch.cat(parts), 17 + len(words), state))
    features = torch.stack(expected).view(7, 2, 32)
    torch.testing.assert_close(checkpoint.model.prompt_features, features, rtol=0, atol=2e-6)
    assert checkpoint.model.settings.scale == 50  # it was trained with a temperature of 2
    with pytest.raises(WeightsError, match="learned prompts; choose qualiclip for own ones"):
        load_checkpoint("qualiclip+", pairs=(PromptPair("Day", "Night"),))


def test_contexts_of_another_number_are_refused(weights_folder):
    torch.save({"prompt_learner.ctx": torch.zeros(2, 16, 64)}, weights_folder / "QualiCLIP+_clive.pth")
    with pytest.raises(WeightsError, match=r"qualiclip\+-clive: 'prompt_learner\.ctx' has the shape \(2, 16, 64\)"):
        load_checkpoint("qualiclip+-clive")
