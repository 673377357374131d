"""The example photos: their files, titles and digests."""

import atexit
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageOps

from qualiclip.assets import asset
from ui.studio.look import file_digest

FOLDER = asset("examples")


@dataclass(frozen=True)
class Example:
    """An example photo; its name is the stem of its file, its title a text of the studio (`example/NAME`)."""

    path: Path


THUMBNAIL = 48  # px

NAMES = (
    *("cat.png", "astronaut.png", "lake.png", "coffee.png", "osprey.jpg"),
    *("tulips.png", "dandelion.png", "rocket.jpg", "clock.png", "handwriting.png"),
)


def list_examples() -> list[Example]:
    """All example photos; the first one is shown when the studio opens."""
    return [Example(FOLDER / name) for name in NAMES]


@lru_cache(maxsize=1)
def _folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="qualiclip-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


@lru_cache(maxsize=64)
def thumbnail(example: Example) -> str:
    """Path of a small square copy, for a button."""
    path = _folder() / f"{example.path.stem}.png"
    with Image.open(example.path) as picture:
        ImageOps.fit(picture.convert("RGB"), (THUMBNAIL, THUMBNAIL)).save(path)
    return str(path)


@lru_cache(maxsize=1)
def _digests(paths: tuple[str, ...]) -> dict[str, str]:
    return {file_digest(path): path for path in paths}


def example_of(photo: str | None, examples: Sequence[Example]) -> Example | None:
    """The example that a file is a copy of, if it is one."""
    return None if photo is None else example_with(file_digest(photo), examples)


def example_with(digest: str, examples: Sequence[Example]) -> Example | None:
    """The example whose file has that digest, if there is one."""
    path = _digests(tuple(str(example.path) for example in examples)).get(digest)
    return next((example for example in examples if str(example.path) == path), None)
