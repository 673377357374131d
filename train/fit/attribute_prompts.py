"""The prompts of attributes, fitted to a finished encoder: blur is to move the bar of sharpness, noise that of noise.

An encoder trained from scratch has no text encoder to tell it what the prompts mean. Its general pairs learn from every
photo; those about an attribute learn from few. So these are fitted afterwards, on embeddings that stay as they are, to
fall with the levels of the degradations they are about. No human score is involved.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Subset
from tqdm import tqdm

import qualiclip
from qualiclip.degradations import MAX_LEVEL
from qualiclip.errors import TrainingError
from qualiclip.models.qualiclip import QualityModel, require_quality_model
from qualiclip.weights.checkpoints import save_checkpoint
from qualiclip.weights.loading import load_checkpoint
from train.recipes.settings import Recipe
from train.samples.crops import CropDataset, Sample, collate, list_photos, split_holdout
from train.samples.topics import general_pairs

STEPS, LEARNING_RATE = 1200, 0.03
SHAPE = 3.0  # the probability wanted at level l is (1 - l / 5) to this power


@dataclass(frozen=True)
class Embeddings:
    """Unit embeddings (M, L, D) of crops at L levels, and which pairs (M, K) are concerned with what was done."""

    values: Tensor
    concerned: Tensor


def embed_samples(model: QualityModel, samples: Iterable[Sample]) -> Embeddings:
    """Embeddings of both crops of each sample, by a model that stays as it is."""
    values, concerned = [], []
    with torch.no_grad():
        for sample in samples:
            crops = sample.crops.flatten(0, 1)  # (N · 2, L, 3, S, S)
            embedded = model.embed(model.feature_map(crops.flatten(0, 1)))
            values.append(embedded.view(*crops.shape[:2], -1))
            concerned.append(sample.concerned.repeat_interleave(2, dim=0))
    return Embeddings(torch.cat(values), torch.cat(concerned))


def wanted(levels: Tensor) -> Tensor:
    """Probability (L,) that a pair is to give at each level of what it is about."""
    return (1 - levels / MAX_LEVEL).clamp(min=0) ** SHAPE


def fit_prompts(embeddings: Embeddings, prompts: Tensor, levels: Tensor, *, scale: float) -> Tensor:
    """Prompt features (K, 2, D), from others of that shape, whose probabilities are nearest to those wanted.

    Cross-entropy, as in logistic regression, over the samples that concern a pair. The others have no say: a pair made
    to ignore them answers to some with a rise, which takes from the fall of the score.
    """
    targets = wanted(levels)[None, :, None].expand(*embeddings.values.shape[:2], embeddings.concerned.shape[1])
    share = embeddings.concerned.mean(dim=0).clamp(min=1e-6)  # (K,)
    weights = (embeddings.concerned / share)[:, None]  # (M, 1, K)
    fitted = prompts.clone().requires_grad_()
    optimizer = torch.optim.Adam([fitted], lr=LEARNING_RATE)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * (1 - step / STEPS)
        unit = functional.normalize(fitted, dim=-1)
        logits = scale * torch.einsum("mld,kd->mlk", embeddings.values, unit[:, 0] - unit[:, 1])
        loss = (functional.binary_cross_entropy_with_logits(logits, targets, reduction="none") * weights).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return functional.normalize(fitted.detach(), dim=-1)


def fit_attributes(name: str, recipe: Recipe, photos: Path, out: Path, *, count: int) -> Path:
    """Write a model whose prompts about attributes are fitted on `count` photos; all else is as in the model `name`.

    Raises:
        TrainingError: if there are no photos, or the model has other prompts than the recipe.
    """
    checkpoint = load_checkpoint(name)
    model = require_quality_model(checkpoint.model, "this fit")
    if model.settings.pairs != recipe.prompt_pairs:
        raise TrainingError(f"{checkpoint.name} has other prompts than the recipe")
    # One clean degradation at a time: of a mixture nobody could say which attribute it concerns.
    recipe = replace(recipe, damage_chance=0.0, base_chance=0.0, enlarge_chance=0.0, composed=1, level_jitter=0.0)
    train, _ = split_holdout(list_photos(photos), recipe.holdout_every)
    dataset = Subset(CropDataset(train, recipe), range(min(count, recipe.steps * recipe.batch)))
    loader = DataLoader(dataset, batch_size=4, collate_fn=collate)
    embeddings = embed_samples(model, tqdm(loader, unit="batch", disable=None))
    attributes = sorted(set(range(recipe.pairs)) - set(general_pairs(recipe.prompt_pairs)))
    chosen = Embeddings(embeddings.values, embeddings.concerned[:, attributes])
    levels = torch.tensor(recipe.level_values, dtype=torch.float32)
    fitted = fit_prompts(chosen, model.prompt_features[attributes], levels, scale=model.settings.scale)
    model.prompt_features[attributes] = fitted
    record = {
        "attributes": {"photos": len(dataset), "seed": recipe.seed, "crop": recipe.crop},
        "started_from": {"sha256": checkpoint.sha256, "training": dict(checkpoint.training)},
        "version": qualiclip.__version__,
    }
    save_checkpoint(model, out, training=record, dtype=torch.float16 if recipe.half_weights else torch.float32)
    return out
