"""Checkpoint files: our own format, the authors', CLIP's, and learned prompts. Nothing is ever unpickled as code.

| format | keys |
|---|---|
| ours (safetensors) | the state of a model of any family; settings and training record as metadata |
| the authors' | `clip_model.*` with CLIP's names, and `prompts_features` |
| CLIP's | CLIP's names, no prompts: those are encoded by its own text encoder |
| learned prompts | `prompt_learner.ctx`, for the text encoder of another checkpoint |
"""

import json
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.overrides import TorchFunctionMode

from qualiclip.errors import UsageError, WeightsError
from qualiclip.models.backbone import BackboneSettings
from qualiclip.models.families import FAMILIES
from qualiclip.models.family import Family
from qualiclip.models.prompts import PromptPair
from qualiclip.models.qualiclip import ModelSettings, QualityModel
from qualiclip.models.text import is_text_key
from qualiclip.outputs import whole_file

FORMAT = "qualiclip-studio-1"
OFFICIAL_PREFIX = "clip_model."
PROMPT_FEATURES = "prompts_features"
CONTEXTS = "prompt_learner.ctx"
# Parts of CLIP's state dict that a quality model without text does not use. Everything else must be understood.
IGNORED = frozenset(
    {
        "logit_scale",  # the scale is a setting
        "visual.attnpool.positional_embedding",  # left out: the picture may have any size
        *("input_resolution", "context_length", "vocab_size"),  # in OpenAI's own file
    }
)
HEAD_SIZE = 64  # channels of a head of CLIP's attention pooling


class _Unfilled(TorchFunctionMode):
    """Layers made inside draw no first weights, of this thread alone: those of a file replace all of them.

    Not the device "meta", which does the same: its first use imports torch's compiler, two seconds.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        named = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return named["tensor"] if "tensor" in named else args[0]
        return func(*args, **named)


def read_file(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Metadata and tensors of a checkpoint; of a safetensors file, or of a pickled dict read with `weights_only`.

    Raises:
        WeightsError: if the file is missing or damaged, or holds anything but tensors.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: no such file; give the path of a checkpoint")
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except (pickle.UnpicklingError, RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:120]
        raise WeightsError(f"{path.name}: not a checkpoint of plain tensors ({reason}); get it again") from error
    while isinstance(state, dict) and len(state) == 1 and isinstance(next(iter(state.values())), dict):
        state = next(iter(state.values()))  # wrapped, as in {"params": …}
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"{path.name}: expected names and tensors; give a state dict")
    return {}, state


def _read_safetensors(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}, {key: file.get_tensor(key) for key in file.keys()}
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path.name}: not a readable safetensors file ({error}); get it again") from error


def clip_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The part with CLIP's names, without the prefix of the authors' checkpoint."""
    return {key.removeprefix(OFFICIAL_PREFIX): value for key, value in state.items() if key != PROMPT_FEATURES}


def is_clip(state: Mapping[str, Tensor]) -> bool:
    """Whether tensors are in the authors' format or in CLIP's own."""
    return any(key.removeprefix(OFFICIAL_PREFIX).startswith("visual.") for key in state)


def _backbone_settings(state: Mapping[str, Tensor]) -> BackboneSettings:
    """Read off the shapes of a trunk with CLIP's names."""
    width = state["layer1.0.conv1.weight"].shape[0]
    blocks = [len({key.split(".")[1] for key in state if key.startswith(f"layer{layer}.")}) for layer in range(1, 5)]
    first, second, third, fourth = blocks
    return BackboneSettings(
        blocks=(first, second, third, fourth),
        width=width,
        heads=width * 32 // HEAD_SIZE,
        embedding_size=state["attnpool.c_proj.weight"].shape[0],
    )


def clip_model(
    name: str, state: Mapping[str, Tensor], features: Tensor, *, pairs: tuple[PromptPair, ...], scale: float
) -> QualityModel:
    """A model of CLIP's image encoder and the embeddings (K, 2, D) of prompts.

    Raises:
        WeightsError: if a key is missing, misshapen or unknown; the text names it.
    """
    state = clip_state(state)
    visual = {
        key.removeprefix("visual."): value
        for key, value in state.items()
        if key not in IGNORED and not is_text_key(key)
    }
    try:
        settings = ModelSettings(_backbone_settings(visual), pairs=pairs, scale=scale)
        with _Unfilled():
            model = QualityModel(settings, features)
    except (KeyError, UsageError) as error:
        raise WeightsError(
            f"{name}: not the image encoder of a CLIP ResNet ({error}); is it the right file?"
        ) from error
    counters = {key: value for key, value in model.backbone.state_dict().items() if key.endswith("num_batches_tracked")}
    _load(name, model.backbone, {**counters, **visual})  # OpenAI's own file has no counters; they are not used
    return model.eval().requires_grad_(False)


def stored_features(name: str, state: Mapping[str, Tensor], *, pairs: int) -> Tensor:
    """Embeddings (K, 2, D) of the prompts, from the authors' checkpoint, where they stand as rows (2·K, D).

    Raises:
        WeightsError: if they are not there or not of that many prompts.
    """
    features = state.get(PROMPT_FEATURES)
    if features is None:
        raise WeightsError(f"{name}: no {PROMPT_FEATURES!r}; without them the prompts are not known")
    if features.dim() != 2 or len(features) != 2 * pairs:
        raise WeightsError(f"{name}: {PROMPT_FEATURES!r} has the shape {tuple(features.shape)}, not ({2 * pairs}, D)")
    return features.float().reshape(pairs, 2, -1)


def _load(name: str, module: torch.nn.Module, state: Mapping[str, Tensor]) -> None:
    try:
        module.load_state_dict(state, strict=True)  # copies, into single precision
    except RuntimeError as error:
        raise WeightsError(f"{name}: weights do not fit: {' '.join(str(error).split())}") from error


def own_model(name: str, metadata: Mapping[str, str], state: Mapping[str, Tensor]) -> tuple[Family, dict[str, Any]]:
    """A model of our own format, with the record of its training.

    Raises:
        WeightsError: if the file is of another format, or does not fit its own settings.
    """
    if metadata.get("format") != FORMAT:
        raise WeightsError(
            f"{name}: format {metadata.get('format')!r} instead of {FORMAT!r}, and no CLIP weights either; "
            "give a checkpoint of this project's trainer, of the authors, or of CLIP RN50"
        )
    family = metadata.get("family", QualityModel.family)  # files of before there were others do not say it
    if family not in FAMILIES:
        raise WeightsError(f"{name}: of the family {family!r}, which this version does not know; update this project")
    try:
        with _Unfilled():
            model = FAMILIES[family].from_settings(json.loads(metadata["settings"]))
        training = dict(json.loads(metadata["training"]))
    except (KeyError, TypeError, ValueError, UsageError) as error:
        raise WeightsError(f"{name}: its settings can't be understood ({error!r}); get it again") from error
    _load(name, model, state)
    model.finish()
    return model.eval().requires_grad_(False), training


def save_tensors(module: torch.nn.Module, path: Path, metadata: Mapping[str, str], *, dtype: torch.dtype) -> None:
    """Write the tensors of a module as safetensors, floating ones as `dtype`. The file appears whole or not at all.

    Raises:
        WeightsError: if it can't be written.
    """
    state = {
        key: (value.to(dtype) if value.is_floating_point() else value).detach().cpu().contiguous()
        for key, value in module.state_dict().items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with whole_file(path) as draft:
            save_file(state, draft, dict(metadata))
    except SafetensorError as error:
        raise WeightsError(f"{path}: can't be written ({error}); make room, or choose another place") from error


def save_checkpoint(model: Family, path: Path, *, training: Mapping[str, Any], dtype: torch.dtype) -> None:
    """Write a model with its settings and training record; floating tensors are stored as `dtype`.

    The file appears whole or not at all.

    Raises:
        WeightsError: if it can't be written.
    """
    metadata = {
        "format": FORMAT,
        "family": model.family,
        "settings": json.dumps(model.settings_dict()),
        "training": json.dumps(dict(training)),
    }
    save_tensors(model, path, metadata, dtype=dtype)
