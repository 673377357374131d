"""What several test files share: seeds, a photo, a tiny model, one thread, and no network."""

# ruff: noqa: E402 -- libraries look at their surroundings when they are imported
from tests import surroundings

surroundings.settle()

import ipaddress
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock
from torch import Generator, Tensor
from xdist.scheduler import LoadScopeScheduling

from qualiclip.models.backbone import RN50, BackboneSettings
from qualiclip.models.prompts import ANTONYM_PAIRS
from qualiclip.models.qualiclip import ModelSettings, QualityModel
from qualiclip.pictures import as_image, image_to_picture
from qualiclip.weights.checkpoints import save_checkpoint
from tests.clip_files import RN50_TEXT, fill_batch_norms, official_state

EXAMPLES = Path(__file__).resolve().parent.parent / "assets" / "examples"
# Of tests/browser; what few pages they open does not matter.
WITHOUT_PAGES = ("test_api", "test_crowd", "test_hardening", "test_mcp", "test_operator", "test_readme", "test_serving")
TINY_BACKBONE = BackboneSettings(blocks=(1, 1, 1, 1), width=8, heads=4, embedding_size=32)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # some other host name
        return False


def _guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
    def connect_to_loopback_only(self: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple) and not _is_loopback(str(address[0])):  # else the path of a unix socket
            raise RuntimeError(f"tests must not use the network; something connects to {address}")
        return connect(self, address)

    return connect_to_loopback_only


class TogetherScheduling(LoadScopeScheduling):
    """A file of tests stays on one worker, with the models that its tests share.

    So do all those that open pages, with their browser and server: two browsers get in each other's way on two cores.
    And so do those that talk to a server without one.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = Path(nodeid.partition("::")[0])
        if path.parent.name != "browser":
            return str(path)
        return "server" if path.stem in WITHOUT_PAGES else "pages"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return TogetherScheduling(config, log)


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Connections to other machines raise RuntimeError; subprocesses are not covered."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        yield


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Tensors of tests are small: more threads only wait for each other, for long where other programs run."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def seeded() -> Callable[[int], Generator]:
    """A function from a seed to a fresh generator on the CPU."""
    return lambda seed: torch.Generator().manual_seed(seed)


@pytest.fixture
def photo() -> Tensor:
    """A real image (3, 96, 128): the eye of the cat, with edges, fur and colours."""
    return as_image(EXAMPLES / "cat.png")[:, 60:156, 130:258].clone()


@pytest.fixture
def photo_folder(photo: Tensor, tmp_path: Path) -> Path:
    """A folder of eight photos of 64 × 64 px: a run of the smoke recipe reads each of them once."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(8):
        top, left = 32 * (index // 4), 20 * (index % 4)
        image_to_picture(photo[:, top : top + 64, left : left + 64]).save(folder / f"{index}.png")
    return folder


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """A file that the first worker that asks for it makes, and all workers use."""
    path = surroundings.folder() / name
    with FileLock(path.with_name(f"{name}.lock")):
        if not path.exists():
            make(path.with_name(f"new-{name}"))
            path.with_name(f"new-{name}").replace(path)
    return path


def make_tiny_model() -> QualityModel:
    """A QualityModel of 32 dimensions with random weights, in eval mode and without gradients."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        prompts = torch.randn((len(ANTONYM_PAIRS), 2, TINY_BACKBONE.embedding_size))
        model = QualityModel(ModelSettings(TINY_BACKBONE, scale=10.0), prompts)  # 10: scores away from 0 and 1
        fill_batch_norms(model.backbone, branches=(0.5, 1.5))  # so that it sees small differences, too
    return model.eval().requires_grad_(False)


@pytest.fixture
def tiny_model() -> QualityModel:
    """A QualityModel of 32 dimensions with random weights, in eval mode and without gradients."""
    return make_tiny_model()


@pytest.fixture
def tiny_checkpoint(tmp_path: Path) -> Path:
    """The tiny model as a checkpoint in full precision, a file of the test's own.

    The bytes are always the same: safetensors shuffles what it writes, and what is kept of a model belongs to its hash.
    """

    def make(path: Path) -> None:
        save_checkpoint(make_tiny_model(), path, training={"recipe": "none"}, dtype=torch.float32)

    return Path(shutil.copy(made_once("tiny.safetensors", make), tmp_path))


@pytest.fixture(scope="session")
def full_size_checkpoint() -> Path:
    """An RN50 with random weights, in the format of the authors."""
    return made_once("full-size.pth", lambda path: torch.save(official_state(RN50, RN50_TEXT, seed=0), path))


@pytest.fixture
def toy_model() -> QualityModel:
    """A model whose pooling can be done by hand: one head, equal attention, the first two channels are the embedding.

    The positive prompt is the first axis, the negative one the second; the scale is 10.
    """
    prompts = torch.eye(2)[None]
    backbone = BackboneSettings(blocks=(1, 1, 1, 1), width=2, heads=1, embedding_size=2)
    model = QualityModel(ModelSettings(backbone, pairs=ANTONYM_PAIRS[:1], scale=10.0), prompts)
    pooling = model.backbone.attnpool
    for part in (pooling.q_proj, pooling.k_proj, pooling.v_proj, pooling.c_proj):
        torch.nn.init.zeros_(part.weight)
        torch.nn.init.zeros_(part.bias)
    torch.nn.init.eye_(pooling.v_proj.weight)
    torch.nn.init.eye_(pooling.c_proj.weight)
    return model.eval().requires_grad_(False)
