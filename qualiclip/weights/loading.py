"""Models by name or path: which file, which format, which prompts."""

import copy
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Generator, Tensor

from qualiclip.ambient import without_gradients
from qualiclip.errors import WeightsError
from qualiclip.kept import kept
from qualiclip.models.family import Family
from qualiclip.models.prompts import ANTONYM_PAIRS, PromptPair, check_pairs
from qualiclip.models.qualiclip import QualityModel, check_scale, require_quality_model
from qualiclip.models.text import TextEncoder, is_text_key, pair_features, texts_of
from qualiclip.models.untrained import ABOUT, SEED, TRAINED, UNTRAINED, state_sha256, with_random_weights
from qualiclip.version import __version__

from .checkpoints import (
    CONTEXTS,
    PROMPT_FEATURES,
    clip_model,
    clip_state,
    is_clip,
    own_model,
    read_file,
    stored_features,
)
from .files import cache_folder
from .registry import REGISTRY, fetch_model, resolve_model


@dataclass(frozen=True)
class LoadedFrom:
    """How a model was asked for, to load it again elsewhere; `marks` tell whether it was changed since."""

    name: str
    pairs: tuple[PromptPair, ...] | None
    scale: float | None
    marks: tuple[object, ...]


@dataclass(frozen=True)
class Checkpoint:
    """A loaded model with what is known about where it comes from.

    `text` makes its text encoder from the file, or is None if the file has none. It can be pickled: with its weights
    where they are in no file, or were changed; else by `loaded_from`, and it is loaded again where it arrives.
    """

    name: str
    model: Family
    sha256: str
    training: Mapping[str, Any] = field(default_factory=dict)
    text: Callable[[], TextEncoder] | None = None
    loaded_from: LoadedFrom | None = field(default=None, repr=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """How to make it again in another process."""
        if self.loaded_from is not None and self.loaded_from.marks == _marks(self.model):
            return _loaded_again, (replace(self.loaded_from, marks=()), self.name, self.sha256, self.training)
        return Checkpoint, (self.name, self.model, self.sha256, self.training, self.text)

    def __copy__(self) -> "Checkpoint":
        """A copy that shares the model."""
        return replace(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Checkpoint":
        """A copy with weights of its own."""
        model, training = copy.deepcopy((self.model, self.training), memo)
        return replace(self, model=model, training=training, loaded_from=None)


def _marks(model: Family) -> tuple[object, ...]:
    """What changes when a tensor of a model, or its settings, are replaced or changed."""
    tensors = (*model.parameters(), *model.buffers())
    versions = ((id(tensor), 0 if tensor.is_inference() else tensor._version) for tensor in tensors)
    return (model.training, getattr(model, "settings", None), *versions)


def _loaded_again(source: LoadedFrom, name: str, sha256: str, training: Mapping[str, Any]) -> Checkpoint:
    checkpoint = load_checkpoint(source.name, pairs=source.pairs, scale=source.scale)
    if checkpoint.sha256 != sha256:
        raise WeightsError(
            f"{source.name}: SHA-256 {checkpoint.sha256[:12]}… where {sha256[:12]}… is expected: not the weights that "
            "were sent; put the same file here, or load the model anew"
        )
    return replace(checkpoint, name=name, training=training)


@without_gradients()
def load_checkpoint(
    name: str, *, pairs: tuple[PromptPair, ...] | None = None, scale: float | None = None
) -> Checkpoint:
    """The model of that name or path on the CPU: eval mode, single precision, no gradients.

    `pairs` replaces its prompts, encoded by its own text encoder, `scale` the factor before the softmax (the authors'
    100, pyiqa's 50). The name `compact-untrained` stands for compact's network with random weights.

    Raises:
        UsageError: if the name is unknown, or the scale not positive.
        WeightsError: if the file can't be had, is damaged, does not fit, or has no text encoder for `pairs`.
    """
    _check_changes(pairs, scale)
    if name != UNTRAINED:
        name = resolve_model(name)
        checkpoint = _load(name, pairs, scale)
    else:
        checkpoint = _untrained(_load(TRAINED, pairs, scale))
    where = name if name in (UNTRAINED, *REGISTRY) else str(Path(name).absolute())
    return replace(checkpoint, loaded_from=LoadedFrom(where, pairs, scale, _marks(checkpoint.model)))


def _load(name: str, pairs: tuple[PromptPair, ...] | None, scale: float | None) -> Checkpoint:
    entry = REGISTRY.get(name)
    path, sha256 = fetch_model(name)
    metadata, state = read_file(path)
    label = name if entry else path.name
    training: Mapping[str, Any] = {}
    text: Callable[[], TextEncoder] | None = None
    model: Family
    if scale is None and entry:
        scale = entry.scale
    if CONTEXTS in state:
        base = (entry.base if entry else None) or "qualiclip"
        model = _learned_model(label, state[CONTEXTS], sha256, base, pairs)
    elif is_clip(state):
        features = _features(label, state, sha256, pairs)
        model = clip_model(label, state, features, pairs=pairs or ANTONYM_PAIRS, scale=100.0)
        text = partial(_text_encoder, path.absolute()) if any(map(is_text_key, clip_state(state))) else None
    elif pairs is not None:
        raise WeightsError(f"{label} has no text encoder: its prompts are fixed; choose another model for own prompts")
    else:
        model, training = own_model(label, metadata, state)
    if scale is not None:
        scaled = require_quality_model(model, "a scale of one's own")
        scaled.settings = replace(scaled.settings, scale=scale)
    return Checkpoint(label, model, sha256, MappingProxyType(dict(training)), text)


def _check_changes(pairs: tuple[PromptPair, ...] | None, scale: float | None) -> None:
    if pairs is not None:
        check_pairs(pairs)
    if scale is not None:
        check_scale(scale)


def _text_encoder(path: Path) -> TextEncoder:
    return TextEncoder(clip_state(read_file(path)[1]))


def _untrained(trained: Checkpoint) -> Checkpoint:
    model = with_random_weights(trained.model, Generator().manual_seed(SEED))
    return Checkpoint(UNTRAINED, model, state_sha256(model), MappingProxyType(dict(ABOUT)))


def _features(label: str, state: Mapping[str, Tensor], sha256: str, pairs: tuple[PromptPair, ...] | None) -> Tensor:
    """Embeddings (K, 2, D) of the prompts: those of the file, or encoded by its text encoder."""
    if pairs is None and PROMPT_FEATURES in state:
        return stored_features(label, state, pairs=len(ANTONYM_PAIRS))
    texts = texts_of(pairs or ANTONYM_PAIRS)
    return _cached((sha256, *texts), lambda: pair_features(TextEncoder(clip_state(state)).encode(texts)))


def _learned_model(
    label: str, contexts: Tensor, sha256: str, base: str, pairs: tuple[PromptPair, ...] | None
) -> QualityModel:
    if pairs is not None:
        raise WeightsError(f"{label} has learned prompts; choose {base} for own ones")
    texts = texts_of(ANTONYM_PAIRS)
    if contexts.dim() != 3 or len(contexts) != len(texts):
        raise WeightsError(f"{label}: {CONTEXTS!r} has the shape {tuple(contexts.shape)}, not ({len(texts)}, M, width)")
    path, base_sha256 = fetch_model(base)
    state = clip_state(read_file(path)[1])

    def encode() -> Tensor:
        return pair_features(TextEncoder(state).encode_learned(texts, contexts.float()))

    features = _cached((base_sha256, sha256), encode)
    return clip_model(label, state, features, pairs=ANTONYM_PAIRS, scale=100.0)


def _cached(parts: tuple[str, ...], compute: Callable[[], Tensor]) -> Tensor:
    """Embeddings of prompts, computed once for the weights and texts that `parts` names."""
    key = hashlib.sha256("\0".join((__version__, torch.__version__, *parts)).encode()).hexdigest()
    path = cache_folder() / "prompts" / f"{key}.kept"
    return load(kept(path, lambda: save({"features": compute().contiguous()})))["features"]
