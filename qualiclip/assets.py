"""Where the files of `assets/` are: beside the code in a checkout, installed as a package elsewhere."""

from importlib.resources import files
from pathlib import Path


def asset(*parts: str) -> Path:
    """The file or folder of `assets/` with these names."""
    return Path(str(files("assets").joinpath(*parts)))
