"""The registry of models, and where their files come from. The only module that touches the network.

A file is looked for in the folder of the environment's QUALICLIP_WEIGHTS, then in the usual caches of the Hugging Face
hub and of torch.hub; only then, and never with HF_HUB_OFFLINE, it is downloaded.
"""

import hashlib
import json
import os
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit
from urllib.request import Request, getproxies, proxy_bypass, urlopen

import torch
from filelock import FileLock
from tqdm import tqdm

from .errors import WeightsError, unknown_name

ASSETS = Path(__file__).resolve().parent.parent / "assets"
PATIENCE = 3.0  # seconds to wait for an answer from a host
HUB = "https://huggingface.co"
PAPER = "Agnolucci, Galteri and Bertini, arXiv 2403.11176"


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


@dataclass(frozen=True)
class RegistryEntry:
    """A model that can be asked for by name; `base` names the model whose encoders it uses, if not its own."""

    description: str
    origin: str
    licence: str
    citation: str
    file: RemoteFile | Path
    scale: float | None = None  # None: as in the file, or the authors' 100
    base: str | None = None

    @property
    def path(self) -> Path | None:
        """The file on this machine, None if it is not here."""
        if isinstance(self.file, Path):
            return self.file
        return find(self.file)


def _learned(dataset: str, title: str) -> RegistryEntry:
    name = f"QualiCLIP+_{dataset}.pth"
    return RegistryEntry(
        description=f"QualiCLIP+: the authors' model with prompts learned from the human scores of {title}",
        origin="pyiqa's copy, Hugging Face hub",
        licence="CC BY-NC 4.0",
        citation=PAPER,
        file=RemoteFile(name, hub=("chaofengc/IQA-PyTorch-Weights", name)),
        scale=50.0,  # it was trained with a temperature of 2
        base="qualiclip",
    )


REGISTRY: Mapping[str, RegistryEntry] = MappingProxyType(
    {
        "compact": RegistryEntry(
            description="our own small model, trained from scratch without human scores and without CLIP",
            origin="this project, assets/weights",
            licence="Apache-2.0",
            citation="QualiCLIP Studio contributors",
            file=ASSETS / "weights" / "compact.safetensors",
        ),
        "qualiclip": RegistryEntry(
            description="the authors' QualiCLIP: CLIP RN50 tuned on degraded photos, without human scores",
            origin="the authors' release, or pyiqa's copy of it",
            licence="CC BY-NC 4.0",
            citation=PAPER,
            file=RemoteFile(
                "qualiclip.pth",
                url="https://github.com/miccunifi/QualiCLIP/releases/download/weights/qualiclip.pth",
                hub=("chaofengc/IQA-PyTorch-Weights", "QualiCLIP.pth"),
            ),
        ),
        "qualiclip+": _learned("koniq", "KonIQ-10k"),
        "qualiclip+-clive": _learned("clive", "LIVE In the Wild"),
        "qualiclip+-flive": _learned("flive", "FLIVE"),
        "qualiclip+-spaq": _learned("spaq", "SPAQ"),
        "clip-rn50": RegistryEntry(
            description="OpenAI's CLIP RN50, untuned, with the same prompts (as CLIP-IQA)",
            origin="open_clip's copy, Hugging Face hub",
            licence="MIT",
            citation="Radford et al., arXiv 2103.00020",
            file=RemoteFile("clip-rn50.safetensors", hub=("timm/resnet50_clip.openai", "open_clip_model.safetensors")),
        ),
    }
)


# Files on this machine


def cache_folder() -> Path:
    """Our own small notes: hashes of downloads, embeddings of prompts."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "qualiclip-studio"


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def find(file: RemoteFile) -> Path | None:
    """The file in the folder of QUALICLIP_WEIGHTS or in one of the usual caches; None if it is in none of them."""
    from huggingface_hub import try_to_load_from_cache

    names = [file.name, *([file.hub[1]] if file.hub else [])]
    folders = [Path(torch.hub.get_dir()) / "checkpoints", Path(torch.hub.get_dir()) / "pyiqa"]
    if own := os.environ.get("QUALICLIP_WEIGHTS"):
        folders.insert(0, Path(own))
    for path in (folder / name for folder in folders for name in names):
        if path.is_file():
            return path
    cached = try_to_load_from_cache(*file.hub) if file.hub else None
    return Path(cached) if isinstance(cached, str) else None


def check_sha256(file: RemoteFile, path: Path) -> str:
    """SHA-256 of a file that was found, after comparing it with the known or the first one.

    Raises:
        WeightsError: if it is another than the known or the first one.
    """
    digest = file_sha256(path)
    notes = cache_folder() / "sha256.json"
    notes.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(notes.with_suffix(".lock")):
        known = json.loads(notes.read_text()) if notes.is_file() else {}
        expected = file.sha256 or known.setdefault(file.name, digest)
        notes.write_text(json.dumps(known, indent=2))
    if digest != expected:
        raise WeightsError(
            f"{path}: SHA-256 {digest[:12]}… where {expected[:12]}… is expected; delete the file and get it again, "
            f"or delete {notes} if the file was changed on purpose"
        )
    return digest


# Downloads


def offline() -> bool:
    """Whether the environment forbids the network."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


def answers(url: str) -> bool:
    """Whether the host of a URL, or the proxy on the way to it, can be reached within `PATIENCE`.

    Looking up its name counts, too.
    """
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if proxy and not proxy_bypass(parts.hostname or ""):
        parts = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    reached = threading.Event()

    def connect() -> None:
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            socket.create_connection((parts.hostname or "", port), timeout=PATIENCE).close()
        except OSError:
            return
        reached.set()

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return reached.is_set()


def download_url(url: str, target: Path) -> None:
    """A file from a web address: goes on where an earlier attempt broke off, and appears whole or not at all.

    Raises:
        OSError: if it can't be had, or the connection breaks off; what came is kept for the next attempt.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".partial")
    with FileLock(f"{target}.lock"):
        if target.is_file():  # by another process meanwhile
            return
        done = unfinished.stat().st_size if unfinished.is_file() else 0
        request = Request(url, headers={"Range": f"bytes={done}-"} if done else {})
        with urlopen(request, timeout=10) as response:
            if response.status != 206:
                done = 0  # the server starts anew
            length = response.headers.get("Content-Length")
            total = done + int(length) if length else None
            with (
                unfinished.open("ab" if done else "wb") as out,
                tqdm(desc=target.name, total=total, initial=done, unit="B", unit_scale=True) as bar,
            ):
                while block := response.read(2**18):
                    bar.update(out.write(block))
        if total is not None and unfinished.stat().st_size != total:
            raise OSError("the connection broke off; the next attempt goes on from there")
        unfinished.replace(target)


def _from_url(file: RemoteFile, url: str) -> Path:
    target = Path(torch.hub.get_dir()) / "checkpoints" / file.name
    download_url(url, target)
    return target


def _from_hub(repository: str, name: str) -> Path:
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(repository, name, etag_timeout=PATIENCE))


def _download(file: RemoteFile) -> Path:
    from huggingface_hub.errors import HfHubHTTPError

    ways: list[tuple[str, Callable[[], Path]]] = []
    if file.url:
        ways.append((file.url, partial(_from_url, file, file.url)))
    if file.hub:
        ways.append((HUB, partial(_from_hub, *file.hub)))
    reasons = []
    for address, get in ways:
        host = urlsplit(address).hostname
        if not answers(address):
            reasons.append(f"{host} does not answer")
            continue
        try:
            return get()
        except (HfHubHTTPError, OSError, ValueError) as error:  # an HTTPError is an OSError
            reasons.append(f"{host}: {' '.join(str(error).split())[:100]}")
    raise WeightsError(f"{file.name} can't be downloaded ({'; '.join(reasons)}); {_by_hand(file)}")


def _by_hand(file: RemoteFile) -> str:
    return (
        f"get it by hand from {' or '.join(file.addresses)} and put it as {file.name} into a folder that the "
        "environment's QUALICLIP_WEIGHTS names"
    )


def fetch(file: RemoteFile) -> Path:
    """The file on this machine, downloaded if need be.

    Raises:
        WeightsError: if it is not here and can't be downloaded; the text says how to get it by hand.
    """
    path = find(file)
    if path is not None:
        return path
    if offline():
        raise WeightsError(f"{file.name} is not on this machine and HF_HUB_OFFLINE is set; {_by_hand(file)}")
    return _download(file)


# Models


def resolve_model(name: str) -> str:
    """A registered name, or the path of a checkpoint; of "auto" the one it stands for.

    "auto" is the environment's QUALICLIP_MODEL if set, else `qualiclip` if its file is here, else `compact`.

    Raises:
        UsageError: if it is neither a known name nor looks like a file.
    """
    if name == "auto":
        here = REGISTRY["qualiclip"].path is not None
        name = os.environ.get("QUALICLIP_MODEL") or ("qualiclip" if here else "compact")
    if name in REGISTRY or Path(name).suffix in {".safetensors", ".pth", ".pt", ".bin"} or Path(name).is_file():
        return name
    raise unknown_name("model", name, REGISTRY)


def fetch_model(name: str) -> tuple[Path, str]:
    """File and SHA-256 of a model given by registered name or path, downloaded if need be.

    Raises:
        UsageError: if the name is unknown.
        WeightsError: if the file can't be had or is not the one it was.
    """
    name = resolve_model(name)
    file = REGISTRY[name].file if name in REGISTRY else Path(name)
    if isinstance(file, RemoteFile):
        path = fetch(file)
        return path, check_sha256(file, path)
    if not file.is_file():
        raise WeightsError(f"{file}: no such file; give the path of a checkpoint")
    return file, file_sha256(file)
