"""What stands in front of Gradio, and what cleans up behind it, without a server."""

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ui.files.limits import MB, RequestLimits
from ui.files.tidy import delete_old, folder_size
from ui.server.shield import Shield


async def echo(scope, receive, send):
    """Reads the whole body and says how long it is."""
    length, more = 0, True
    while more:
        message = await receive()
        length, more = length + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(length).encode()})


def call(folder, path, body=b"", *, limits, announced=None):
    """Status and text of the answer to a POST request in pieces of 1000 bytes."""
    pieces = [body[start : start + 1000] for start in range(0, len(body), 1000)] or [b""]
    messages = [{"type": "http.request", "body": piece, "more_body": piece is not pieces[-1]} for piece in pieces]
    headers = [(b"content-length", announced)] if announced else []
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    with ThreadPoolExecutor(1) as pool:  # in this thread a browser's loop may be running
        pool.submit(lambda: asyncio.run(Shield(echo, folder=folder, limits=limits)(scope, receive, send))).result()
    return sent[0]["status"], sent[1]["body"].decode()


@pytest.fixture
def full(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.png").write_bytes(bytes(1000))
    return tmp_path


@pytest.mark.parametrize("announced", [None, b"3000", b"-1", b"many"])
def test_body_over_the_limit_is_refused_whatever_was_announced(tmp_path, announced):
    limits = RequestLimits(other=2000)
    status, _ = call(tmp_path, "/gradio_api/queue/join", bytes(3000), limits=limits, announced=announced)
    assert status == 413


def test_body_within_the_limit_arrives_whole(tmp_path):
    assert call(tmp_path, "/gradio_api/upload", bytes(3000), limits=RequestLimits(other=0)) == (200, "3000")


def test_full_folder_takes_no_uploads_but_answers_else(full):
    limits = RequestLimits(folder=999)
    status, text = call(full, "/gradio_api/upload", b"x", limits=limits)
    assert (status, text) == (507, "the studio holds too many files just now; try again later\n")
    assert call(full, "/gradio_api/queue/join", b"x", limits=limits)[0] == 200
    assert call(full, "/gradio_api/upload", b"x", limits=RequestLimits(folder=1000))[0] == 200


def test_default_limits_hold_a_lecture_hall():
    limits = RequestLimits()
    assert limits.of("/gradio_api/upload") == 400 * MB
    assert limits.of("/") == MB


def test_old_files_and_empty_folders_go_and_what_is_kept_stays(full):
    (full / "kept.png").write_bytes(b"x")
    (full / "empty").mkdir()
    assert folder_size(full) == 1001
    delete_old(full, seconds=60, keep=set())
    assert folder_size(full) == 1001
    time.sleep(0.01)
    delete_old(full, seconds=0, keep={str(full / "kept.png")})
    assert os.listdir(full) == ["kept.png"]
