"""A path → an open file in which one can go back; pipes and standard input are read to their end first."""

import io
import os
import select
import stat
import sys
from collections.abc import Callable
from typing import BinaryIO

from qualiclip.errors import InputError, one_line

STANDARD_INPUT = "-"
MOST_PIPED_BYTES = 2**30  # they are kept in memory; the largest picture within the limits needs less, uncompressed
PATIENCE = 5.0  # seconds for somebody to begin writing into a named pipe

_OPEN_PROBLEMS: dict[type[Exception], str] = {
    FileNotFoundError: "no such file; check the path",
    IsADirectoryError: "a folder, not a picture; name a file in it",
    PermissionError: "no permission to read it; change its permissions or copy it",
}
_NO_FILES: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, _OPEN_PROBLEMS[IsADirectoryError]),
    (stat.S_ISCHR, "a device, not a picture; name a file"),
    (stat.S_ISBLK, "a device, not a picture; name a file"),
    (stat.S_ISSOCK, "a socket, not a picture; name a file"),
)


def name_of(source: str | os.PathLike[str] | bytes) -> str:
    """What errors call a source: its last part, in one line."""
    if isinstance(source, bytes):
        return "picture"
    return one_line(os.path.basename(os.fsdecode(source).rstrip("/"))) or "picture"


def open_stream(name: str, source: str | os.PathLike[str] | bytes) -> BinaryIO:
    """The bytes of a file, of a pipe or, for `-`, of standard input.

    Raises:
        InputError: if there is nothing to be read.
    """
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        return _standard_input(name) if os.fsdecode(source) == STANDARD_INPUT else _open(name, source)
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        reason = getattr(error, "strerror", None)
        other = f"can't be opened{f' ({reason})' if reason else ''}; check the path"
        raise InputError(f"{name}: {_OPEN_PROBLEMS.get(type(error), other)}") from error


def _open(name: str, path: str | os.PathLike[str]) -> BinaryIO:
    mode = os.stat(path).st_mode
    problem = next((text for is_so, text in _NO_FILES if is_so(mode)), None)
    if problem:
        raise InputError(f"{name}: {problem}")
    return _open_pipe(name, path) if stat.S_ISFIFO(mode) else open(path, "rb")


def _standard_input(name: str) -> BinaryIO:
    # Closed when Python began (None), number 0 may be any other file by now; a device is a terminal or /dev/null.
    if sys.stdin is None or stat.S_ISCHR(os.fstat(0).st_mode):
        raise InputError(f"{name}: nothing is piped into standard input; pipe a picture into it, or name a file")
    with open(0, "rb", closefd=False) as file:
        return _read_all(name, file)


def _open_pipe(name: str, path: str | os.PathLike[str]) -> BinaryIO:
    # Not blocking: open() would wait for a writer for ever.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as file:
        waiting = select.poll()
        waiting.register(file, select.POLLIN)
        waiting.poll(1000 * PATIENCE)
        begin = file.read(1)  # empty: nobody has it open for writing; None: somebody has, but writes nothing yet
        if begin == b"":
            raise InputError(f"{name}: a pipe into which nobody writes; start the writer, or name a file")
        os.set_blocking(file.fileno(), True)
        return _read_all(name, file, begin or b"")


def _read_all(name: str, file: io.RawIOBase | BinaryIO, begin: bytes = b"") -> BinaryIO:
    """What is left in a file, in memory; refused when it does not end."""
    stream = io.BytesIO()
    stream.write(begin)
    while part := file.read(2**20):
        stream.write(part)
        if stream.tell() > MOST_PIPED_BYTES:
            limit = MOST_PIPED_BYTES / 2**20
            raise InputError(f"{name}: more than {limit:g} MB came through this pipe; name a file instead")
    stream.seek(0)
    return stream
