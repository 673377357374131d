"""The endpoints, through gradio_client, against a real server."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from PIL import Image

import qualiclip
from explain.maps.heatmaps import METHODS
from qualiclip.degradations import DEGRADATIONS, degrade
from qualiclip.pictures import as_image, image_to_picture
from tests.browser.raw import ask, connect, named_file
from tests.surroundings import PATIENCE
from ui.smoke import main as smoke

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "assets" / "examples"
CAT = EXAMPLES / "cat.png"


@pytest.fixture(scope="module")
def client(server, tmp_path_factory):
    return connect(server.url, download_files=tmp_path_factory.mktemp("downloads"))


def pixels(path):
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB")).copy()


def test_only_these_endpoints_are_named(client):
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {
        "/score",
        "/degrade",
        "/explain",
        "/sweep",
        "/compare",
        "/models",
    }


@pytest.mark.parametrize("name", ["cat.png", "rocket.jpg", "clock.png"])
def test_score_is_the_librarys(client, name):
    report = client.predict(handle_file(EXAMPLES / name), api_name="/score")
    expected = qualiclip.load("compact").score(EXAMPLES / name)
    assert report["score"] == pytest.approx(expected.score, abs=1e-6)
    assert [part["value"] for part in report["parts"]] == pytest.approx(
        [part.value for part in expected.parts], abs=1e-6
    )
    numbers = {"path": None, "score": 0, "pairs": 0, "parts": 0}
    assert {**report, **numbers} == {**json.loads(json.dumps(expected.to_dict())), **numbers}


def test_degrade_gives_the_librarys_picture_without_loss(client, seeded):
    path = client.predict(handle_file(CAT), "white_noise", 3, 9, api_name="/degrade")
    expected = degrade(as_image(CAT), "white_noise", level=3, generator=seeded(9))
    assert np.array_equal(pixels(path), np.asarray(image_to_picture(expected)))


def test_explain_gives_a_picture_and_words(client):
    path, words = client.predict(handle_file(CAT), method="gradcam", target="bad", opacity=0.5, api_name="/explain")
    assert pixels(path).shape == np.asarray(image_to_picture(as_image(CAT))).shape
    assert "negative prompts" in words
    assert Path(path).name == "image.png"  # written by `ui.outputs`, not by Gradio


def test_endpoints_are_typed(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    types = {p["parameter_name"]: p["type"].get("enum") for p in endpoints["/degrade"]["parameters"]}
    assert types["name"] == list(DEGRADATIONS)
    types = {p["parameter_name"]: p["type"].get("enum") for p in endpoints["/explain"]["parameters"]}
    assert types["method"] == list(METHODS)
    (models,) = (p for p in endpoints["/compare"]["parameters"] if p["parameter_name"] == "models")
    assert models["type"]["items"]["enum"] == ["compact", "compact-untrained"]


def test_models_says_what_is_served(client):
    model, twin = client.predict(api_name="/models")
    assert (model["name"], twin["name"]) == ("compact", "compact-untrained")
    assert model["weights_sha256"] == qualiclip.load("compact").checkpoint.sha256
    assert "never trained" in twin["description"]


def test_compare_gives_a_report_for_each_model(client):
    reports = client.predict(handle_file(CAT), api_name="/compare")
    assert [report["model"] for report in reports] == ["compact", "compact-untrained"]
    assert reports[0] == client.predict(handle_file(CAT), api_name="/score")
    (only,) = client.predict(handle_file(CAT), ["compact-untrained"], api_name="/compare")
    assert only == reports[1]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("text.png", b"no picture at all", "not a picture in a known format"),
        ("empty.png", b"", "empty"),
        ("cut.png", CAT.read_bytes()[:20000], "damaged or cut off"),
    ],
)
def test_bad_file_gives_one_readable_line_and_the_server_goes_on(client, tmp_path, name, content, message):
    bad = tmp_path / name
    bad.write_bytes(content)
    with pytest.raises(AppError, match=message):
        client.predict(handle_file(bad), api_name="/score")
    assert client.predict(handle_file(CAT), api_name="/score")["score"] > 0


def test_server_has_its_own_pixel_limit(client, tmp_path):
    large = tmp_path / "large.png"
    Image.new("RGB", (2000, 1500)).save(large)
    with pytest.raises(AppError, match=r"3\.0 megapixels, the limit is 2"):
        client.predict(handle_file(large), api_name="/score")


def test_a_file_of_the_server_is_not_read(server):
    """A visitor may name uploaded files only; gradio_client would upload, so the request is made by hand."""
    answer = ask(server, "score", named_file(EXAMPLES / "../README.md"), "compact")
    assert "event: error" in answer
    assert "format" not in answer  # our loader never saw it


def test_nothing_is_fetched_for_a_visitor(server):
    """Not even from this machine: the address is that of a picture which the server itself serves."""
    for address in (f"{server.url}/gradio_api/file=cat.png", "https://127.0.0.1/a.png"):
        answer = ask(server, "score", named_file(address), "compact")
        assert "event: error" in answer
        assert "this server fetches nothing from the web" in answer


def test_missing_values_are_refused_in_words(server):
    answer = ask(server, "degrade", None, "jpeg", 1, None)
    assert "no picture was given" in answer
    answer = ask(server, "degrade", None, "jpeg", None, 0)
    assert "event: error" in answer
    assert "level must be a number in [0, 5]" in answer


def test_several_visitors_at_once_get_the_serial_answers(server, client):
    paths = sorted(EXAMPLES.iterdir())[:6]
    expected = [client.predict(handle_file(path), api_name="/score")["score"] for path in paths]

    def visit(path):
        visitor = connect(server.url)
        picture, _ = visitor.predict(handle_file(path), method="gradcam", api_name="/explain")
        assert picture
        return visitor.predict(handle_file(path), api_name="/score")["score"]

    with ThreadPoolExecutor(len(paths)) as pool:
        assert list(pool.map(visit, paths)) == expected


def test_smoke_check_tells_a_healthy_studio_from_none(server, capsys):
    assert smoke([server.url]) == 0
    assert capsys.readouterr().out.startswith("ok: model compact")
    assert smoke(["http://127.0.0.1:9"]) == 1
    assert capsys.readouterr().err.startswith("not healthy: ")
    assert smoke([]) == 2
    assert capsys.readouterr().err == "usage: python -m ui.smoke URL\n"


def test_taken_port_is_one_line(server):
    command = [sys.executable, "app.py", "--port", str(server.port)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 1
    expected = f"app.py: can't serve at port {server.port} of 127.0.0.1: it is in use; try --port"
    assert done.stderr.strip() == expected


def test_reports_are_plain_json(client):
    report = client.predict(handle_file(CAT), api_name="/score")
    assert json.loads(json.dumps(report)) == report
