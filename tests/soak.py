"""`python -m tests.soak`: a real studio under mixed load, and what it has kept at the end.

Good pictures, garbage, pixel bombs, uploads over the limit, jobs that are cancelled, and clients that hang up in the
middle: from several threads, for half an hour. After a warm-up that fills the caches, and again at the end, the load
stops and memory, threads, open files and temporary files are counted. Ends with 1 if memory grew by more than a tenth,
or a thread, an open file or a temporary file is left.
"""

import argparse
import io
import json
import random
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple, dataclass

import numpy as np
import psutil
from PIL import Image

from qualiclip.degradations import DEGRADATIONS
from tests.browser.conftest import Server
from tests.browser.raw import ask, fetch, named_file, post_json, upload

MODEL = "compact"
KEEP_MINUTES = 1.0
GROWTH = 1.10
SLACK = 2  # threads and sockets that come and go by themselves


@dataclass(frozen=True)
class Sample:
    """What a server holds."""

    minute: float
    memory: float  # MB
    threads: int
    descriptors: int
    files: int


class Load:
    """Visitors of one server, good and bad."""

    def __init__(self, server: Server, workers: int) -> None:
        self.server = server
        self.done: Counter[str] = Counter()
        self.surprises: list[str] = []
        self._threads = [threading.Thread(target=self._work, args=(seed,)) for seed in range(workers)]
        self._stop, self._pause = threading.Event(), threading.Event()

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def quiet(self, sampling: Callable[[], Sample], seconds: float) -> Sample:
        """A sample after some time without load."""
        self._pause.set()
        time.sleep(seconds)
        sample = sampling()
        self._pause.clear()
        return sample

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, seed: int) -> None:
        source = random.Random(seed)
        actions = [good, good, good, good, garbage, bomb, cancelled, hang_up, broken_upload, page, oversized]
        while not self._stop.is_set():
            if self._pause.is_set():
                time.sleep(0.2)
                continue
            action = source.choice(actions)
            try:
                action(self.server, source)
            except (OSError, ValueError) as error:
                self.surprises.append(f"{action.__name__}: {type(error).__name__}: {error}")
            self.done[action.__name__] += 1


def picture(source: random.Random, side: int = 0) -> bytes:
    """A PNG that no one has sent before."""
    width, height = (side, side) if side else (source.randint(64, 1200), source.randint(64, 900))
    values = np.random.default_rng(source.getrandbits(32)).integers(0, 255, (height // 8 + 1, width // 8 + 1, 3), "u1")
    stream = io.BytesIO()
    Image.fromarray(values).resize((width, height)).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def sent(server: Server, content: bytes, name: str = "a.png") -> dict[str, object]:
    """The upload of a file, as an argument."""
    (path,) = json.loads(upload(server, name, content)[1])
    return named_file(path)


def require(answer: str, text: str) -> None:
    """Check that a text is in an answer."""
    if text not in answer:
        raise ValueError(f"expected {text!r} in {answer[:200]!r}")


def good(server: Server, source: random.Random) -> None:
    """A visit in which one photo is scored, degraded and explained."""
    photo = sent(server, picture(source))
    require(ask(server, "score", photo, MODEL), "event: complete")
    for _ in range(3):
        name = source.choice(list(DEGRADATIONS))
        require(ask(server, "degrade", photo, name, source.uniform(0, 5), 0), "event: complete")
    require(ask(server, "explain", photo, "gradcam", "bad", "viridis", 0.7, MODEL), "event: complete")
    if source.random() < 0.1:
        require(ask(server, "sweep", photo, ["jpeg", "darken"], 128, 0, MODEL), "event: complete")
        require(ask(server, "compare", photo, []), "event: complete")


def garbage(server: Server, source: random.Random) -> None:
    """Bytes that are no picture, and half of a picture."""
    require(ask(server, "score", sent(server, source.randbytes(20_000)), MODEL), "not a picture")
    whole = picture(source)
    require(ask(server, "score", sent(server, whole[: len(whole) // 2]), MODEL), "event: error")


def bomb(server: Server, source: random.Random) -> None:
    """Many pixels in few bytes."""
    stream = io.BytesIO()
    Image.new("L", (9000, 9000 - source.randint(0, 99))).save(stream, "PNG")
    require(ask(server, "score", sent(server, stream.getvalue()), MODEL), "megapixels, the limit is")


def cancelled(server: Server, source: random.Random) -> None:
    """A job that nobody wants any more, and one whose answer nobody fetches."""
    photo = sent(server, picture(source))
    for cancel in (True, False):
        _, _, body = post_json(f"{server.url}/gradio_api/call/score", {"data": [photo, MODEL]})
        event = json.loads(body)["event_id"]
        if cancel:
            wish = {"event_id": event, "session_hash": event, "fn_index": 0}
            post_json(f"{server.url}/gradio_api/cancel", wish)


def hang_up(server: Server, source: random.Random) -> None:
    """Clients that ask for an answer and are gone before it comes."""
    photo = sent(server, picture(source))
    _, _, body = post_json(
        f"{server.url}/gradio_api/call/explain", {"data": [photo, "gradcam", "bad", "magma", 1, MODEL]}
    )
    event = json.loads(body)["event_id"]
    for path in (
        f"/gradio_api/call/explain/{event}",
        "/gradio_api/heartbeat/x",
        f"/gradio_api/queue/data?session_hash={event}",
    ):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            time.sleep(source.uniform(0, 0.3))


def broken_upload(server: Server, source: random.Random) -> None:
    """An upload that breaks off."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            b"POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
            b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n' + source.randbytes(10_000)
        )
        time.sleep(source.uniform(0, 0.3))


def oversized(server: Server, source: random.Random) -> None:
    """One byte more than a file may have; rarely, for it is much to send."""
    if source.random() < 0.1:
        with suppress(OSError):  # the server may hang up before it has been told all
            upload(server, "large.bin", bytes(40 * 1024**2 + 1))


def page(server: Server, source: random.Random) -> None:
    """The page, its settings and its description, and what is not there."""
    for path in ("/", "/config", "/gradio_api/info", f"/nothing/{source.random()}"):
        fetch(server.url + path)


def sampler(server: Server, start: float) -> Callable[[], Sample]:
    process = psutil.Process(server.process.pid)

    def sample() -> Sample:
        files = sum(path.is_file() for path in server.folder.rglob("*"))
        memory = process.memory_info().rss / 1e6
        return Sample((time.monotonic() - start) / 60, memory, process.num_threads(), process.num_fds(), files)

    return sample


def show(sample: Sample, note: str = "") -> None:
    minute, memory, *counts = astuple(sample)
    print(f"| {minute:.1f} | {memory:.0f} | {' | '.join(map(str, counts))} | {note} |", flush=True)


def verdict(start: Sample, end: Sample, files: int) -> list[str]:
    """What is wrong at the end; nothing, if all is well."""
    complaints = {
        f"memory grew from {start.memory:.0f} to {end.memory:.0f} MB": end.memory > GROWTH * start.memory,
        f"threads: {start.threads}, then {end.threads}": end.threads > start.threads + SLACK,
        f"open files: {start.descriptors}, then {end.descriptors}": end.descriptors > start.descriptors + SLACK,
        f"temporary files: {files} before, {end.files} after": end.files > files,
    }
    return [text for text, wrong in complaints.items() if wrong]


def main() -> int:
    """Print the table; 1 if something grew or was left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--workers", type=int, default=6)
    options = parser.parse_args()
    server = Server("--models", MODEL, "--keep-minutes", str(KEEP_MINUTES))
    sample = sampler(server, time.monotonic())
    load = Load(server, options.workers)
    settle = 60 * 2 * KEEP_MINUTES  # after that every temporary file has gone
    try:
        print("| minute | memory, MB | threads | open files | temporary files | |\n|---|---|---|---|---|---|")
        first = sample()
        show(first, "before")
        load.start()
        warm = None
        while (now := sample().minute) < options.minutes:
            time.sleep(min(60.0, 60 * (options.minutes - now) + 0.1))
            show(sample(), "under load")
            if warm is None and sample().minute >= options.minutes / 4:
                warm = load.quiet(sample, settle)
                show(warm, "quiet, after the warm-up")
        load.stop()
        time.sleep(settle)
        end = sample()
        show(end, "quiet, at the end")
    finally:
        load.stop()
        server.stop()
    print(
        f"\n{sum(load.done.values())} visits: {', '.join(f'{count} {name}' for name, count in load.done.most_common())}"
    )
    complaints = [*verdict(warm or first, end, first.files), *load.surprises[:20]]
    complaints += ["files left after the end"] if server.folder.exists() else []
    print("\n".join(complaints) or "nothing grew, nothing is left")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
