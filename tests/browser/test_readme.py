"""The README's examples, run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL))
def test_python_examples_run(code, server, tmp_path):
    (tmp_path / "assets").symlink_to(ROOT / "assets")
    code = code.replace("http://127.0.0.1:7860", server.url)
    command, environment = [sys.executable, "-c", code], {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"0\.\d+", done.stdout)


@pytest.mark.parametrize("line", re.findall(r"^(qualiclip .*)$", README, flags=re.MULTILINE))
def test_command_lines_run(line, tmp_path):
    cat = (ROOT / "assets" / "examples" / "cat.png").read_bytes()
    (tmp_path / "holiday").mkdir()
    for name in ("photo.jpg", "worse.png", "holiday/a.png"):
        (tmp_path / name).write_bytes(cat)
    command = [sys.executable, "-m", *line.split()]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_pictures_and_links_of_the_readme_exist():
    targets = re.findall(r"\]\(((?!https?:)[^)#]+)\)", README)
    assert targets
    assert not [target for target in targets if not (ROOT / target).exists()]
