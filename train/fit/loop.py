"""The loop around the steps of a run: its log, its states, its clock, and what an interrupt leaves."""

import atexit
import os
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TypeVar

from torch.utils.data import DataLoader
from tqdm import tqdm

from qualiclip.errors import InputError, TrainingError

from .logs import RunLog
from .states import Stateful, TrainingProgress, save_state, saved_step

Item = TypeVar("Item")


class Pace(Protocol):
    """What the loop must know of a recipe."""

    @property
    def steps(self) -> int:
        """Steps of the run."""

    @property
    def log_every(self) -> int:
        """Steps between two rows of the log."""

    @property
    def save_every(self) -> int:
        """Steps between two saved states."""


def leave_interrupts_to_main(worker: int) -> None:
    """What a process that loads samples does first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.excepthook = _unless_main_hung_up
    atexit.register(os._exit, 0)  # taking apart libraries whose threads still run now and then aborts the process


def _unless_main_hung_up(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """What a thread that hands samples over says of an error: of a main process that was stopped meanwhile, nothing."""
    if not issubclass(kind, (EOFError, ConnectionError)):
        sys.__excepthook__(kind, error, traceback)


@contextmanager
def interrupts_deferred() -> Iterator[None]:
    """An interrupt waits for the end; processes that are started meanwhile never get one, not even while they begin."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # starting it, which the first process would do, lets interrupts through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def loaded(loader: DataLoader[Item]) -> Generator[Item, None, None]:
    """What a loader loads; its processes end with the generator.

    Raises:
        TrainingError: if a photo can't be used.
    """
    with interrupts_deferred():
        samples = iter(loader)
    try:
        yield from samples
    except InputError as error:  # from a worker its text has a traceback before the line that counts
        reason = str(error.args[0]).splitlines()[-1].removeprefix("qualiclip.errors.InputError: ")
        raise TrainingError(f"a photo can't be used: {reason}") from error
    finally:  # after an error the traceback holds the workers until garbage is collected, whenever that is
        if stop := getattr(samples, "_shutdown_workers", None):
            with suppress(RuntimeError):  # of a process that fails as it ends: nothing is wanted of it any more
                stop()


class Stopwatch:
    """How fast a run is, and which share of its time it waits for samples."""

    def __init__(self, crops_per_step: int) -> None:
        """Start."""
        self.crops_per_step = crops_per_step
        self._begin()

    def _begin(self) -> None:
        self._began, self._waited, self._steps = time.monotonic(), 0.0, 0

    def wait_for(self, samples: Iterator[Item], count: int) -> list[Item]:
        """The next samples, all those of a step."""
        began = time.monotonic()
        parts = [next(samples) for _ in range(count)]
        self._waited += time.monotonic() - began
        self._steps += 1
        return parts

    def report(self) -> dict[str, float]:
        """Crops per second and share of waiting since the last report."""
        passed = max(time.monotonic() - self._began, 1e-9)
        rates = {
            "crops_per_second": round(self._steps * self.crops_per_step / passed, 1),
            "waiting": round(self._waited / passed, 3),
        }
        self._begin()
        return rates


def run_steps(
    take_step: Callable[[int], dict[str, Any]],
    recipe: Pace,
    parts: dict[str, Stateful],
    out: Path,
    *,
    start: TrainingProgress,
    watch: Stopwatch,
    main: bool = True,
) -> TrainingProgress:
    """All steps from `start` on; `take_step` takes one and reports its loss and more, for the log.

    Writes log and states into the folder `out` if this is the `main` process.

    Raises:
        TrainingError: if the run is interrupted; it goes on from its last state.
    """
    log = RunLog(out, start=start.step) if main else None
    began, done = time.monotonic() - start.seconds, start
    steps = range(start.step, recipe.steps)
    bar = tqdm(steps, initial=start.step, total=recipe.steps, unit="step", file=sys.stderr, disable=not main)
    try:
        for step in bar:
            report = take_step(step)
            done = TrainingProgress(step + 1, time.monotonic() - began)
            if log and (step % recipe.log_every == 0 or done.step == recipe.steps):
                speed = watch.report()
                bar.set_postfix(loss=f"{report['loss']:.4f}", **speed)
                log.write(step, {**report, **speed})
            if main and (done.step % recipe.save_every == 0 or done.step == recipe.steps):
                save_state(out / "state.pt", parts, done, recipe)
    except KeyboardInterrupt as error:
        saved = saved_step(out / "state.pt")
        raise TrainingError(f"stopped in step {done.step + 1}; the same command goes on after step {saved}") from error
    finally:
        bar.close()
        if log:
            log.close()
    return done
