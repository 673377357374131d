"""The registry of models: every name that can be asked for, and where its file comes from."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from qualiclip.assets import asset
from qualiclip.errors import WeightsError, unknown_name

from .download import fetch
from .files import RemoteFile, check_sha256, file_sha256, find

PAPER = "Agnolucci, Galteri and Bertini, arXiv 2403.11176"


@dataclass(frozen=True)
class RegistryEntry:
    """A model that can be asked for by name; `base` names the model whose encoders it uses, if not its own."""

    description: str
    origin: str
    licence: str
    citation: str
    file: RemoteFile | Path
    scale: float | None = None  # None: as in the file, or the authors' 100
    base: str | None = None

    @property
    def path(self) -> Path | None:
        """The file on this machine, None if it is not here."""
        if isinstance(self.file, Path):
            return self.file
        return find(self.file)


def _learned(dataset: str, title: str) -> RegistryEntry:
    name = f"QualiCLIP+_{dataset}.pth"
    return RegistryEntry(
        description=f"QualiCLIP+: the authors' model with prompts learned from the human scores of {title}",
        origin="pyiqa's copy, Hugging Face hub",
        licence="CC BY-NC 4.0",
        citation=PAPER,
        file=RemoteFile(name, hub=("chaofengc/IQA-PyTorch-Weights", name)),
        scale=50.0,  # it was trained with a temperature of 2
        base="qualiclip",
    )


REGISTRY: Mapping[str, RegistryEntry] = MappingProxyType(
    {
        "compact": RegistryEntry(
            description="our own small model, trained from scratch without human scores and without CLIP",
            origin="this project, assets/weights",
            licence="Apache-2.0",
            citation="QualiCLIP Studio contributors",
            file=asset("weights", "compact.safetensors"),
        ),
        "qualiclip": RegistryEntry(
            description="the authors' QualiCLIP: CLIP RN50 tuned on degraded photos, without human scores",
            origin="the authors' release, or pyiqa's copy of it",
            licence="CC BY-NC 4.0",
            citation=PAPER,
            file=RemoteFile(
                "qualiclip.pth",
                url="https://github.com/miccunifi/QualiCLIP/releases/download/weights/qualiclip.pth",
                hub=("chaofengc/IQA-PyTorch-Weights", "QualiCLIP.pth"),
            ),
        ),
        "qualiclip+": _learned("koniq", "KonIQ-10k"),
        "qualiclip+-clive": _learned("clive", "LIVE In the Wild"),
        "qualiclip+-flive": _learned("flive", "FLIVE"),
        "qualiclip+-spaq": _learned("spaq", "SPAQ"),
        "clip-rn50": RegistryEntry(
            description="OpenAI's CLIP RN50, untuned, with the same prompts (as CLIP-IQA)",
            origin="open_clip's copy, Hugging Face hub",
            licence="MIT",
            citation="Radford et al., arXiv 2103.00020",
            file=RemoteFile("clip-rn50.safetensors", hub=("timm/resnet50_clip.openai", "open_clip_model.safetensors")),
        ),
    }
)

# Models that are made from the file of another one.
MADE_FROM: Mapping[str, str] = MappingProxyType({"compact-untrained": "compact"})


# Models


def resolve_model(name: str) -> str:
    """A registered name, or the path of a checkpoint; of "auto" the one it stands for.

    "auto" is the environment's QUALICLIP_MODEL if set, else `qualiclip` if its file is here, else `compact`.

    Raises:
        UsageError: if it is neither a known name nor looks like a file.
    """
    if not isinstance(name, str | os.PathLike):
        raise unknown_name("model", name, REGISTRY)
    if name == "auto":
        here = REGISTRY["qualiclip"].path is not None
        name = os.environ.get("QUALICLIP_MODEL") or ("qualiclip" if here else "compact")
    if name in REGISTRY or Path(name).suffix in {".safetensors", ".pth", ".pt", ".bin"} or Path(name).is_file():
        return name
    raise unknown_name("model", name, REGISTRY)


def model_files(name: str) -> list[Path]:
    """The files that a model given by name or path is loaded from, as far as they are on this machine.

    Raises:
        UsageError: if the name is unknown.
        WeightsError: if the file of a path, or of a model that comes with this project, is not there.
    """
    name = resolve_model(MADE_FROM.get(name, name))
    if name not in REGISTRY:
        files: list[Path | None] = [Path(name)]
    else:
        base = REGISTRY[name].base
        files = [REGISTRY[part].path for part in (name, base) if part]
    found = [file for file in files if file is not None]
    for file in found:
        if not file.is_file():
            raise WeightsError(f"{file}: no such file; give the path of a checkpoint")
    return found


def fetch_model(name: str) -> tuple[Path, str]:
    """File and SHA-256 of a model given by registered name or path, downloaded if need be.

    Raises:
        UsageError: if the name is unknown.
        WeightsError: if the file can't be had or is not the one it was.
    """
    name = resolve_model(name)
    file = REGISTRY[name].file if name in REGISTRY else Path(name)
    if isinstance(file, RemoteFile):
        path = fetch(file)
        return path, check_sha256(file, path)
    if not file.is_file():
        raise WeightsError(f"{file}: no such file; give the path of a checkpoint")
    return file, file_sha256(file)
