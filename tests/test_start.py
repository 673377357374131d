"""What a command does not need is not imported: a start takes hardly longer than the import of torch."""

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import EXAMPLES

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {
    *("torchvision", "torch._dynamo", "torch._inductor", "sympy", "open_clip", "timm", "accelerate", "sklearn"),
    *("scipy", "pandas", "matplotlib", "pytorch_grad_cam", "cv2", "gradio", "huggingface_hub.file_download", "httpx"),
    *("openvino", "torch.utils.tensorboard", "openpyxl", "rich"),
}
# One after the other in one process: what has been imported stays, so the light ones come first.
LIGHT = (["qualiclip", "--version"], ["qualiclip", "models"], ["train", "--help"], ["explain", "--help"])
SCORE = ["qualiclip", "score", str(EXAMPLES / "cat.png"), "--engine", "fused"]
DEGRADE = ["qualiclip", "degrade", str(EXAMPLES / "cat.png"), "OUT", "--type", "gaussian_blur", "--level", "2"]
PROGRAM = """
import json, runpy, sys
from pathlib import Path

note, commands, heavy = json.loads(sys.argv[1])
loaded = []
for command in commands:
    if command == "torch":
        import torch
        status = 0
    else:
        sys.argv = command
        try:
            runpy.run_module(command[0], run_name="__main__", alter_sys=True)
        except SystemExit as end:
            status = end.code
    loaded.append([status, sorted({*heavy, "torch"} & set(sys.modules))])
Path(note).write_text(json.dumps(loaded))
"""


def test_commands_import_nothing_heavy_that_they_do_not_need(tmp_path):
    commands = [*LIGHT, "torch", SCORE, [str(tmp_path / "a.png") if word == "OUT" else word for word in DEGRADE]]
    arguments = json.dumps([str(tmp_path / "note.json"), commands, sorted(HEAVY)])
    subprocess.run([sys.executable, "-c", PROGRAM, arguments], cwd=ROOT, capture_output=True, check=True)
    loaded = json.loads((tmp_path / "note.json").read_text())
    assert loaded[: len(LIGHT)] == [[0, []]] * len(LIGHT)
    torch, *rest = loaded[len(LIGHT) :]
    assert "torch" in torch[1]
    assert rest == [torch] * 2  # nothing but what torch's own import brings
    assert (tmp_path / "a.png").is_file()
