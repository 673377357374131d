"""The tools, called by a real client of the Model Context Protocol."""

import asyncio
import base64
import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import qualiclip
from qualiclip.degradations import degrade
from qualiclip.pictures import as_image, image_to_picture
from tests.browser.conftest import Server
from tests.browser.raw import UPLOADED, upload

mcp = pytest.importorskip("mcp", reason='the package mcp is not installed; `pip install "mcp>=1.21,<2"`')

CAT = Path(__file__).resolve().parents[2] / "assets" / "examples" / "cat.png"


def as_data(content):
    return "data:image/png;base64," + base64.b64encode(content).decode()


@pytest.fixture(scope="module")
def tools_server():
    running = Server("--mcp", "--megapixels", "2")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def use(tools_server):
    """A function that runs another one in a session of a client."""
    from mcp.client.streamable_http import streamable_http_client

    def run(action):
        async def session():
            async with (
                streamable_http_client(f"{tools_server.url}/gradio_api/mcp/") as (read, write, _),
                mcp.ClientSession(read, write) as client,
            ):
                await client.initialize()
                return await action(client)

        with ThreadPoolExecutor(1) as pool:  # in this thread a browser's loop may be running
            return pool.submit(lambda: asyncio.run(session())).result()

    return run


@pytest.fixture(scope="module")
def call(use):
    return lambda tool, **arguments: use(lambda client: client.call_tool(tool, arguments))


def test_tools_are_the_endpoints_and_say_what_they_do(use):
    tools = {tool.name: tool for tool in use(lambda client: client.list_tools()).tools}
    assert {"score", "degrade", "explain", "models"} <= set(tools)
    assert tools["score"].description.startswith("Quality score of a picture, in [0, 1], higher is better")
    assert "nothing is fetched" in tools["score"].description
    assert tools["score"].inputSchema["properties"]["image"]["type"] == "string"
    assert "gaussian_blur" in tools["degrade"].inputSchema["properties"]["name"]["enum"]


def test_picture_that_is_sent_along_gets_the_librarys_score(call):
    result = call("score", image=as_data(CAT.read_bytes()))
    assert not result.isError
    expected = qualiclip.load("compact").score(CAT).score
    assert f"'score': {expected:.5f}"[:16] in result.content[0].text


def test_picture_that_was_uploaded_is_found_again(call, tools_server):
    (path,) = json.loads(upload(tools_server, "cat.png", CAT.read_bytes())[1])
    result = call("score", image=f"{tools_server.url}/gradio_api/file={path}")
    assert not result.isError
    assert "'score': 0." in result.content[0].text


def test_degraded_picture_comes_back_without_loss(call, seeded):
    result = call("degrade", image=as_data(CAT.read_bytes()), name="white_noise", level=3, seed=9)
    with Image.open(io.BytesIO(base64.b64decode(result.content[0].data))) as picture:
        expected = degrade(as_image(CAT), "white_noise", level=3, generator=seeded(9))
        assert np.array_equal(np.asarray(picture), np.asarray(image_to_picture(expected)))


@pytest.mark.parametrize(
    "image",
    [
        str(CAT),
        f"file://{CAT}",
        "https://127.0.0.1/cat.png",
        f"http://127.0.0.1/gradio_api/file={CAT}",
        f"http://127.0.0.1/gradio_api/file=../../../../../../../..{CAT}",
        {"path": str(CAT), "meta": UPLOADED},
        [str(CAT)],
    ],
)
def test_files_of_the_server_and_of_the_web_are_refused(call, image):
    result = call("degrade", image=image, name="jpeg", level=1, seed=0)
    assert result.isError
    text = result.content[0].text
    assert "nothing is fetched" in text or "is not of type 'string'" in text
    assert "Traceback" not in text


def test_bad_picture_is_one_line(call):
    result = call("score", image=as_data(b"no picture"))
    assert result.isError
    assert "not a picture in a known format" in result.content[0].text


def test_limits_hold_for_tools_too(call):
    stream = io.BytesIO()
    Image.new("L", (2000, 1500)).save(stream, "PNG")
    result = call("score", image=as_data(stream.getvalue()))
    assert result.isError
    assert "3.0 megapixels, the limit is 2" in result.content[0].text
