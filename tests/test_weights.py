"""The registry, finding and downloading files: from a real server, with real interruptions."""

import http.server
import json
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import ClassVar

import pytest
import torch

from qualiclip.errors import UsageError, WeightsError
from qualiclip.weights.download import answers, fetch
from qualiclip.weights.files import RemoteFile, check_sha256, file_sha256, find, torch_folder
from qualiclip.weights.loading import load_checkpoint
from qualiclip.weights.registry import REGISTRY, resolve_model
from tests.clip_files import TINY, TINY_TEXT, official_state
from tests.surroundings import PATIENCE

CONTENT = bytes(range(256)) * 8192  # 2 MiB


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT, with ranges unless `ranges` is false; breaks off after `limit` bytes."""

    ranges = True
    limit = len(CONTENT)
    asked: ClassVar[list] = []

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.asked.append(wanted)
        if self.path != "/model.pth":
            self.send_error(404)
            return
        start = int(re.search(r"\d+", wanted)[0]) if wanted and self.ranges else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start : self.limit])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    handler = type("OwnHandler", (Handler,), {"asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as own:
        threading.Thread(target=own.serve_forever, daemon=True).start()
        handler.address = f"http://127.0.0.1:{own.server_port}"
        yield handler
        own.shutdown()


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """Caches of this test's own, and nothing from the environment."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    for name in ("QUALICLIP_WEIGHTS", "QUALICLIP_MODEL", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


def downloaded(tmp_path):
    return tmp_path / "torch" / "hub" / "checkpoints" / "model.pth"


def test_a_file_is_downloaded_once_into_torchs_cache(server, tmp_path, capsys):
    file = RemoteFile("model.pth", url=f"{server.address}/model.pth")
    assert fetch(file) == downloaded(tmp_path)
    assert downloaded(tmp_path).read_bytes() == CONTENT
    assert "model.pth: 100%" in capsys.readouterr().err
    fetch(file)
    assert server.asked == [None]


def test_a_download_goes_on_where_it_broke_off(server, tmp_path):
    file = RemoteFile("model.pth", url=f"{server.address}/model.pth")
    server.limit = 700_000
    with pytest.raises(WeightsError, match=r"model\.pth can't be downloaded \(127\.0\.0\.1: .*broke off"):
        fetch(file)
    assert not downloaded(tmp_path).exists()  # no half file under the name of the whole
    server.limit = len(CONTENT)
    assert fetch(file).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=700000-"]


def test_a_server_without_ranges_starts_anew(server, tmp_path):
    server.ranges = False
    target = downloaded(tmp_path)
    target.parent.mkdir(parents=True)
    target.with_name("model.pth.partial").write_bytes(b"something else")
    assert fetch(RemoteFile("model.pth", url=f"{server.address}/model.pth")).read_bytes() == CONTENT


def test_a_failure_tells_why_and_how_to_do_it_by_hand(server):
    file = RemoteFile("other.pth", url=f"{server.address}/other.pth")
    with pytest.raises(WeightsError, match=r"can't be downloaded \(127\.0\.0\.1: .*404.*\); get it by hand from http"):
        fetch(file)


def test_two_at_once_download_one_after_the_other(server, tmp_path):
    file = RemoteFile("model.pth", url=f"{server.address}/model.pth")
    threads = [threading.Thread(target=fetch, args=(file,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.asked == [None]
    assert downloaded(tmp_path).read_bytes() == CONTENT


def run_code(code):
    """Standard error of a process of its own, where sockets are not blocked as they are in the tests."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.stderr.strip()


@pytest.mark.parametrize("name", ["qualiclip", "clip-rn50", "qualiclip+-spaq"])
def test_without_a_network_the_message_says_what_to_do(name):
    no_network = "import socket; socket.getaddrinfo = lambda *a, **k: (_ for _ in ()).throw(OSError('no network'))"
    message = run_code(
        f"{no_network}\nfrom qualiclip.weights.download import fetch\nfrom qualiclip.weights.registry import REGISTRY\n"
        f"fetch(REGISTRY[{name!r}].file)"
    ).splitlines()[-1]
    assert "does not answer" in message
    assert "by hand from https://" in message
    assert "QUALICLIP_WEIGHTS" in message


def test_a_network_that_swallows_everything_is_given_up_soon():
    code = """
import socket, time
from qualiclip.weights.download import fetch
from qualiclip.weights.files import RemoteFile
socket.create_connection = lambda *arguments, **options: time.sleep(600)
start = time.monotonic()
try:
    fetch(RemoteFile("a", url="https://some.host/a"))
finally:
    assert time.monotonic() - start < 60
"""
    assert "some.host does not answer" in run_code(code).splitlines()[-1]


@pytest.mark.parametrize("form", ["http://127.0.0.1:{}", "127.0.0.1:{}"])
def test_behind_a_proxy_it_is_the_proxy_that_must_answer(server, monkeypatch, form):
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("https_proxy", form.format(server.address.rpartition(":")[2]))
    assert answers("https://nowhere.invalid/a.pth")


def test_offline_means_offline(server, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsError, match=r"HF_HUB_OFFLINE is set; get it by hand from http.*QUALICLIP_WEIGHTS"):
        fetch(RemoteFile("model.pth", url=f"{server.address}/model.pth"))
    assert server.asked == []


@pytest.mark.parametrize("name", ["model.pth", "Model-Copy.pth"])
def test_a_folder_of_ones_own_comes_first(tmp_path, monkeypatch, name):
    monkeypatch.setenv("QUALICLIP_WEIGHTS", str(tmp_path))
    (tmp_path / name).write_bytes(b"mine")
    assert fetch(RemoteFile("model.pth", hub=("some/repository", "Model-Copy.pth"))) == tmp_path / name


@pytest.mark.parametrize("folder", ["checkpoints", "pyiqa"])
def test_files_of_other_programs_are_found(tmp_path, folder):
    path = tmp_path / "torch" / "hub" / folder / "QualiCLIP.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"theirs")
    assert REGISTRY["qualiclip"].path == path


def test_a_file_in_the_cache_of_the_hub_is_found(tmp_path, monkeypatch):
    file = RemoteFile("model.pth", hub=("some/repository", "Copy.pth"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert find(file) is None
    repository = tmp_path / "models--some--repository"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("abc")
    assert find(file) is None
    path = repository / "snapshots" / "abc" / "Copy.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"theirs")
    assert find(file) == path


@pytest.mark.parametrize(
    ("home", "cache"), [("/somewhere", "/cache"), ("~/torch", None), (None, "/cache"), (None, "~/c"), (None, None)]
)
def test_torchs_folder_is_known_without_torch(monkeypatch, home, cache):
    for name, value in (("TORCH_HOME", home), ("XDG_CACHE_HOME", cache)):
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    expected = Path(torch.hub.get_dir())
    assert torch_folder() == expected
    with monkeypatch.context() as patch:
        patch.delitem(sys.modules, "torch")
        assert torch_folder() == expected


def test_a_folder_that_a_program_gave_torch_counts(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    torch.hub.set_dir(tmp_path)
    assert torch_folder() == tmp_path


def test_the_first_hash_is_written_down_and_checked_ever_after(tmp_path, monkeypatch):
    monkeypatch.setenv("QUALICLIP_WEIGHTS", str(tmp_path))
    path = tmp_path / "qualiclip.pth"
    torch.save(official_state(TINY, TINY_TEXT, seed=0), path)
    first = load_checkpoint("qualiclip").sha256
    notes = tmp_path / "cache" / "qualiclip-studio" / "sha256.json"
    assert json.loads(notes.read_text()) == {"qualiclip.pth": first}
    assert load_checkpoint("qualiclip").sha256 == first
    torch.save(official_state(TINY, TINY_TEXT, seed=1), path)
    with pytest.raises(WeightsError, match=rf"SHA-256 {file_sha256(path)[:12]}… where {first[:12]}… is expected"):
        load_checkpoint("qualiclip")


def test_a_known_hash_is_checked(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"a")
    assert check_sha256(RemoteFile("a", sha256=file_sha256(path)), path) == file_sha256(path)
    with pytest.raises(WeightsError, match="SHA-256"):
        check_sha256(RemoteFile("a", sha256="0" * 64), path)


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(UsageError, match="unknown model 'compct'; did you mean compact"):
        load_checkpoint("compct")


def test_auto_is_the_environments_choice_else_qualiclip_if_here_else_compact(monkeypatch, tiny_checkpoint, tmp_path):
    assert resolve_model("auto") == "compact"
    monkeypatch.setenv("QUALICLIP_WEIGHTS", str(tmp_path))
    (tmp_path / "qualiclip.pth").write_bytes(b"anything")
    assert resolve_model("auto") == "qualiclip"
    monkeypatch.setenv("QUALICLIP_MODEL", "")
    assert resolve_model("auto") == "qualiclip"
    monkeypatch.setenv("QUALICLIP_MODEL", str(tiny_checkpoint))
    assert resolve_model("auto") == str(tiny_checkpoint)


def test_every_model_says_where_it_is_from_and_under_which_licence():
    assert list(REGISTRY) == [
        *("compact", "qualiclip", "qualiclip+", "qualiclip+-clive", "qualiclip+-flive", "qualiclip+-spaq", "clip-rn50")
    ]
    for entry in REGISTRY.values():
        assert all([entry.description, entry.origin, entry.licence, entry.citation])
        if isinstance(entry.file, RemoteFile):
            assert all(address.startswith("https://") for address in entry.file.addresses)
        assert entry.base is None or entry.base in REGISTRY


def training_runs(training: dict) -> list[dict]:
    """The runs whose average, or whose continuation, a checkpoint is: its history goes back file by file."""
    if "recipe" in training:
        return [training]
    before = training.get("average_of") or [training["started_from"]]
    return [run for file in before for run in training_runs(file["training"])]


def test_embedded_model_is_small_enough_and_says_how_it_was_trained():
    checkpoint = load_checkpoint("compact")
    path = REGISTRY["compact"].path
    assert path.stat().st_size <= 16 * 1024**2
    assert checkpoint.sha256 == file_sha256(path)
    runs = training_runs(checkpoint.training)
    assert len(runs) == 4, "an average of four runs"
    for run in runs:
        assert {"recipe", "photos", "held_out"} <= set(run)
