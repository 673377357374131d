"""The notebooks run from top to bottom, offline, and are stored without their results."""

import json
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))
TWO_MINUTES = 120  # s, each
NAMES = [path.stem for path in NOTEBOOKS]
# Every cell runs, on smaller pictures and for fewer steps: what comes out is for those who read it.
LIGHTER = {
    "3_is_the_heatmap_telling_the_truth": {"side=384": "side=128"},
    "4_train_a_toy_ranker": {"steps=220": "steps=12", "save_every=220": "save_every=12"},
}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # of the libraries that run them
def test_a_notebook_runs_from_top_to_bottom(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(path.parent.parent), os.environ.get("PYTHONPATH", ""))))
    source = path.read_text(encoding="utf-8")
    for given, lighter in LIGHTER.get(path.stem, {}).items():
        assert given in source
        source = source.replace(given, lighter)
    notebook = nbformat.reads(source, as_version=4)
    NotebookClient(notebook, timeout=TWO_MINUTES, kernel_name="python3").execute()
    printed = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in printed)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_a_notebook_is_small_and_stored_without_results(path: Path) -> None:
    assert path.stat().st_size < 20_000
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
