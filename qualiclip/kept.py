"""Files kept to save time, in a folder of our own: what can be made again, and notes.

Each carries a checksum over its name and content, appears whole or not at all, and is made anew where it is damaged.
Where nothing can be written, nothing is kept: that costs time, never a result.
"""

import hashlib
import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

FORMAT = b"qualiclip-kept-1"
CHECK = ".check"  # suffix of the checksum of notes, which are plain JSON


def kept(path: Path, make: Callable[[], bytes]) -> bytes:
    """What `make` gives, kept in a file whose name says all that it depends on.

    A file written by another process at the same time is as good as ours.
    """
    content = _read(path)
    if content is None:
        content = make()
        _write(path, _checksum(path, content), content)
    return content


def first_noted(path: Path, name: str, value: str) -> str:
    """The value that was noted first under a name; this one where there is none yet, or notes can't be written."""
    if name in (known := _notes(path)):
        return known[name]
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            known = {name: value, **_notes(path)}  # another process may have been here
            content = json.dumps(known, indent=2).encode()
            _write(path, content)
            _write(path.with_suffix(CHECK), _checksum(path, content))
    return known.get(name, value)


def _checksum(path: Path, content: bytes) -> bytes:
    digest = hashlib.sha256(FORMAT + path.name.encode() + b"\0")
    digest.update(content)
    return digest.digest()


def _read(path: Path) -> bytes | None:
    """The content of a file, None where it is missing or damaged."""
    try:
        with path.open("rb") as file:
            checksum, content = file.read(hashlib.sha256().digest_size), file.read()
    except OSError:
        return None
    return content if checksum == _checksum(path, content) else None


def _write(path: Path, *contents: bytes) -> None:
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with unfinished.open("xb") as file:
                file.writelines(contents)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def _notes(path: Path) -> dict[str, str]:
    """Notes by name; none where they are missing or damaged. Those of earlier versions have no checksum."""
    try:
        content, check = path.read_bytes(), path.with_suffix(CHECK)
        notes = json.loads(content)
        right = not check.is_file() or check.read_bytes() == _checksum(path, content)
    except (OSError, ValueError):
        return {}
    strings = isinstance(notes, dict) and all(isinstance(value, str) for value in notes.values())
    return notes if right and strings else {}
