"""Engines give the numbers of the model itself, and leave it alone."""

import copy
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from qualiclip.engines import table
from qualiclip.engines.table import ENGINES, bf16_supported, build_engine, resolve_engine
from qualiclip.engines.tiling import encode
from qualiclip.errors import UsageError
from qualiclip.models.qualiclip import QualityModel
from qualiclip.weights.loading import load_checkpoint

QUICK = [name for name in ENGINES if name != "compile"]  # that one takes half a minute


@pytest.fixture(scope="module")
def compact():
    return load_checkpoint("compact")


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def smooth(size, count=1):
    coarse = torch.rand((count, 3, 7, 7), generator=torch.Generator().manual_seed(0))
    return functional.interpolate(coarse, size=size, mode="bilinear")


def check(stages, model, image):
    """All steps against the model itself: within 1e-4 of the largest value, for the order of rounding differs."""
    with torch.no_grad():
        lower = model.lower(image)
        expected = model.feature_map(image)
    bound = 1e-4 * float(expected.abs().max())
    torch.testing.assert_close(stages.whole(image), expected, atol=bound, rtol=0)
    torch.testing.assert_close(stages.lower(image), lower, atol=1e-4 * float(lower.abs().max()), rtol=0)
    torch.testing.assert_close(stages.upper(lower), expected, atol=bound, rtol=0)


@pytest.mark.parametrize("name", QUICK)
def test_engine_reproduces_the_model(compact, name):
    stages = build_engine(name, compact.model, precision="fp32", key=compact.sha256)
    for size, count in (((33, 33), 1), ((97, 160), 1), ((224, 224), 3)):
        check(stages, compact.model, smooth(size, count))


@pytest.mark.slow
def test_compiled_engine_reproduces_the_model(tiny_model):
    stages = build_engine("compile", tiny_model, precision="fp32", key="tiny")
    for size in ((64, 96), (97, 65)):
        check(stages, tiny_model, smooth(size))


@pytest.mark.parametrize("name", QUICK)
def test_engine_leaves_the_model_as_it_was(tiny_model, name):
    before = copy.deepcopy(tiny_model.state_dict())
    strides = [parameter.stride() for parameter in tiny_model.parameters()]
    build_engine(name, tiny_model, precision="fp32", key="tiny").whole(torch.zeros(1, 3, 64, 64))
    assert all(torch.equal(value, before[key]) for key, value in tiny_model.state_dict().items())
    assert [parameter.stride() for parameter in tiny_model.parameters()] == strides


@pytest.mark.parametrize("name", QUICK)
def test_feature_map_can_take_part_in_a_gradient(tiny_model, name):
    stages = build_engine(name, tiny_model, precision="fp32", key="tiny")
    feature_map = stages.whole(torch.zeros(1, 3, 64, 64)).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(tiny_model.score(feature_map).sum(), feature_map)
    assert gradient.shape == feature_map.shape


@pytest.mark.parametrize("name", QUICK)
def test_threads_get_the_numbers_of_one_after_the_other(compact, name):
    stages = build_engine(name, compact.model, precision="fp32", key=compact.sha256)
    images = [smooth((64 + 16 * number, 80)) for number in range(4)]
    expected = [stages.whole(image) for image in images]
    with ThreadPoolExecutor(4) as pool:
        for actual, wanted in zip(pool.map(stages.whole, images * 3), expected * 3, strict=True):
            assert torch.equal(actual, wanted)


def numbers(stages, images):
    return [encode(stages, image) for image in images]


def equal(first, second):
    return all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("name", QUICK)
def test_a_picture_gets_the_same_numbers_whatever_else_is_computed(compact, name, monkeypatch):
    """Alone or in a batch, first or last, by one thread or several, by this engine or the next: bit by bit."""
    images = [smooth(size, 3) for size in ((33, 47), (64, 64), (97, 65), (160, 128))]
    stages = build_engine(name, compact.model, precision="fp32", key=compact.sha256)
    expected = numbers(stages, images)
    alone = [torch.cat(numbers(stages, image.split(1))) for image in images]
    assert equal(alone, expected)
    assert equal(numbers(stages, images[::-1]), expected[::-1])
    threads = torch.get_num_threads()
    for count in (2, 3):
        torch.set_num_threads(count)
        again = build_engine(name, compact.model, precision="fp32", key=compact.sha256)
        found = [*numbers(again, images[::-1]), *numbers(stages, images[::-1])]
        torch.set_num_threads(threads)
        assert equal(found, expected[::-1] * 2)


@pytest.mark.parametrize("name", QUICK)
def test_numbers_do_not_depend_on_the_callers_settings_of_torch(tiny_model, name, own_cache):
    image = smooth((97, 65))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = build_engine(name, tiny_model, precision="fp32", key="tiny").whole(image)
    assert torch.equal(found, build_engine(name, tiny_model, precision="fp32", key="tiny").whole(image))
    with torch.no_grad():
        torch.testing.assert_close(found, tiny_model.feature_map(image), atol=1e-4, rtol=1e-4)


def test_a_result_is_not_overwritten_by_the_next_call(compact):
    stages = build_engine("openvino", compact.model, precision="fp32", key=compact.sha256)
    first = stages.whole(smooth((64, 64)))
    kept = first.clone()
    stages.whole(torch.zeros(1, 3, 64, 64))
    assert torch.equal(first, kept)


def openvino_numbers(model, *, key="first"):
    return build_engine("openvino", model, precision="fp32", key=key).whole(smooth((64, 80)))


def test_the_first_run_of_a_model_gives_the_numbers_of_all_later_ones(tiny_model, own_cache, tmp_path, monkeypatch):
    """The model just converted rounds otherwise than the one read from the file."""
    first = openvino_numbers(tiny_model)
    (kept,) = tmp_path.rglob("first-*")
    written = kept.stat().st_mtime_ns
    assert torch.equal(openvino_numbers(tiny_model), first)
    with ThreadPoolExecutor(1) as pool:
        assert torch.equal(pool.submit(openvino_numbers, tiny_model).result(), first)
    assert kept.stat().st_mtime_ns == written
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    assert torch.equal(openvino_numbers(tiny_model), first)


def test_converted_models_belong_to_their_weights_whatever_they_are_called(tiny_model, own_cache):
    first = openvino_numbers(tiny_model)
    tiny_model.backbone.layer4[0].conv3.weight.neg_()
    second = openvino_numbers(tiny_model)
    assert not torch.allclose(first, second)
    with torch.no_grad():
        torch.testing.assert_close(second, tiny_model.feature_map(smooth((64, 80))), atol=1e-4, rtol=1e-4)


def test_a_damaged_converted_model_is_converted_anew(tiny_model, own_cache, tmp_path):
    expected = openvino_numbers(tiny_model)
    (kept,) = tmp_path.rglob("first-*")
    whole = kept.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:-2000] + bytes([whole[-2000] ^ 64]) + whole[-1999:]):
        kept.write_bytes(damaged)
        assert torch.equal(openvino_numbers(tiny_model), expected)
        assert len(kept.read_bytes()) > len(damaged) - 100


def test_a_model_is_converted_in_memory_where_there_is_no_disk(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "none"))
    (tmp_path / "none").write_text("no folder")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    openvino_numbers(tiny_model)
    monkeypatch.setattr("qualiclip.engines.openvino_engine.SHARED_MEMORY", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="there is no room for it; name a folder in the environment's TMPDIR"):
        openvino_numbers(tiny_model)


@pytest.mark.filterwarnings("ignore:Converting a tensor to a Python integer")
def test_a_model_that_cannot_be_converted_for_all_sizes_is_refused(tiny_model, own_cache, monkeypatch):
    def larger_where_the_picture_is_high(model, image, step=QualityModel.feature_map):
        return step(model, image) * (1 + int(image.shape[2]) / 100)

    monkeypatch.setattr(QualityModel, "feature_map", larger_where_the_picture_is_high)
    with pytest.raises(UsageError, match="can't convert this model for pictures of all sizes; choose engine fused"):
        openvino_numbers(tiny_model)


@pytest.mark.skipif(not bf16_supported(), reason="this processor has no bfloat16")
@pytest.mark.parametrize("name", QUICK)
def test_bfloat16_is_near_and_comes_back_in_single_precision(compact, name, own_cache):
    image = smooth((160, 224))
    stages = build_engine(name, compact.model, precision="bf16", key=compact.sha256)
    with torch.no_grad():
        expected = compact.model.feature_map(image)
    actual = stages.whole(image)
    assert actual.dtype == torch.float32
    error = float((actual - expected).norm() / expected.norm())
    assert 1e-5 < error < 0.02


def test_bfloat16_is_refused_where_the_processor_has_none(tiny_model, monkeypatch):
    monkeypatch.setattr(table, "bf16_supported", lambda: False)
    with pytest.raises(UsageError, match="does not compute with bfloat16; choose precision fp32"):
        build_engine("eager", tiny_model, precision="bf16", key="tiny")


ROOT = Path(__file__).resolve().parent.parent
LET_GO = """
import gc, signal, subprocess, threading
import qualiclip
signal.signal(signal.SIGCHLD, lambda *_: None)
kept = [qualiclip.load("compact", engine="openvino")]
kept[0].score("assets/examples/cat.png")
other = threading.Thread(target=lambda: (kept.clear(), gc.collect()))
other.start()
other.join()
subprocess.run(["true"], check=True)
print("alive")
"""


def test_a_model_let_go_by_another_thread_leaves_signals_alone():
    """The plugin, unloaded elsewhere, left the main thread a stack for signals that was no longer there."""
    done = subprocess.run([sys.executable, "-c", LET_GO], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr


def test_auto_is_openvino_where_it_is_installed_else_fused(monkeypatch):
    assert resolve_engine("auto") == "openvino"
    monkeypatch.setattr(table, "find_spec", lambda name: None)
    assert resolve_engine("auto") == "fused"


def test_openvino_that_is_not_installed_says_how_to_get_it(tiny_model, monkeypatch):
    monkeypatch.setattr(table, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="pip install openvino"):
        build_engine("openvino", tiny_model, precision="fp32", key="tiny")


def test_unknown_engine_lists_the_known_ones():
    with pytest.raises(UsageError, match="unknown engine 'cuda'; known: auto, compile, eager, fused, openvino"):
        resolve_engine("cuda")
