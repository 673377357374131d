"""What the Batch tab is sent: files and zip archives, read one by one within limits and never unpacked to a disk."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from qualiclip.errors import InputError
from qualiclip.pictures import PICTURE_SUFFIXES, is_junk
from ui.texts import say

from .limits import (
    ALWAYS_ALLOWED_BYTES,
    MOST_BYTES,
    MOST_FILE_BYTES,
    MOST_LISTING_BYTES,
    MOST_PICTURES,
    MOST_RATIO,
)

STEP_BYTES = 2**16
ENCRYPTED = 0x1  # bit of a member's flags
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others can't be unpacked in small steps
ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
NAME_LENGTH = 120  # letters shown
# What Python's reader raises on cut or altered archives; it has no common class.
DAMAGED: tuple[type[Exception], ...] = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError, IndexError),
)


@dataclass(frozen=True)
class Upload:
    """A file that a visitor uploaded, and what the visitor calls it."""

    path: Path
    name: str


@dataclass(frozen=True)
class Entry:
    """A picture to be: its name as the visitor or the archive gives it, and how to get its bytes."""

    name: str
    read: Callable[[], bytes]  # raises InputError


@dataclass(frozen=True)
class Intake:
    """The pictures of a batch; how many files in archives are none, and how many pictures are too many."""

    entries: tuple[Entry, ...]
    skipped: int = 0
    left_out: int = 0


class _Archive(io.BufferedReader):
    """A file that gives no more at once than a table of contents may have."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MOST_LISTING_BYTES:
            raise InputError(say("intake/listing"))
        return super().read(size)


def display_name(name: str) -> str:
    """A name in one line of moderate length, without letters that can't be seen or that turn the text around."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in name)
    if len(clean) <= NAME_LENGTH:
        return clean
    half = NAME_LENGTH // 2
    return f"{clean[:half]}…{clean[-half:]}"


def base_name(name: str) -> str:
    """The last part of a name, fit to be shown."""
    return display_name(name.rsplit("/", 1)[-1])


def megabytes(count: int) -> str:
    """A number of bytes in words."""
    return f"{count / 2**20:g} MB"


@contextmanager
def open_uploads(uploads: Sequence[Upload]) -> Iterator[Intake]:
    """The pictures among uploaded files, and in the zip archives among them; archives stay open meanwhile.

    A file or member that can't be used is an entry whose `read` says why.
    """
    with ExitStack() as stack:
        entries: list[Entry] = []
        skipped = 0
        for upload in uploads:
            found, others = _entries(upload, stack)
            entries += found
            skipped += others
        yield Intake(tuple(entries[:MOST_PICTURES]), skipped, max(0, len(entries) - MOST_PICTURES))


def contents(entries: Sequence[Entry]) -> Iterator[bytes | InputError]:
    """The bytes of each entry, or why there are none; no more than `MOST_BYTES` in all."""
    left = MOST_BYTES
    for entry in entries:
        try:
            data = entry.read()
            if len(data) > left:
                raise InputError(say("intake/all", limit=megabytes(MOST_BYTES)))
            left -= len(data)
            yield data
        except InputError as error:
            yield error


def _entries(upload: Upload, stack: ExitStack) -> tuple[list[Entry], int]:
    """The entries of one upload, and the number of files in it that are no pictures."""
    try:
        if not _is_archive(upload):
            return [Entry(upload.name, partial(_read_file, upload.path))], 0
        archive = stack.enter_context(zipfile.ZipFile(stack.enter_context(_Archive(io.FileIO(upload.path)))))
    except InputError as error:
        return [_refused(upload.name, error)], 0
    except FileNotFoundError:
        return [_refused(upload.name, InputError(say("intake/gone")))], 0
    except DAMAGED:
        return [_refused(upload.name, InputError(say("intake/damaged")))], 0
    files = [member for member in archive.infolist() if not member.is_dir()]
    pictures = [member for member in files if _counts(member)]
    if not pictures:
        return [_refused(upload.name, InputError(say("intake/no-picture")))], len(files)
    entries = [Entry(f"{upload.name}/{member.filename}", partial(_read_member, archive, member)) for member in pictures]
    return entries, len(files) - len(pictures)


def _is_archive(upload: Upload) -> bool:
    with upload.path.open("rb") as file:
        return file.read(4) in ZIP_STARTS or upload.name.lower().endswith(".zip")


def _counts(member: zipfile.ZipInfo) -> bool:
    """Whether a member is a picture by its name, or an archive; the rest is what systems and cameras add."""
    path = PurePosixPath(member.filename.replace("\\", "/"))  # some archives of Windows have those
    return not is_junk(path) and path.suffix.lower() in {*PICTURE_SUFFIXES, ".zip"}


def _refused(name: str, error: InputError) -> Entry:
    def read() -> bytes:
        raise error

    return Entry(name, read)


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return _read_capped(file)
    except FileNotFoundError as error:
        raise InputError(say("intake/gone")) from error


def _read_capped(file: IO[bytes]) -> bytes:
    """All bytes of a file, counted as they come: what a header says of the size may be a lie."""
    parts: list[bytes] = []
    left = MOST_FILE_BYTES
    while part := file.read(STEP_BYTES):
        left -= len(part)
        if left < 0:
            raise InputError(say("intake/large", limit=megabytes(MOST_FILE_BYTES)))
        parts.append(part)
    return b"".join(parts)


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.filename.lower().endswith(".zip"):
        raise InputError(say("intake/nested"))
    if member.flag_bits & ENCRYPTED:
        raise InputError(say("intake/encrypted"))
    if member.compress_type not in PACKINGS:
        raise InputError(say("intake/packing"))
    if member.file_size > max(MOST_RATIO * member.compress_size, ALWAYS_ALLOWED_BYTES):
        raise InputError(say("intake/ratio", limit=MOST_RATIO))
    try:
        with archive.open(member) as file:
            return _read_capped(file)
    except DAMAGED as error:
        raise InputError(say("intake/member")) from error
