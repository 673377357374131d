"""The house rules that a program can check: who imports whom, and that importing does nothing."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("qualiclip", "explain", "train", "ui")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))] + [ROOT / "app.py"]
ALLOWED = {
    "qualiclip": set(),
    "explain": {"qualiclip"},
    "train": {"qualiclip"},
    "ui": {"qualiclip", "explain"},
    "app": {"qualiclip", "ui"},
}
# Only these import the packages on the right; everyone else may not.
RESERVED = {
    "gradio": {"ui", "app"},
    "gradio_client": {"ui"},
    "matplotlib": {"explain", "ui", "train"},
    "requests": set(),
    "httpx": set(),
}
NETWORK = {"urllib", "urllib.request", "socket", "huggingface_hub"}  # only qualiclip/weights.py
ENTRY_POINTS = {"qualiclip/cli.py", "qualiclip/figure_commands.py", "qualiclip/__main__.py"}
LIBRARY_ONLY = {"losses.py", "metrics.py"}  # and degradations/: nothing of ours but errors


def imports(path):
    """(top package, full name, relative level) of every import of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0], node.module or "", node.level


def name_of(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_arrows_point_one_way(path):
    package = path.relative_to(ROOT).parts[0].removesuffix(".py")
    absolute = {top for top, _, level in imports(path) if not level}
    ours = absolute & {*PACKAGES, "app", "tests"} - {package}
    if name_of(path) in ENTRY_POINTS:
        ours -= {"explain", "train"}
    assert ours <= ALLOWED[package]
    assert not {top for top in absolute if package not in RESERVED.get(top, {package})}
    if name_of(path) != "qualiclip/weights.py":
        assert not {full for _, full, level in imports(path) if not level} & NETWORK


@pytest.mark.parametrize("path", [p for p in FILES if name_of(p) not in ENTRY_POINTS], ids=name_of)
def test_entry_points_are_not_imported(path):
    assert not any(
        full in ("qualiclip.cli", "cli", "qualiclip.figure_commands", "figure_commands") for _, full, _ in imports(path)
    )


@pytest.mark.parametrize(
    "path", [p for p in FILES if p.parent.name == "degradations" or p.name in LIBRARY_ONLY], ids=name_of
)
def test_library_parts_know_nothing_else_of_ours(path):
    outside = {full for _, full, level in imports(path) if level == (2 if path.parent.name == "degradations" else 1)}
    assert outside <= {"errors"}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_has_one_subject(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_global_seeds_are_banned(path):
    text = path.read_text(encoding="utf-8")
    allowed = 1 if name_of(path) == "train/models.py" else 0  # initial weights, inside fork_rng
    assert len(re.findall(r"(?:torch|np\.random|random)\.(?:manual_seed|seed)\(", text)) <= allowed


def test_importing_the_core_loads_no_browser_no_plots_and_no_model_library():
    """Degradations can be used without the rest; nothing heavy is loaded by importing the package."""
    code = (
        "import sys, qualiclip, qualiclip.degradations, qualiclip.losses;"
        "heavy = {'gradio', 'matplotlib', 'open_clip', 'pytorch_grad_cam'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def tracked_files():
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    return [ROOT / name for name in done.stdout.decode().split("\0") if name]


def test_no_path_of_a_machine_stands_in_the_repository():
    pattern = re.compile(rb"/(?:home|root|work|Users)/[a-z]")
    texts = {".py", ".md", ".toml", ".txt", ".css", ".json", ""}
    found = [
        path.name
        for path in tracked_files()
        if path.suffix in texts and path != Path(__file__) and path.is_file() and pattern.search(path.read_bytes())
    ]
    assert not found


def test_every_example_photo_has_its_licence_written_down():
    readme = (ROOT / "assets" / "README.md").read_text(encoding="utf-8")
    files = sorted((ROOT / "assets" / "examples").iterdir())
    assert len(files) >= 6
    for file in files:
        (row,) = [line for line in readme.splitlines() if line.startswith(f"| `{file.name}`")]
        assert re.search(r"CC0|Public domain", row)
