"""Tests of runs on several processes, in parts, and stopped from outside: real processes, real signals."""

import atexit
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from qualiclip.errors import TrainingError
from tests.signals import interruptible
from tests.surroundings import PATIENCE
from train.fit.loop import leave_interrupts_to_main, loaded
from train.fit.processes import build_accelerator, sample_numbers
from train.fit.trainer import fit
from train.recipes.settings import LossSettings
from train.recipes.table import RECIPES

ROOT = Path(__file__).resolve().parent.parent
# All terms on, four photos a step, running statistics left alone: they would differ between processes.
SHARED = replace(
    RECIPES["smoke"],
    batch=4,
    steps=2,
    batch_norm="frozen",
    losses=LossSettings(across_weight=1.0, anchor_weight=0.1, steadiness_weight=0.1, local_weight=0.5, across_gap=1),
)
AS_ARGUMENTS = [
    *("batch=4", "steps=2", "batch_norm=frozen", "losses.across_weight=1", "losses.anchor_weight=0.1"),
    *("losses.steadiness_weight=0.1", "losses.across_gap=1", "losses.local_weight=0.5"),
]


def losses_of(out: Path) -> list[dict[str, float]]:
    names = ("loss", "consistency", "positive", "negative", "across", "anchor", "steadiness", "local")
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return [{name: row[name] for name in names} for row in rows]


def weights_of(out: Path) -> dict[str, Tensor]:
    state: dict[str, Tensor] = torch.load(out / "state.pt", weights_only=True)["model"]
    return state


def test_two_processes_have_the_losses_and_weights_of_one(photo_folder: Path, tmp_path: Path) -> None:
    fit(SHARED, photo_folder, tmp_path / "one", device="cpu")
    changes = [part for assignment in AS_ARGUMENTS for part in ("--set", assignment)]
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes=2", "--num_machines=1"]
    launch += ["--mixed_precision=no", "--dynamo_backend=no", "-m", "train"]
    command = [
        "fit",
        "smoke",
        "--photos",
        str(photo_folder),
        "--out",
        str(tmp_path / "two"),
        "--device",
        "cpu",
        *changes,
    ]
    done = subprocess.run(
        [*launch, *command], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tmp_path / "two" / "model.safetensors")  # said once
    for one, two in zip(losses_of(tmp_path / "one"), losses_of(tmp_path / "two"), strict=True):
        assert one == pytest.approx(two, abs=1e-6)
        assert min(one["across"], one["local"]) > 0
    ours, theirs = weights_of(tmp_path / "one"), weights_of(tmp_path / "two")
    # AdamW turns a gradient into a step of about the learning rate, whatever its size; so where a gradient is nearly
    # zero, its rounding shows. A tenth of one step is far below the two steps that were taken.
    for name, weight in ours.items():
        torch.testing.assert_close(theirs[name], weight, rtol=0, atol=1e-4, msg=name)


def test_processes_share_each_part_of_a_batch_in_order() -> None:
    recipe = replace(SHARED, batch=8, steps=2, accumulate=2)
    assert sample_numbers(recipe, start=0, process=0, processes=1) == list(range(16))
    assert sample_numbers(recipe, start=1, process=0, processes=2) == [8, 9, 12, 13]
    assert sample_numbers(recipe, start=1, process=1, processes=2) == [10, 11, 14, 15]


def test_a_batch_in_parts_has_the_gradients_of_its_parts(photo_folder: Path, tmp_path: Path) -> None:
    # Without the term that compares photos with each other, the loss of a batch is the mean of those of its halves.
    plain = replace(SHARED, steps=1, losses=LossSettings())
    fit(plain, photo_folder, tmp_path / "whole", device="cpu")
    fit(replace(plain, accumulate=2), photo_folder, tmp_path / "parts", device="cpu")
    whole, parts = weights_of(tmp_path / "whole"), weights_of(tmp_path / "parts")
    for name, weight in whole.items():
        torch.testing.assert_close(parts[name], weight, rtol=0, atol=1e-4, msg=name)


@pytest.mark.parametrize("batch_norm", ["batch", "frozen"])
def test_activations_computed_twice_change_nothing(batch_norm: str, photo_folder: Path, tmp_path: Path) -> None:
    recipe = replace(SHARED, batch=2, batch_norm=batch_norm)
    fit(recipe, photo_folder, tmp_path / "once", device="cpu")
    fit(replace(recipe, checkpointing=True), photo_folder, tmp_path / "twice", device="cpu")
    once, twice = weights_of(tmp_path / "once"), weights_of(tmp_path / "twice")
    for name, weight in once.items():
        if "num_batches_tracked" not in name:
            torch.testing.assert_close(twice[name], weight, rtol=0, atol=1e-6, msg=name)


def test_a_batch_that_can_not_be_shared_out_is_refused() -> None:
    recipe = replace(SHARED, batch=4, accumulate=4)
    assert build_accelerator(recipe, device="cpu").num_processes == 1
    with pytest.raises(TrainingError, match="precision fp16 needs a GPU; use bf16 or fp32"):
        build_accelerator(replace(recipe, precision="fp16"), device="cpu")
    if not torch.cuda.is_available():
        with pytest.raises(TrainingError, match="device cuda is not available here"):
            build_accelerator(recipe, device="cuda")


def test_runs_of_different_precision_follow_each_other(photo_folder: Path, tmp_path: Path) -> None:
    for precision in ("fp32", "bf16", "fp32"):
        recipe = replace(SHARED, steps=1, precision=precision)
        assert fit(recipe, photo_folder, tmp_path / precision, device="cpu").is_file()


HANGING_UP = """
import os, socket, sys
from multiprocessing.reduction import DupFd
from multiprocessing.resource_sharer import _resource_sharer
from train.fit.loop import leave_interrupts_to_main

leave_interrupts_to_main(0)
sample = DupFd(os.open(os.devnull, os.O_RDONLY))
for sent in (b"", b"\\0\\0"):  # before the first word, and in the middle of it
    with socket.socket(socket.AF_UNIX) as main:
        main.connect(_resource_sharer._address)
        main.sendall(sent)
os.close(sample.detach())  # so the others were met
if len(sys.argv) > 1:
    sys.excepthook(ZeroDivisionError, ZeroDivisionError("division"), None)
"""


@pytest.mark.skipif(os.name != "posix", reason="samples travel in another way")
def test_a_process_that_loads_samples_says_nothing_of_a_main_process_that_was_stopped_meanwhile() -> None:
    run = partial(subprocess.run, cwd=ROOT, capture_output=True, text=True, check=True)
    assert run([sys.executable, "-c", HANGING_UP]).stderr == ""
    assert run([sys.executable, "-c", HANGING_UP, "wrong"]).stderr == "ZeroDivisionError: division\n"


STARTING = """
import os, signal
from multiprocessing import get_context
from train.fit.loop import interrupts_deferred

if __name__ == "__main__":
    try:
        with interrupts_deferred():
            pool = get_context("spawn").Pool(1)
            os.kill(os.getpid(), signal.SIGINT)
            blocked = pool.apply(signal.pthread_sigmask, (signal.SIG_BLOCK, ()))
            print([each.name for each in blocked])
    except KeyboardInterrupt:
        print("then the interrupt")
    pool.terminate()
"""


@pytest.mark.skipif(os.name != "posix", reason="there is no mask of signals")
def test_no_interrupt_reaches_a_process_that_begins_to_load_samples(tmp_path: Path) -> None:
    """In a process of its own, where nothing has started any before."""
    script = tmp_path / "starting.py"
    script.write_text(STARTING)
    with interruptible():
        run = subprocess.run(
            [sys.executable, script],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
    assert run.stdout.splitlines() == ["['SIGINT']", "then the interrupt"]


class AbortsAtTheEnd(Dataset[int]):
    """Samples whose process would abort as it ends, by what ran before it knew that it is one, or by what ran later."""

    def __init__(self, *, early: bool) -> None:
        self.early = early

    def __len__(self) -> int:
        return 100

    def __setstate__(self, state: dict[str, bool]) -> None:
        self.__dict__ = state
        if self.early:
            atexit.register(os.abort)

    def __getitem__(self, index: int) -> int:
        if not self.early:
            atexit.register(os.abort)
        return index


@pytest.mark.parametrize(("early", "code"), [(True, 0), (False, -signal.SIGABRT)])
def test_a_process_that_would_abort_as_it_ends_disturbs_nobody(early: bool, code: int) -> None:
    loader = DataLoader(
        AbortsAtTheEnd(early=early),
        num_workers=1,
        worker_init_fn=leave_interrupts_to_main,
        multiprocessing_context="spawn",
    )
    before = set(multiprocessing.active_children())
    samples = loaded(loader)
    assert int(next(samples)) == 0
    (worker,) = set(multiprocessing.active_children()) - before
    samples.close()
    worker.join()
    assert worker.exitcode == code


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_an_interrupted_run_says_where_it_stopped_and_goes_on_from_there(photo_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "train", "fit", "smoke", "--photos", str(photo_folder), "--out", str(out)]
    command += ["--device", "cpu", "--set", "steps=100000", "--set", "save_every=5", "--set", "workers=1"]
    with interruptible():
        run = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
    with run:
        deadline = time.monotonic() + PATIENCE
        while not (out / "state.pt").is_file() and time.monotonic() < deadline and run.poll() is None:
            time.sleep(0.05)
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to the workers, too
        errors = run.communicate(timeout=PATIENCE)[1]
    assert run.returncode == 1
    assert "Traceback" not in errors, errors
    last = errors.splitlines()[-1]
    state = torch.load(out / "state.pt", weights_only=True)
    assert state["step"] % 5 == 0
    assert last.startswith("python -m train: stopped in step ")
    assert last.endswith(f"; the same command goes on after step {state['step']}")
