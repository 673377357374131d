"""What the command lines of this project share: results, messages, exit statuses, errors in one line."""

import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import typer

from .errors import QualiclipError, UsageError, one_line

# click's ClickException, or the copy of it that newer releases of typer bring along.
COMMAND_LINE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]
INTERRUPTED = 130  # what typer makes of Ctrl-C, without a word
TERMINATED = 143  # what a shell makes of a process that SIGTERM ended
OUTPUT = "standard output"


# Streams


class _Closed(io.TextIOBase):
    """Standard output of a process that was started without one: nothing is lost on it in silence."""

    def write(self, text: str, /) -> NoReturn:
        raise OSError(
            errno.EBADF, f"closed, so results have nowhere to go; send it to a file or to {os.devnull}", OUTPUT
        )


def put(text: str, *, end: str = "\n") -> None:
    """Write a result to standard output at once, so that a run that is ended has said all it knew.

    Raises:
        OSError: if standard output is closed or takes nothing more; `filename` is then its name in words.
    """
    stream = sys.stdout or _Closed()
    try:
        stream.write(text + end)
        stream.flush()
    except OSError as error:
        error.filename = OUTPUT
        _abandon(stream)
        raise


def require_output() -> None:
    """Refuse to compute what can't be printed.

    Raises:
        OSError: if standard output is closed.
    """
    if sys.stdout is None or isinstance(sys.stdout, _Closed):
        _Closed().write("")


def say(text: str) -> None:
    """Write a line to standard error, where everything goes that is not a result; it never stops the work."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(f"{one_line(text)}\n")
        sys.stderr.flush()
    except OSError:
        _abandon(sys.stderr)


def _abandon(stream: Any) -> None:
    """Send what is left in a stream that takes nothing to nowhere: at its end Python would try again, and complain."""
    with suppress(OSError, ValueError):  # a stream of a test has no number, or is closed
        number = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)


def _settle(stream: Any) -> None:
    """Write what is left in a stream; what it can't take is lost, which was said when it refused it first."""
    try:
        stream.flush()
    except OSError:
        _abandon(stream)


@contextmanager
def _streams() -> Iterator[None]:
    """Standard streams that can be written to, whatever the process was started with."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:  # else the next file opened would be standard output
        pass
    os.close(number)
    output, error = sys.stdout, sys.stderr
    for stream in (output, error):  # a file name that the terminal can't show must not stop a command
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        sys.stdout, sys.stderr = output or _Closed(), error or nowhere
        try:
            yield
        finally:
            sys.stdout, sys.stderr = output, error
            for stream in filter(None, (output, error)):
                _settle(stream)


# Signals


@contextmanager
def _terminable() -> Iterator[list[int]]:
    """SIGTERM ends the work as Ctrl-C does; gives a list that then holds the signal.

    Files are closed and one line is said. What the process was told to ignore stays ignored, SIGINT too: so a shell
    starts its background jobs, and nohup does. A second SIGTERM ends it at once.
    """
    received: list[int] = []

    def interrupt(number: int, frame: object) -> None:
        received.append(number)
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield received
        return
    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


# Commands


def run(command: typer.Typer, program: str) -> int:
    """Run a command line; errors become one line on standard error. Returns the exit status."""
    with _streams(), _terminable() as received:
        status = _run(command, program)
        return TERMINATED if received and status == INTERRUPTED else status


def _run(command: typer.Typer, program: str) -> int:
    try:
        status = command(standalone_mode=False, prog_name=program)
        if status == INTERRUPTED:
            say(f"{program}: stopped")
    except KeyboardInterrupt:  # while the command line was being read
        say(f"{program}: stopped")
        return INTERRUPTED
    except typer.Abort:
        say(f"{program}: stopped")
        return 1
    except COMMAND_LINE_ERROR as error:
        say(f"{program}: {' '.join(error.format_message().split())} (see --help)")  # type: ignore[attr-defined]
        return 2
    except UsageError as error:
        say(f"{program}: {error}")
        return 2
    except QualiclipError as error:
        say(f"{program}: {error}")
        return 1
    except OSError as error:
        say(f"{program}: {error.filename or 'file'}: {error.strerror or error}")
        return 1
    return status if isinstance(status, int) else 0
