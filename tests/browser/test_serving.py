"""What `python app.py` takes, and how it ends."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import app
from tests.browser.conftest import free_port
from tests.signals import disposition
from tests.surroundings import PATIENCE

ROOT = Path(__file__).resolve().parents[2]


def run_app(*arguments, **environment):
    command = [sys.executable, "app.py", *arguments]
    return subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, **environment},
    )


def run_code(code):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--engine", "steam", "unknown engine 'steam'"),
        ("--precision", "fp8", "unknown precision 'fp8'"),
        ("--models", "nothing", "unknown model 'nothing'"),
        ("--keep-minutes", "90", "--keep-minutes 90: expected above 0, at most 50"),
        ("--megapixels", "0", "megapixels 0.0: expected above 0"),
    ],
)
def test_wrong_option_is_one_line_and_status_2(option, value, message, monkeypatch, capsys, tmp_path):
    for name in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED", "no_proxy", "NO_PROXY"):  # which it sets
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr("sys.argv", ["app.py", option, value, "--port", str(free_port())])
    with disposition(signal.SIGTERM, signal.SIG_DFL):
        assert app.main() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"app.py: {message}")


def test_tools_without_their_package_are_one_line():
    """None in the place of a module: Python then says that there is no such package."""
    code = (
        f"import runpy, sys; sys.modules['mcp'] = None; sys.argv = ['app.py', '--mcp', '--port', '{free_port()}'];"
        "runpy.run_path('app.py', run_name='__main__')"
    )
    done = run_code(code)
    assert done.returncode == 2
    assert done.stderr == 'app.py: --mcp needs the package mcp, which is not installed; `pip install "mcp>=1.21,<2"`\n'


def test_every_option_is_in_the_operators_page():
    options = set(re.findall(r"--[a-z-]+", run_app("--help").stdout)) - {"--help"}
    page = (ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
    assert {"--mcp", "--keep-minutes"} < options
    assert options == set(re.findall(r"^\| `(--[a-z-]+)", page, flags=re.MULTILINE))


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http"])
def test_port_that_is_none_is_one_line(port):
    done = run_app("--port", port)
    assert done.returncode == 2
    assert (
        done.stderr.splitlines()[-1] == f"app.py: error: argument --port: expected a port from 1 to 65535, got {port!r}"
    )
