"""What a test process does with signals, said by the test: a background job, or nohup, starts it with some ignored."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def disposition(number: signal.Signals, handler: Any) -> Iterator[None]:
    """A signal handled in that way in this process, and ignored or not in those that it starts meanwhile."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM do in this process, and in those that it starts meanwhile, what they do at a terminal."""
    with (
        disposition(signal.SIGINT, signal.default_int_handler),
        disposition(signal.SIGTERM, signal.SIG_DFL),
    ):
        yield
