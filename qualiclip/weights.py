"""Checkpoints: the registry of models, and reading and writing our own format (safetensors).

A checkpoint of ours holds the state of a QualityModel and, as metadata, its settings and the record of its
training. Weights may be stored in half precision; they are always used in single precision.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from .backbone import BackboneSettings
from .errors import UsageError, WeightsError, unknown_name
from .model import ModelSettings, QualityModel
from .prompts import PromptPair

FORMAT = "qualiclip-studio-1"
ASSETS = Path(__file__).resolve().parent.parent / "assets"


@dataclass(frozen=True)
class RegistryEntry:
    """A model that can be asked for by name."""

    description: str
    origin: str
    licence: str
    path: Path


REGISTRY: Mapping[str, RegistryEntry] = MappingProxyType(
    {
        "compact": RegistryEntry(
            description="our own small model, trained from scratch without human scores and without CLIP",
            origin="this project, assets/weights",
            licence="Apache-2.0",
            path=ASSETS / "weights" / "compact.safetensors",
        ),
    }
)


@dataclass(frozen=True)
class Checkpoint:
    """A loaded model with what is known about where it comes from."""

    name: str
    model: QualityModel
    sha256: str
    training: Mapping[str, Any]


def resolve_model(name: str) -> tuple[str, Path]:
    """Name and file of a model given as a registered name, a path to a checkpoint, or "auto".

    "auto" is the environment's QUALICLIP_MODEL if set, else `compact`.

    Raises:
        UsageError: if it is neither a known name nor an existing file.
    """
    if name == "auto":
        name = os.environ.get("QUALICLIP_MODEL") or "compact"
    if name in REGISTRY:
        return name, REGISTRY[name].path
    path = Path(name)
    if path.suffix == ".safetensors" or path.is_file():
        return path.name, path
    raise unknown_name("model", name, REGISTRY)


def load_checkpoint(name: str) -> Checkpoint:
    """The model of that name or path on the CPU: eval mode, single precision, no gradients.

    Raises:
        UsageError: if the name is unknown.
        WeightsError: if the file is missing, damaged, or does not fit its own settings.
    """
    name, path = resolve_model(name)
    if not path.is_file():
        raise WeightsError(f"{path}: no such file; give the path of a .safetensors checkpoint")
    metadata, state = _read(path)
    model, training = _build(path, metadata, state)
    return Checkpoint(name, model, file_sha256(path), MappingProxyType(training))


def save_checkpoint(model: QualityModel, path: Path, *, training: Mapping[str, Any], dtype: torch.dtype) -> None:
    """Write a model with its settings and training record; floating tensors are stored as `dtype`.

    The file appears whole or not at all.
    """
    state = {
        key: (value.to(dtype) if value.is_floating_point() else value).detach().cpu().contiguous()
        for key, value in model.state_dict().items()
    }
    metadata = {
        "format": FORMAT,
        "settings": json.dumps(asdict(model.settings)),
        "training": json.dumps(dict(training)),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    save_file(state, partial, metadata)
    partial.replace(path)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}, {key: file.get_tensor(key) for key in file.keys()}
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path.name}: not a readable safetensors file ({error}); get it again") from error


def _build(path: Path, metadata: Mapping[str, str], state: Mapping[str, Tensor]) -> tuple[QualityModel, dict[str, Any]]:
    if metadata.get("format") != FORMAT:
        raise WeightsError(
            f"{path.name}: format {metadata.get('format')!r} instead of {FORMAT!r}; "
            "only checkpoints written by this project's trainer can be loaded"
        )
    try:
        settings = parse_settings(json.loads(metadata["settings"]))
        training = dict(json.loads(metadata["training"]))
    except (KeyError, TypeError, ValueError, UsageError) as error:
        raise WeightsError(f"{path.name}: its settings can't be understood ({error!r}); get it again") from error
    shape = (len(settings.pairs), 2, settings.backbone.embedding_size)
    model = QualityModel(settings, torch.zeros(shape))
    try:
        model.load_state_dict({key: _single(value) for key, value in state.items()}, strict=True)
    except RuntimeError as error:
        raise WeightsError(f"{path.name}: weights do not fit: {' '.join(str(error).split())}") from error
    model.prompt_features.copy_(functional.normalize(model.prompt_features, dim=-1))  # rounding shortened them
    return model.eval().requires_grad_(False), training


def _single(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value


def parse_settings(data: Mapping[str, Any]) -> ModelSettings:
    """Model settings from their JSON form."""
    backbone = dict(data["backbone"])
    return ModelSettings(
        backbone=BackboneSettings(**{**backbone, "blocks": tuple(backbone["blocks"])}),
        pairs=tuple(PromptPair(**pair) for pair in data["pairs"]),
        scale=data["scale"],
    )
