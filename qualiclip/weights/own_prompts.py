"""Prompts of one's own on a model that is already loaded, without touching it."""

import copy
import threading
from dataclasses import replace

from qualiclip.errors import UsageError, WeightsError
from qualiclip.models.prompts import PromptPair
from qualiclip.models.qualiclip import QualityModel, require_quality_model
from qualiclip.models.text import TextEncoder, pair_features, texts_of

from .loading import Checkpoint

MOST_CHARACTERS = 200  # of a prompt; CLIP reads 77 tokens and would drop the rest in silence


def with_own_pair(model: QualityModel, encoder: TextEncoder, pair: PromptPair) -> QualityModel:
    """The same network with one prompt pair instead of its own; parameters are shared, nothing is copied.

    Raises:
        UsageError: if a prompt is empty or longer than 200 characters.
    """
    for text in (pair.positive, pair.negative):
        if not text.strip() or len(text) > MOST_CHARACTERS:
            raise UsageError(f"prompt {text[:40]!r}: expected 1 to {MOST_CHARACTERS} characters, got {len(text)}")
    twin = copy.copy(model)
    twin._buffers = {**model._buffers, "prompt_features": pair_features(encoder.encode(texts_of([pair])))}
    twin.settings = replace(model.settings, pairs=(pair,))
    return twin


class OwnPrompts:
    """The text encoder of a checkpoint, made when it is first needed and then kept. Safe for several threads."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Keep the checkpoint."""
        self._checkpoint = checkpoint
        self._encoder: TextEncoder | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type["OwnPrompts"], tuple[Checkpoint]]:
        """Made anew from the checkpoint in another process."""
        return OwnPrompts, (self._checkpoint,)

    @property
    def possible(self) -> bool:
        """Whether the model has a text encoder."""
        return self._checkpoint.text is not None

    def model(self, pair: PromptPair) -> QualityModel:
        """The checkpoint's model with that pair as its only one.

        Raises:
            UsageError: if a prompt is empty or too long.
            WeightsError: if there is no text encoder.
        """
        if self._checkpoint.text is None:
            raise WeightsError(f"{self._checkpoint.name} has no text encoder: its prompts are fixed; choose another")
        with self._lock:
            self._encoder = self._encoder or self._checkpoint.text()
        model = require_quality_model(self._checkpoint.model, "a prompt of one's own")
        return with_own_pair(model, self._encoder, pair)
