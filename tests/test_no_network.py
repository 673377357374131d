"""The guard that keeps tests from using the network, and what would use it unasked."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.surroundings import PATIENCE

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "assets" / "examples"


def test_connecting_to_another_machine_is_an_error() -> None:
    for address in (("192.0.2.1", 80), ("example.org", 80)):
        with socket.socket() as client, pytest.raises(RuntimeError, match="tests must not use the network"):
            client.connect(address)


def test_connecting_to_this_machine_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


def test_openvino_reports_nothing_to_its_maker(tmp_path: Path) -> None:
    """By itself it counts each import in a folder of the user's home, and tells it and each conversion."""
    code = (
        "import sys, qualiclip; qualiclip.load('compact', engine='openvino').score(sys.argv[1]);"
        "print(sorted(name for name in sys.modules if name.startswith('openvino')))"
    )
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}  # nothing converted
    command = [sys.executable, "-c", code, str(EXAMPLES / "cat.png")]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "'openvino.tools.ovc.telemetry_stub'" in done.stdout
    assert "openvino_telemetry" not in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
