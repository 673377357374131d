"""What a stranger can't make the studio do: real requests to a real server."""

import json
import re
import socket
from pathlib import Path

import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from tests.browser.conftest import Server
from tests.browser.raw import UPLOADED, ask, connect, fetch, named_file, post_json, upload
from tests.surroundings import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
CAT = ROOT / "assets" / "examples" / "cat.png"
REST = {
    "score": ("compact",),
    "degrade": ("jpeg", 1, 0),
    "explain": ("gradcam", "bad", "viridis", 0.5, "compact"),
    "sweep": (["jpeg"], 64, 0, "compact"),
    "compare": ([],),
}
NOT_FETCHED = "this server fetches nothing from the web"
NOT_UPLOADED = "this server opens no other"


def bait(path, url):
    """Every way to name a file of the server, or one of the web, in the place of an upload."""
    return [
        ({"path": url, "meta": UPLOADED}, NOT_FETCHED),
        ({"path": url}, NOT_FETCHED),
        ({"path": url.replace("http", "HTTP"), "meta": UPLOADED}, NOT_FETCHED),
        ({"path": None, "url": url, "meta": UPLOADED}, NOT_UPLOADED),
        ({"url": url}, NOT_UPLOADED),
        ({"url": "data:image/png;base64,AAAA"}, NOT_UPLOADED),
        ({"path": path}, NOT_UPLOADED),
        ({"path": path, "meta": {}}, NOT_UPLOADED),
        ({"path": path, "meta": {"_type": "else"}}, NOT_UPLOADED),
        ({"path": path, "meta": UPLOADED}, "event: error"),
        ({"path": path, "is_stream": True, "meta": UPLOADED}, "event: error"),
        ({"path": f"file://{path}", "meta": UPLOADED}, "event: error"),
        (path, "event: error"),
    ]


@pytest.mark.parametrize("endpoint", REST)
def test_no_file_of_the_server_and_none_of_the_web_is_read(server, lure, endpoint):
    for picture, expected in bait(str(CAT), lure.url):
        answer = ask(server, endpoint, picture, *REST[endpoint])
        assert "event: error" in answer, picture
        assert expected in answer, picture
        assert "Traceback" not in answer
    assert not lure.visits


@pytest.fixture(scope="module")
def album():
    running = Server(program=("-m", "tests.browser.album"))
    yield running
    running.stop()


def test_lists_of_files_are_looked_through_too(album, lure):
    for picture, _ in bait(str(CAT), lure.url):
        if not isinstance(picture, dict):
            continue
        nested = {
            "gallery": [{"image": picture, "caption": None}],
            "files": [picture],
            "editor": {"background": picture, "layers": [picture], "composite": None},
            "pair": [picture, None],
            "photo": picture,
        }
        for endpoint, value in nested.items():
            assert "event: error" in ask(album, endpoint, value), (endpoint, picture)
    assert not lure.visits


def test_uploads_pass_where_others_do_not(album):
    (path,) = json.loads(upload(album, "cat.png", CAT.read_bytes())[1])
    values = {
        "gallery": [{"image": named_file(path), "caption": "a cat"}],
        "files": [named_file(path), named_file(path)],
        "photo": named_file(path),
    }
    for endpoint, value in values.items():
        assert "opened True" in ask(album, endpoint, value)


@pytest.mark.parametrize("endpoint", REST)
def test_pixels_are_counted_before_they_are_decoded(server, tmp_path, endpoint):
    """A PNG of 60 megapixels in 60 KB, the server's limit is 2: the answer comes at once and says why."""
    bomb = tmp_path / "bomb.png"
    Image.new("L", (10_000, 6_000)).save(bomb)
    assert bomb.stat().st_size < 100_000
    client = connect(server.url)
    with pytest.raises(AppError, match=r"60\.0 megapixels, the limit is 2"):
        client.predict(handle_file(bomb), *REST[endpoint], api_name=f"/{endpoint}")


@pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/info", "/theme.css", "/nothing", "/gradio_api/proxy=x"])
def test_every_answer_has_the_headers(server, path):
    _, headers, _ = fetch(server.url + path)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == "'self'"
    assert policy["object-src"] == "'none'"
    assert "https://huggingface.co" in policy["frame-ancestors"]
    assert headers["X-Frame-Options"] is None  # a Space is shown in a frame


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/proxy=https://huggingface.co/",
        "/gradio_api/file=LURE",
        "/gradio_api/file=https://huggingface.co/",
        "/gradio_api/file/LURE",
        "/monitoring",
        "/monitoring/summary",
        "/gradio_api/run-history/buckets",
        "/gradio_api/runs",
        "/gradio_api/deep_link?session_hash=x",
        "/gradio_api/custom_component/x/client/component/index.js",
        "/gradio_api/stream/x/1/1/playlist.m3u8",
        "/gradio_api/vibe-code",
        "/gradio_api/token",
    ],
)
def test_doors_without_use_are_shut(server, lure, path):
    status, _, body = fetch(server.url + path.replace("LURE", lure.url))
    assert (status, body) == (404, b"not here\n")
    assert not lure.visits


@pytest.mark.parametrize(
    "path",
    [CAT, ROOT / "app.py", "/etc/passwd", "../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "assets/examples/cat.png"],
)
def test_files_of_the_server_are_not_given_out(server, path):
    assert fetch(f"{server.url}/gradio_api/file={path}")[0] in (403, 404)


def test_queue_is_the_only_way_in(server):
    """Direct requests would run beside the queue, and "one at a time" would hold no more."""
    assert post_json(f"{server.url}/gradio_api/run/models", {"data": []})[0] == 404
    assert post_json(f"{server.url}/gradio_api/api/models", {"data": []})[0] == 404


def test_names_of_uploads_can_not_leave_the_folder(server):
    for name in ("../../escape.png", "..\\\\escape.png", "/etc/escape.png", "a/../../escape.png"):
        status, answer = upload(server, name, b"x")
        assert status == 200
        (path,) = json.loads(answer)
        assert Path(path).name.endswith("escape.png")
        assert Path(path).parent.parent == server.folder


def announce(server, path, length):
    """The answer to a request whose body has not come yet."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        connection.settimeout(PATIENCE)
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def test_large_uploads_are_refused_unread_and_leave_nothing(server):
    before = set(server.folder.rglob("*"))
    status, answer = upload(server, "large.png", bytes(41 * 1024**2))
    assert (status, "maximum allowed size" in answer) == (413, True)
    assert "too large: a request may bring 400 MB here" in announce(server, "/gradio_api/upload", 500 * 1024**2)
    assert "too large: a request may bring 1 MB here" in announce(server, "/gradio_api/call/score", 2 * 1024**2)
    assert set(server.folder.rglob("*")) == before


def test_length_that_is_not_announced_is_counted(server):
    """A body in chunks, of any size: read to the limit, no further."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"POST /gradio_api/queue/join HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        for _ in range(20):
            connection.sendall(chunk)
        assert re.match(rb"HTTP/1.1 4(00|13)", connection.recv(100))


def test_nonsense_gives_no_traceback(server):
    requests = [
        ("/gradio_api/queue/join", b"{"),
        ("/gradio_api/queue/join", b"[]"),
        ("/gradio_api/queue/join", b'{"data": [], "fn_index": 99999, "session_hash": "x"}'),
        ("/gradio_api/call/nothing", b'{"data": []}'),
        ("/gradio_api/call/score", b'{"data": [{"path": {}}]}'),
        ("/gradio_api/component_server", b'{"data": 1, "component_id": 99999, "session_hash": "x", "fn_name": "a"}'),
        ("/gradio_api/cancel", b"{}"),
        ("/gradio_api/upload", b"no form"),
    ]
    for path, body in requests:
        status, _, answer = fetch(server.url + path, body, Content_Type="application/json")
        assert status >= 200
        for word in (b"Traceback", b".py", str(ROOT).encode()):
            assert word not in answer
    assert connect(server.url).predict(api_name="/models")
