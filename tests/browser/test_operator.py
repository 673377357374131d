"""What an operator sets when the studio is started: the engine, how long files are kept, who may show it in a frame."""

import io
import json
import socket
import time

import pytest
from PIL import Image

from tests.browser.conftest import Server
from tests.browser.raw import ask, connect, named_file, upload
from tests.surroundings import PATIENCE

KEEP = ("--keep-minutes", "0.2")  # long enough to find the files before they go, on a slow machine too


@pytest.fixture(scope="module")
def operated(stranger):
    running = Server("--engine", "eager", *KEEP, environment={"QUALICLIP_FRAME_ANCESTORS": stranger.origin})
    yield running
    running.stop()


def test_engine_of_the_command_line_is_the_one_that_scores(operated):
    model, *_ = connect(operated.url).predict(api_name="/models")
    assert (model["engine"], model["precision"]) == ("eager", "fp32")


def small_picture():
    stream = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(stream, "PNG")
    return stream.getvalue()


def files(folder):
    return {path for path in folder.rglob("*") if path.is_file()}


def wait_until(true, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.2)


def test_temporary_files_go_and_examples_stay(operated):
    """Uploads, results, broken uploads and their folders are deleted; what the page itself shows is not."""
    folder, before = operated.folder, files(operated.folder)
    (path,) = json.loads(upload(operated, "a.png", small_picture())[1])
    assert "complete" in ask(operated, "degrade", named_file(path), "jpeg", 2, 0)
    with socket.create_connection(("127.0.0.1", operated.port)) as connection:
        connection.sendall(
            b"POST /gradio_api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
            b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\nxxxx'
        )
        wait_until(lambda: len(files(folder)) == len(before) + 3)
    wait_until(lambda: files(folder) == before)
    wait_until(lambda: {path.parent for path in before} >= {p for p in folder.iterdir() if p.is_dir()})
    answer = ask(operated, "score", named_file(path), "compact")
    assert "no such file" in answer


def text_in_a_frame(page, stranger, server):
    """The text of the studio in a frame on a page of another origin, None if the browser refuses to show it."""
    page.goto(f"{stranger.origin}/frame?{server.url}")
    (frame,) = page.frames[1:]
    shown = "chrome-error" not in frame.url
    if shown:
        frame.wait_for_selector("#scores [data-score]")
    return frame.inner_text("body") if shown else None


@pytest.mark.browser
def test_frames_are_for_hugging_face_and_whom_the_operator_names(server, operated, stranger, wide_page):
    assert text_in_a_frame(wide_page, stranger, server) is None
    assert "Privacy." in text_in_a_frame(wide_page, stranger, operated)


def test_no_file_is_left_when_it_stops(operated):
    folder = operated.folder
    assert folder.exists()
    operated.process.terminate()
    assert operated.process.wait(PATIENCE) == 0
    assert not folder.exists()
