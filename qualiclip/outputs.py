"""What a command writes: never over what it reads, looked at before anything dear is computed, whole or not at all."""

import os
import stat
import unicodedata
import uuid
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from .errors import InputError, UsageError

# Of figures, as explain/files.py writes them; not imported from there: that would load matplotlib to refuse a name.
FIGURE_ENDINGS = (".png", ".svg", ".pdf")


def shown(path: str | os.PathLike[str]) -> str:
    """A path in one line, whatever letters it has."""
    return "".join(letter if letter.isprintable() else "?" for letter in os.fspath(path))


# Checks


def check_outputs(outputs: Iterable[Path | None], inputs: Iterable[Path] = (), *, folder: Path | None = None) -> None:
    """Refuse outputs that would be written over an input or over each other, and those that can't be written at all.

    An output that is None was not asked for. `folder` is one that the command makes, where it is not there yet.

    Raises:
        UsageError: if an output is also an input, or another output.
        InputError: if a file can't be written there: no such folder, no permission, or a folder of that name.
    """
    wanted = [output for output in outputs if output is not None]
    if folder is not None:
        check_folder(folder)
    if folder is None or folder.exists():
        for output in wanted:
            _check_place(output)
    check_distinct(wanted, inputs)


def check_distinct(outputs: Iterable[Path | None], inputs: Iterable[Path]) -> None:
    """Refuse outputs that would be written over an input or over each other, wherever they are.

    Files are compared by what they are: links, other ways to them and other spellings count as the same. Standard
    output counts, too, where it goes into a file.

    Raises:
        UsageError: if an output is also an input, or another output.
    """
    read = {identity: path for path in inputs if (identity := _identity(path, reading=True)) is not None}
    printed = _printed()
    if printed in read:
        raise UsageError(f"standard output goes into {shown(read[printed])}, which is read; send it to another file")
    written: set[Hashable] = set()
    for output in (output for output in outputs if output is not None):
        identity = _identity(output)
        if identity in read:
            raise UsageError(f"{shown(output)} is read, so it can't be written, too; choose another name or folder")
        if identity in written:
            raise UsageError(f"{shown(output)} would be written twice; choose another name for one of the two")
        written |= {identity} - {None}


def check_folder(folder: Path) -> None:
    """Refuse a folder for results that can't be made or written to; nothing is made yet.

    Raises:
        InputError: if a file is in its way, or there is no permission.
    """
    place = Path(os.path.abspath(folder))
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise InputError(f"{shown(folder)}: {shown(place)} is a file, not a folder; choose another folder")
    if not os.access(place, os.W_OK | os.X_OK):
        raise InputError(f"{shown(folder)}: no permission to write into {shown(place)}; choose another folder")


def check_new_folder(folder: Path) -> None:
    """Refuse a folder for results that has something in it already, or can't be made; nothing is made yet.

    Raises:
        UsageError: if it is not empty.
        InputError: if it can't be made.
    """
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{shown(folder)} is not an empty folder; give the name of a new one")
    check_folder(folder)


def _check_place(output: Path) -> None:
    """Refuse a file that can't be opened for writing, without opening it."""
    try:
        mode = os.stat(output).st_mode
    except FileNotFoundError:
        # Of a link to a file that is not there yet, where that would be; else as it is written: none/.. is no folder.
        place = (Path(os.path.realpath(output)) if os.path.islink(output) else output).parent
        if not place.is_dir():
            raise InputError(
                f"{shown(output)}: No such file or directory; make the folder {shown(place)} first"
            ) from None
        usable = os.access(place, os.W_OK | os.X_OK)
    except (OSError, ValueError) as error:
        raise InputError(f"{shown(output)}: {getattr(error, 'strerror', error)}; choose another name") from error
    else:
        if stat.S_ISDIR(mode):
            raise InputError(f"{shown(output)}: a folder, not a file; give the name of a file in it")
        usable = os.access(output, os.W_OK)
    if not usable:
        raise InputError(f"{shown(output)}: no permission to write it; choose another name or folder")


def check_ending(path: Path, endings: Iterable[str], *, what: str) -> None:
    """Refuse a name with another end than these, such as .png; letters may be large or small.

    Raises:
        UsageError: if it has another one.
    """
    known = list(endings)
    if path.suffix.lower() not in known:
        raise UsageError(f"{shown(path)}: {what} must end in {', '.join(known)}")


def check_format(name: str) -> None:
    """Refuse a format of figures that there is not, such as jpg.

    Raises:
        UsageError: if it is none of `FIGURE_ENDINGS`.
    """
    if f".{name.lower()}" not in FIGURE_ENDINGS:
        raise UsageError(f"format {shown(name)}: a figure's name must end in {', '.join(FIGURE_ENDINGS)}")


def _identity(path: Path, *, reading: bool = False) -> Hashable:
    """Equal for two paths to one file, whether it is there or not; None for what is no file, as a device."""
    try:
        found = os.fstat(0) if reading and str(path) == "-" else os.stat(path)
    except (OSError, ValueError):
        return _place_and_name(path)
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def _place_and_name(path: Path) -> Hashable:
    """Of a file that is not there: its folder, and its name in a form that is one for all that may be the same."""
    place, name = os.path.split(os.path.realpath(path))
    try:
        found = os.stat(place)
        folder: Hashable = (found.st_dev, found.st_ino)
    except OSError:
        folder = os.path.normcase(place)
    return folder, unicodedata.normalize("NFC", name).casefold()


def _printed() -> Hashable:
    """The file that standard output goes into, None if it goes elsewhere."""
    try:
        found = os.fstat(1)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


# Writing


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Errors of the system, of a full disk say, name this file."""
    try:
        yield
    except OSError as error:
        error.filename = os.fspath(path)
        raise


@contextmanager
def row_file(path: Path) -> Iterator[TextIO]:
    """A file for a table in UTF-8 that is written row by row, so that a run that breaks off keeps what it had."""
    with naming(path):
        file = path.open("w", newline="", encoding="utf-8", errors="backslashreplace")  # whatever a file is called
    try:
        yield file
    finally:
        with naming(path):
            file.close()


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to: in the end it takes its place, so half a file never replaces a good one.

    A device, or a file in a folder that takes no other, is written itself. Who may read it is decided by the file that
    was there, or by the umask: some libraries make files for their owner alone.

    Raises:
        OSError: if it can't be written; its `filename` is `path`.
    """
    target = Path(os.path.realpath(path))  # a link stays one
    draft = target.with_name(f".{uuid.uuid4().hex}.partial") if _replaceable(target) else target
    try:
        with naming(path):
            if draft == target:
                yield draft
                return
            draft.touch()
            mode = stat.S_IMODE((target if target.exists() else draft).stat().st_mode)
            yield draft
            draft.chmod(mode)
            os.replace(draft, target)
    finally:
        if draft != target:
            draft.unlink(missing_ok=True)


def _replaceable(target: Path) -> bool:
    if target.exists() and not (target.is_file() and os.access(target, os.W_OK)):
        return False
    return os.access(target.parent, os.W_OK | os.X_OK)


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all."""
    with whole_file(path) as draft:
        draft.write_text(text, encoding="utf-8", errors="backslashreplace")  # whatever a file in it is called
