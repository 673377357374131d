"""The model of a training run: its first weights, and how crops go through it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from qualiclip.errors import TrainingError
from qualiclip.models.qualiclip import ModelSettings, QualityModel, require_quality_model
from qualiclip.weights.loading import load_checkpoint
from train.recipes.settings import Recipe

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def orthogonal_prompts(pairs: int, embedding_size: int, *, seed: int) -> Tensor:
    """Fixed prompt features (K, 2, D) for a model without a text encoder: orthonormal vectors from a seed."""
    generator = torch.Generator().manual_seed(seed)
    square = torch.randn((embedding_size, embedding_size), generator=generator, dtype=torch.float32)
    vectors: Tensor = torch.linalg.qr(square).Q[: 2 * pairs]
    return vectors.reshape(pairs, 2, embedding_size)


@contextmanager
def weights_of(seed: int) -> Iterator[None]:
    """New layers have random weights from a seed; they take no generator."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def random_model(recipe: Recipe) -> QualityModel:
    """A model with random weights from the recipe's seed."""
    with weights_of(recipe.seed):
        prompts = orthogonal_prompts(recipe.pairs, recipe.backbone.embedding_size, seed=recipe.seed)
        return QualityModel(ModelSettings(recipe.backbone, recipe.prompt_pairs, scale=recipe.scale), prompts)


def first_model(recipe: Recipe) -> tuple[QualityModel, dict[str, Any] | None]:
    """The model that a run starts with; if it is a trained one, also its hash and training record.

    The prompts of a model with a text encoder are encoded by it, once: it is frozen.

    Raises:
        TrainingError: if `start_from` names a model of another shape, scale or number of prompt pairs.
    """
    if not recipe.start_from:
        return random_model(recipe), None
    checkpoint = load_checkpoint(recipe.start_from)
    settings = require_quality_model(checkpoint.model, "this recipe").settings
    if settings.pairs != recipe.prompt_pairs and settings.pairs[: recipe.pairs] == recipe.prompt_pairs:
        checkpoint = load_checkpoint(recipe.start_from, pairs=recipe.prompt_pairs)
        settings = require_quality_model(checkpoint.model, "this recipe").settings
    if (settings.backbone, settings.scale, settings.pairs) != (recipe.backbone, recipe.scale, recipe.prompt_pairs):
        raise TrainingError(f"{recipe.start_from} has another backbone, scale or prompts than the recipe")
    parent = {"sha256": checkpoint.sha256, "training": dict(checkpoint.training)}
    return require_quality_model(checkpoint.model, "this recipe").requires_grad_(True), parent


@contextmanager
def _unmoved_statistics(model: nn.Module) -> Iterator[None]:
    """Batch norms whose running statistics don't move: for activations that are computed a second time."""
    layers = [layer for layer in model.modules() if isinstance(layer, _BatchNorm)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    try:
        yield
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum


class CropEncoder(nn.Module):
    """Crops and mosaics in, similarities out: the part of a run that goes forward and backward on every process."""

    def __init__(self, model: QualityModel, recipe: Recipe) -> None:
        """Wrap a model as the recipe asks for."""
        super().__init__()
        self.model = model
        self.recipe = recipe

    def train(self, mode: bool = True) -> "CropEncoder":
        """Training mode, but for batch norms that the recipe freezes."""
        super().train(mode)
        if self.recipe.batch_norm == "frozen":
            for layer in self.modules():
                if isinstance(layer, _BatchNorm):
                    layer.eval()
        return self

    def _contexts(self) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), _unmoved_statistics(self.model)

    def _feature_map(self, images: Tensor) -> Tensor:
        if not self.recipe.checkpointing:
            return self.model.feature_map(images)
        for part in (self.model.lower, self.model.backbone.upper):
            images = checkpoint(part, images, use_reentrant=False, context_fn=self._contexts)
        return images

    def forward(self, crops: Tensor, mosaics: Tensor) -> tuple[Tensor, Tensor]:
        """Similarities of crops (N, J, L, 3, S, S) and of each position of mosaics (N, 3, S, S), which may be empty.

        They are (N, J, L, K, 2) and (N, S/32, S/32, K, 2), float32.
        """
        flat, given = crops.flatten(0, 2), mosaics.numel() > 0
        images = (torch.cat([flat, mosaics]) if given else flat).contiguous(memory_format=torch.channels_last)
        device, precision = crops.device.type, PRECISIONS[self.recipe.precision]
        with torch.autocast(device, dtype=precision, enabled=precision != torch.float32):
            feature_map = self._feature_map(images)
        with torch.autocast(device, enabled=False):  # margins are finer than half precision
            whole, parts = feature_map[: len(flat)].float(), feature_map[len(flat) :].float()
            similarities = self.model.similarities(whole).view(*crops.shape[:3], -1, 2)
            return similarities, self.model.local_similarities(parts) if given else similarities.new_empty(0)
