"""Every library that is imported is named in the requirements, and every named one has a tested version."""

import ast
import json
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
OURS = {"app", "assets", "explain", "qualiclip", "tests", "train", "ui"}
SPACES = "spaces"  # Hugging Face's own machines bring it along; elsewhere it does nothing


def names(file):
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {canonicalize_name(Requirement(line).name) for line in lines if line and line[0] not in "#-"}


def extras():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    table = text.split("[project.optional-dependencies]\n")[1].split("\n[")[0]  # Python 3.10 has no tomllib
    lines = [line for row in table.splitlines() if row for line in ast.literal_eval(row.split("=", 1)[1].strip())]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def sources(*folders):
    """Programs below the folders that git knows, as text; of a notebook its cells, without lines for the notebook."""
    done = subprocess.run(["git", "ls-files", "-z", *folders], cwd=ROOT, capture_output=True, text=True, check=True)
    for path in (ROOT / name for name in done.stdout.split("\0") if name):
        if path.suffix == ".py" and path.is_file():
            yield path.read_text(encoding="utf-8")
        elif path.suffix == ".ipynb":
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            yield from (
                re.sub(r"^[%!].*$", "", "".join(cell["source"]), flags=re.M)
                for cell in cells
                if cell["cell_type"] == "code"
            )


def imported(*folders):
    """Top packages that are not Python's and not ours."""
    found = set()
    for text in sources(*folders):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.split(".")[0])
    return found - OURS - set(sys.stdlib_module_names)


def unnamed(packages, allowed):
    """Those of the packages that no named distribution brings."""
    known = packages_distributions()
    return {
        package for package in packages if not {canonicalize_name(name) for name in known.get(package, ())} & allowed
    }


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_every_imported_library_is_named():
    product = imported("qualiclip", "explain", "train", "ui", "app.py", "assets")
    assert {"torch", "numpy", "typer"} <= product
    assert not unnamed(product, names("requirements.txt") | extras()) - {SPACES}
    rest = imported("tests", "notebooks", "docs")
    assert {"pytest", "torch"} <= rest
    assert not unnamed(rest, names("requirements.txt") | names("requirements-dev.txt"))


def test_tests_have_every_extra_and_every_named_library_has_a_tested_version():
    assert extras() <= names("requirements-dev.txt")
    assert names("requirements.txt") | names("requirements-dev.txt") <= names("constraints.txt")
