"""The README's examples, run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.surroundings import PATIENCE
from ui.commands.main import main

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL))
def test_python_examples_run(code, server, tmp_path):
    (tmp_path / "assets").symlink_to(ROOT / "assets")
    code = code.replace("http://127.0.0.1:7860", server.url)
    command, environment = [sys.executable, "-c", code], {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"0\.\d+", done.stdout)


def test_command_lines_run_one_after_the_other(tmp_path, monkeypatch):
    cat = (ROOT / "assets" / "examples" / "cat.png").read_bytes()
    (tmp_path / "holiday").mkdir()
    for name in ("photo.jpg", "holiday/a.png"):
        (tmp_path / name).write_bytes(cat)
    monkeypatch.chdir(tmp_path)
    first, *others = re.findall(r"^(qualiclip .*)$", README, flags=re.MULTILINE)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", *first.split()]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    for line in others:
        monkeypatch.setattr(sys, "argv", line.split())
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0, line


def test_pictures_and_links_of_the_readme_exist():
    targets = re.findall(r"\]\(((?!https?:)[^)#]+)\)", README)
    assert targets
    assert not [target for target in targets if not (ROOT / target).exists()]
