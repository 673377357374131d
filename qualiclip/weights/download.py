"""Getting files of weights. The only module that touches the network."""

import os
import socket
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, getproxies, proxy_bypass, urlopen

from filelock import FileLock
from tqdm import tqdm

from qualiclip.errors import WeightsError

from .files import HUB, RemoteFile, find, torch_folder

PATIENCE = 3.0  # seconds to wait for an answer from a host


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
    target = torch_folder() / "checkpoints" / file.name
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
