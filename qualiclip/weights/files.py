"""Files of weights: where they may lie on this machine, and whether they are the right ones."""

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from qualiclip.errors import WeightsError
from qualiclip.kept import first_noted

HUB = "https://huggingface.co"


@dataclass(frozen=True)
class RemoteFile:
    """A file of weights: its name here, and its addresses, tried in turn.

    `hub` are repository and file on the Hugging Face hub. Where no SHA-256 is known, that of the first download is
    written down and checked ever after.
    """

    name: str
    url: str | None = None
    hub: tuple[str, str] | None = None
    sha256: str | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where a person can get it."""
        hub = f"{HUB}/{self.hub[0]}/resolve/main/{self.hub[1]}" if self.hub else None
        return tuple(address for address in (self.url, hub) if address)


# Files on this machine


def cache_folder() -> Path:
    """What we keep to save time: hashes of downloads, embeddings of prompts, converted models.

    For a user without a home it is a folder that can't be made: then nothing is kept.
    """
    try:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        caches = Path(os.devnull)
    return caches / "qualiclip-studio"


def torch_folder() -> Path:
    """The folder of torch.hub, by its documented rule: to ask it would import torch, for a list of the models."""
    if "torch" in sys.modules:  # a program may have told it another
        return Path(sys.modules["torch"].hub.get_dir())
    home = os.environ.get("TORCH_HOME", os.path.join(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "torch"))
    return Path(home).expanduser() / "hub"


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def find(file: RemoteFile) -> Path | None:
    """The file in the folder of QUALICLIP_WEIGHTS or in one of the usual caches; None if it is in none of them."""
    names = [file.name, *([file.hub[1]] if file.hub else [])]
    folders = [torch_folder() / "checkpoints", torch_folder() / "pyiqa"]
    if own := os.environ.get("QUALICLIP_WEIGHTS"):
        folders.insert(0, Path(own))
    for path in (folder / name for folder in folders for name in names):
        if path.is_file():
            return path
    return _in_hub_cache(*file.hub) if file.hub else None


def _in_hub_cache(repository: str, name: str) -> Path | None:
    from huggingface_hub.constants import HF_HUB_CACHE

    if not Path(HF_HUB_CACHE, f"models--{repository.replace('/', '--')}").is_dir():
        return None  # before all of the library is imported, which every start would wait for
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(repository, name)
    return Path(cached) if isinstance(cached, str) else None


def check_sha256(file: RemoteFile, path: Path) -> str:
    """SHA-256 of a file that was found, after comparing it with the known or the first one.

    Raises:
        WeightsError: if it is another than the known or the first one.
    """
    digest = file_sha256(path)
    notes = cache_folder() / "sha256.json"
    expected = file.sha256 or first_noted(notes, file.name, digest)
    if digest != expected:
        raise WeightsError(
            f"{path}: SHA-256 {digest[:12]}… where {expected[:12]}… is expected; delete the file and get it again, "
            f"or delete {notes} if the file was changed on purpose"
        )
    return digest
