"""The example photos that ship with the project; `assets/README.md` has their origin and licences."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "examples"


@dataclass(frozen=True)
class Example:
    """An example photo and its name for people."""

    path: Path
    label: str


def list_examples() -> list[Example]:
    """All example photos; the first one is shown when the studio opens."""
    names = {
        "cat.png": "Cat",
        "astronaut.png": "Portrait",
        "lake.png": "Landscape",
        "coffee.png": "Coffee",
        "osprey.jpg": "Bird",
        "tulips.png": "Tulips",
        "dandelion.png": "Backlight",
        "rocket.jpg": "Dusk",
        "clock.png": "Motion blur",
        "handwriting.png": "Handwriting",
    }
    return [Example(FOLDER / name, label) for name, label in names.items()]
