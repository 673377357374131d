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
from qualiclip.errors import UsageError
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
def test_engine_reproduces_the_model(compact, name, own_cache):
    stages = build_engine(name, compact.model, precision="fp32", key=compact.sha256)
    for size, count in (((33, 33), 1), ((97, 160), 1), ((224, 224), 3)):
        check(stages, compact.model, smooth(size, count))


@pytest.mark.slow
def test_compiled_engine_reproduces_the_model(tiny_model):
    stages = build_engine("compile", tiny_model, precision="fp32", key="tiny")
    for size in ((64, 96), (97, 65)):
        check(stages, tiny_model, smooth(size))


@pytest.mark.parametrize("name", QUICK)
def test_engine_leaves_the_model_as_it_was(tiny_model, name, own_cache):
    before = copy.deepcopy(tiny_model.state_dict())
    strides = [parameter.stride() for parameter in tiny_model.parameters()]
    build_engine(name, tiny_model, precision="fp32", key="tiny").whole(torch.zeros(1, 3, 64, 64))
    assert all(torch.equal(value, before[key]) for key, value in tiny_model.state_dict().items())
    assert [parameter.stride() for parameter in tiny_model.parameters()] == strides


@pytest.mark.parametrize("name", QUICK)
def test_feature_map_can_take_part_in_a_gradient(tiny_model, name, own_cache):
    stages = build_engine(name, tiny_model, precision="fp32", key="tiny")
    feature_map = stages.whole(torch.zeros(1, 3, 64, 64)).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(tiny_model.score(feature_map).sum(), feature_map)
    assert gradient.shape == feature_map.shape


@pytest.mark.parametrize("name", QUICK)
def test_threads_get_the_numbers_of_one_after_the_other(compact, name, own_cache):
    stages = build_engine(name, compact.model, precision="fp32", key=compact.sha256)
    images = [smooth((64 + 16 * number, 80)) for number in range(4)]
    expected = [stages.whole(image) for image in images]
    with ThreadPoolExecutor(4) as pool:
        for actual, wanted in zip(pool.map(stages.whole, images * 3), expected * 3, strict=True):
            torch.testing.assert_close(actual, wanted, atol=1e-5, rtol=0)


def test_a_result_is_not_overwritten_by_the_next_call(compact):
    stages = build_engine("openvino", compact.model, precision="fp32", key=compact.sha256)
    first = stages.whole(smooth((64, 64)))
    kept = first.clone()
    stages.whole(torch.zeros(1, 3, 64, 64))
    assert torch.equal(first, kept)


def test_converted_models_are_kept_and_belong_to_their_weights(tiny_model, own_cache, tmp_path):
    build_engine("openvino", tiny_model, precision="fp32", key="first").whole(smooth((64, 64)))
    (kept,) = tmp_path.rglob("first-*.xml")
    written = kept.stat().st_mtime_ns
    again = build_engine("openvino", tiny_model, precision="fp32", key="first").whole(smooth((64, 64)))
    assert kept.stat().st_mtime_ns == written
    with torch.no_grad():
        torch.testing.assert_close(again, tiny_model.feature_map(smooth((64, 64))), atol=1e-4, rtol=1e-4)
    build_engine("openvino", tiny_model, precision="fp32", key="second").whole(smooth((64, 64)))
    assert list(tmp_path.rglob("second-*.xml"))


def test_a_cache_that_can_not_be_written_does_not_stop_the_engine(tiny_model, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    stages = build_engine("openvino", tiny_model, precision="fp32", key="tiny")
    with torch.no_grad():
        expected = tiny_model.feature_map(smooth((64, 64)))
    torch.testing.assert_close(stages.whole(smooth((64, 64))), expected, atol=1e-4, rtol=1e-4)


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
