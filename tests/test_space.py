"""The folder for a Hugging Face Space: what is in it, and that the studio runs from it alone."""

import os
import re
import subprocess
import sys
import sysconfig
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from itertools import takewhile

import pytest
import yaml
from packaging.requirements import Requirement

from qualiclip.errors import UsageError
from tests.browser.conftest import ROOT, Server
from tests.browser.raw import connect
from tests.commands import run_here
from tests.surroundings import PATIENCE
from ui.publish.space import app, build_space, front_matter, preloaded, space_requirements, without_dangling_links
from ui.server.zerogpu import announce

# What the reference allows: https://huggingface.co/docs/hub/spaces-config-reference
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
KEYS = {
    *(
        "title",
        "emoji",
        "colorFrom",
        "colorTo",
        "sdk",
        "sdk_version",
        "python_version",
        "app_file",
        "models",
        "datasets",
    ),
    *("suggested_hardware", "tags", "license", "thumbnail", "short_description", "pinned", "fullWidth", "header"),
    *("base_path", "disable_embedding", "startup_duration_timeout", "custom_headers", "preload_from_hub"),
}
ZEROGPU_PYTHONS = {"3.10", "3.10.13", "3.12", "3.12.12"}
ZEROGPU_TORCHES = ("2.8.0", "2.9.1", "2.10.0", "2.11.0")
SHORT = 60  # letters that the hub allows
# -S: without the .pth files of the environment, one of which may lead to the repository.
ALONE = (sys.executable, "-S")
APP = ("-S", "app.py")
INSTALLED = {
    "PYTHONPATH": sysconfig.get_paths()["purelib"],
    "PYTHONDONTWRITEBYTECODE": "1",
    "no_proxy": "127.0.0.2",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("space")
    build_space(out)
    return out


class Listener(BaseHTTPRequestHandler):
    """Stands where ZeroGPU's device service would be, and notes what it is asked."""

    def do_POST(self):
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def device_service():
    with HTTPServer(("127.0.0.1", 0), Listener) as service:
        service.asked = []
        thread = threading.Thread(target=service.serve_forever)
        thread.start()
        yield service
        service.shutdown()
        thread.join()


def run_alone(folder, *arguments):
    command = [*ALONE, *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **INSTALLED},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def check_settings(settings):
    """The values that gradio and static Spaces have in common."""
    assert set(settings) <= KEYS
    assert {settings["colorFrom"], settings["colorTo"]} <= COLOURS
    assert not re.search(r"[\w\s]", settings["emoji"])
    assert len(settings["short_description"]) <= SHORT
    assert settings["license"] == "apache-2.0"
    assert all(isinstance(tag, str) for tag in settings.get("tags", []))


def test_the_front_matter_is_what_spaces_accept(folder):
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert text.startswith(f"---\n{front_matter((ROOT / 'README.md').read_text(encoding='utf-8'))}---\n\n# ")
    settings = yaml.safe_load(front_matter(text))
    check_settings(settings)
    assert settings["sdk"] == "gradio"
    assert f"gradio=={settings['sdk_version']}\n" in (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert settings["python_version"] in ZEROGPU_PYTHONS
    assert settings["suggested_hardware"] in {"cpu-basic", "cpu-upgrade", "zero-a10g"}
    assert (folder / settings["app_file"]).is_file()


def test_weights_are_preloaded_from_where_the_studio_looks_for_them(tmp_path):
    build_space(tmp_path, models=["qualiclip", "clip-rn50", "qualiclip+"])
    settings = yaml.safe_load(front_matter((tmp_path / "README.md").read_text(encoding="utf-8")))
    assert set(settings) <= KEYS
    assert settings["models"] == ["chaofengc/IQA-PyTorch-Weights", "timm/resnet50_clip.openai"]
    files = ["QualiCLIP.pth", "open_clip_model.safetensors", "QualiCLIP+_koniq.pth"]
    repositories = [settings["models"][0], settings["models"][1], settings["models"][0]]
    expected = [f"{repository} {file}" for repository, file in zip(repositories, files, strict=True)]
    assert settings["preload_from_hub"] == expected


def test_nothing_is_preloaded_for_the_model_that_is_in_the_folder():
    assert preloaded(["compact"]) == ""
    with pytest.raises(UsageError, match="did you mean qualiclip"):
        preloaded(["qualicilp"])


def test_only_what_a_space_needs_is_in_the_folder(folder):
    names = {path.name for path in folder.iterdir()}
    assert names == {"app.py", "assets", "explain", "LICENSE", "qualiclip", "README.md", "requirements.txt", "ui"}
    assert (folder / "assets" / "weights" / "compact.safetensors").is_file()
    assert (folder / "assets" / "templates" / "parts.html").is_file()
    assert not list(folder.rglob("__pycache__"))
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 50e6


def test_the_requirements_can_be_had_on_zerogpu(folder):
    lines = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    needed = {requirement.name: requirement.specifier for requirement in map(Requirement, lines)}
    assert all(version in needed["torch"] for version in ZEROGPU_TORCHES)
    assert "2.11.1" not in needed["torch"]
    assert not {"accelerate", "openpyxl"} & set(needed)
    settings = yaml.safe_load(front_matter((folder / "README.md").read_text(encoding="utf-8")))
    assert settings["sdk_version"] in needed["gradio"]


def test_requirements_keep_their_order_and_lower_limits():
    lines = ["gradio>=6.31,<7", "torch>=2.8", "accelerate>=1.2", "pillow"]
    assert space_requirements(lines) == ["gradio>=6.31,<7", "torch>=2.8,<=2.11.0", "pillow"]


def test_no_link_dangles(folder):
    pages = list(folder.rglob("*.md"))
    assert len(pages) >= 3
    for page in pages:
        links = re.findall(r"\]\(((?!https?:)[^)#]+)\)", page.read_text(encoding="utf-8"))
        assert not [link for link in links if not (page.parent / link).exists()]


def test_a_dangling_link_is_left_as_its_words(tmp_path):
    (tmp_path / "here.md").touch()
    text = "[a](here.md#part) ![two\nwords](gone.png) [c](docs/gone.md#x) [d](https://example.org) [e](#part)"
    expected = "[a](here.md#part) two\nwords c [d](https://example.org) [e](#part)"
    assert without_dangling_links(text, tmp_path) == expected


def test_a_folder_with_something_in_it_is_refused(tmp_path, capsys):
    (tmp_path / "mine.txt").touch()
    assert run_here(app, "--out", tmp_path) == 2
    assert capsys.readouterr().err == f"program: {tmp_path} is not an empty folder; give the name of a new one\n"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_command_that_pushes_is_printed(tmp_path, capsys):
    out = tmp_path / "new"
    assert run_here(app, "--out", out) == 0
    assert capsys.readouterr().out == f'hf upload YOU/qualiclip-studio {out} . --repo-type space --delete "*"\n'


def test_the_studio_runs_from_the_folder_alone_with_the_models_that_the_environment_names(folder, tiny_checkpoint):
    where = "import ui, importlib.util; print(ui.__file__, importlib.util.find_spec('train'))"
    done = run_alone(folder, "-c", where)
    assert done.stdout.split() == [str(folder / "ui" / "__init__.py"), "None"], done.stderr
    on_a_space = {**INSTALLED, "SYSTEM": "spaces", "SPACE_ID": "you/qualiclip-studio", "HF_HUB_OFFLINE": "1"}
    on_a_space["QUALICLIP_MODELS"] = f"compact,{tiny_checkpoint}"
    server = Server(program=APP, cwd=folder, environment=on_a_space)
    try:  # by an address that only a server on all of them has, for a Space is reached from outside of its container
        done = run_alone(folder, "-m", "ui.smoke", f"http://127.0.0.2:{server.port}")
        names = [model["name"] for model in connect(server.url).predict(api_name="/models")]
    finally:
        server.stop()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ok: model ")
    assert names[:2] == ["compact", tiny_checkpoint.name]  # the untrained twin comes after those that were asked for


@pytest.mark.skipif(find_spec("spaces") is not None, reason="the package spaces is installed")
def test_nothing_is_announced_without_the_package_of_zerogpu():
    assert announce() is False


@pytest.mark.skipif(find_spec("spaces") is None, reason="the package spaces is not installed")
def test_zerogpu_finds_the_function_that_it_looks_for(folder, device_service):
    address = f"http://127.0.0.1:{device_service.server_port}"
    on_zerogpu = {**INSTALLED, "SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": address}
    server = Server(program=APP, cwd=folder, environment=on_zerogpu)
    try:
        done = run_alone(folder, "-m", "ui.smoke", server.url)
    finally:
        server.stop()
    assert done.returncode == 0, done.stderr
    assert device_service.asked == ["/startup-report"]  # at the start, and no GPU for the score


def commands_of_the_page():
    """Each `hf` command of docs/space.md: its words, and the options that it is given."""
    text = (ROOT / "docs" / "space.md").read_text(encoding="utf-8")
    for command in dict.fromkeys(re.findall(r"\bhf ((?:auth|repos|upload|spaces) [^`#\n]*)", text)):
        words = command.split()
        names = takewhile(lambda word: word.islower() and word.isalpha(), words)
        yield " ".join(names), {word for word in words if word.startswith("-")}


@pytest.mark.parametrize(("name", "options"), list(commands_of_the_page()))
def test_commands_of_the_page_exist(name, options):
    hub = [sys.executable, "-m", "huggingface_hub.cli.hf"]
    done = subprocess.run(
        [*hub, *name.split(), "--help"], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    assert options <= set(re.findall(r"--?[a-z][a-z-]*", done.stdout))
