"""The training loop: one function that runs a recipe, with checkpoints, a log and a progress bar."""

import json
import math
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer
from torch.utils.data import DataLoader, Subset
from tqdm import tqdm

import qualiclip
from qualiclip.checkpoints import save_checkpoint
from qualiclip.errors import InputError, TrainingError
from qualiclip.loading import load_checkpoint
from qualiclip.model import ModelSettings, QualityModel
from qualiclip.prompts import ANTONYM_PAIRS

from .data import CropDataset, Sample, collate, list_photos, split_holdout
from .objective import general_pairs, loss_terms
from .recipes import Recipe


def orthogonal_prompts(pairs: int, embedding_size: int, *, seed: int) -> Tensor:
    """Fixed prompt features (K, 2, D) for a model without a text encoder: orthonormal vectors from a seed."""
    generator = torch.Generator().manual_seed(seed)
    square = torch.randn((embedding_size, embedding_size), generator=generator)
    vectors: Tensor = torch.linalg.qr(square).Q[: 2 * pairs]
    return vectors.reshape(pairs, 2, embedding_size)


def build_model(recipe: Recipe) -> QualityModel:
    """A model with random weights from the recipe's seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)  # layers offer no generator for their initial weights
        prompts = orthogonal_prompts(len(ANTONYM_PAIRS), recipe.backbone.embedding_size, seed=recipe.seed)
        return QualityModel(ModelSettings(recipe.backbone, scale=recipe.scale), prompts)


def starting_model(name: str, recipe: Recipe) -> tuple[QualityModel, dict[str, Any]]:
    """A trained model as the first weights of a run, and its hash and training record.

    Raises:
        TrainingError: if it has another backbone or scale than the recipe.
    """
    checkpoint = load_checkpoint(name)
    settings = checkpoint.model.settings
    if (settings.backbone, settings.scale) != (recipe.backbone, recipe.scale):
        raise TrainingError(f"{name} has another backbone or scale than the recipe; it can't be started from")
    parent = {"sha256": checkpoint.sha256, "training": dict(checkpoint.training)}
    return checkpoint.model.requires_grad_(True), parent


def learning_rate(step: int, recipe: Recipe) -> float:
    """Learning rate of a step: linear warm-up, then half a cosine down to zero."""
    warmup = max(1, round(recipe.warmup * recipe.steps))
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    progress = (step - warmup) / max(1, recipe.steps - warmup)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


def build_optimizer(model: nn.Module, recipe: Recipe) -> AdamW:
    """AdamW; weight decay acts on matrices and kernels only."""
    parameters = list(model.parameters())
    return AdamW(
        [
            {"params": [p for p in parameters if p.dim() > 1], "weight_decay": recipe.weight_decay},
            {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
    )


def batch_similarities(model: QualityModel, crops: Tensor, *, bf16: bool) -> Tensor:
    """Similarities (N, J, L, K, 2) of crops (N, J, L, 3, S, S)."""
    flat = crops.flatten(0, 2).contiguous(memory_format=torch.channels_last)
    with torch.autocast(crops.device.type, dtype=torch.bfloat16, enabled=bf16):
        feature_map = model.feature_map(flat)
    return model.similarities(feature_map.float()).view(*crops.shape[:3], -1, 2)


def take_step(model: QualityModel, optimizer: Optimizer, sample: Sample, recipe: Recipe) -> dict[str, Any]:
    """One step of the optimiser; what it reports goes into the log.

    Raises:
        TrainingError: if the loss is not finite; the step is then not taken.
    """
    similarities = batch_similarities(model, sample.crops, bf16=recipe.bf16)
    terms = loss_terms(similarities, sample, model.settings.pairs, recipe.losses, scale=recipe.scale)
    total = torch.stack(list(terms.values())).sum()
    if not math.isfinite(total.item()):
        raise TrainingError("the loss is not finite; lower learning_rate or turn bf16 off")
    optimizer.zero_grad(set_to_none=True)
    total.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    levels = similarities.detach()[..., general_pairs(model.settings.pairs), :].mean(dim=(0, 1, 3))  # (L, 2)
    return {
        "loss": total.item(),
        **{name: value.item() for name, value in terms.items()},
        "positive_by_level": levels[:, 0].tolist(),
        "negative_by_level": levels[:, 1].tolist(),
    }


@dataclass(frozen=True)
class Progress:
    """How far a run has come: steps taken, and seconds spent on them in all its stretches."""

    step: int
    seconds: float


def save_state(path: Path, model: QualityModel, optimizer: Optimizer, progress: Progress, recipe: Recipe) -> None:
    """Write what a resumed run needs; the file appears whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), **asdict(progress)}
    torch.save({**state, "recipe": json.dumps(asdict(recipe))}, partial)
    os.replace(partial, path)


def load_state(path: Path, model: QualityModel, optimizer: Optimizer, recipe: Recipe) -> Progress:
    """Put a saved state back.

    Raises:
        TrainingError: if the state is damaged or belongs to another recipe.
    """
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
    except (RuntimeError, OSError, EOFError, UnpicklingError) as error:
        raise TrainingError(f"{path} is damaged; delete it to start again") from error
    if json.loads(state["recipe"]) != json.loads(json.dumps(asdict(recipe))):
        raise TrainingError(f"{path} was made with another recipe; use another folder or the same settings")
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return Progress(int(state["step"]), float(state["seconds"]))


def trim_log(path: Path, start: int) -> None:
    """Drop the rows of a log that a resumed run will write again."""
    if path.is_file():
        rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
        whole = [row for row in rows if row.endswith("\n")]  # a crash may have cut the last one
        path.write_text("".join(row for row in whole if json.loads(row)["step"] < start), encoding="utf-8")


def _loader(photos: list[Path], recipe: Recipe, start: int, device: torch.device) -> DataLoader[Sample]:
    dataset = CropDataset(photos, recipe)
    left = Subset(dataset, range(start * recipe.batch, len(dataset)))
    return DataLoader(
        left,
        batch_size=recipe.batch,
        num_workers=recipe.workers,
        collate_fn=collate,
        multiprocessing_context="spawn" if recipe.workers else None,
        pin_memory=device.type == "cuda",
    )


def _samples(loader: DataLoader[Sample]) -> Iterator[Sample]:
    try:
        yield from loader
    except InputError as error:  # from a worker its text has a traceback before the line that counts
        reason = str(error).splitlines()[-1].removeprefix("qualiclip.errors.InputError: ")
        raise TrainingError(f"a photo can't be used: {reason}") from error


def _run(
    model: QualityModel, optimizer: Optimizer, loader: DataLoader[Sample], start: Progress, recipe: Recipe, out: Path
) -> Progress:
    device = next(model.parameters()).device
    began = time.monotonic() - start.seconds
    bar = tqdm(_samples(loader), initial=start.step, total=recipe.steps, unit="step", file=sys.stderr)
    with (out / "log.jsonl").open("a", encoding="utf-8") as log:
        for step, sample in enumerate(bar, start=start.step):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, recipe)
            report = take_step(model, optimizer, sample.to(device), recipe)
            bar.set_postfix(loss=f"{report['loss']:.4f}")
            if step % recipe.log_every == 0:
                log.write(json.dumps({"step": step, **report}) + "\n")
                log.flush()
            if (step + 1) % recipe.save_every == 0:
                done = Progress(step + 1, time.monotonic() - began)
                save_state(out / "state.pt", model, optimizer, done, recipe)
    return Progress(recipe.steps, time.monotonic() - began)


def fit(recipe: Recipe, photos: Path, out: Path, *, device: torch.device, start_from: str | None = None) -> Path:
    """Run a recipe on a folder of photos; returns the path of the finished checkpoint.

    Writes `log.jsonl` and `state.pt` while it runs and `model.safetensors` (half precision) at the end, in `out`.
    A run that was stopped goes on where its `state.pt` left off. `start_from` names a model whose weights are the
    first ones instead of random ones.

    Raises:
        TrainingError: if there are no photos, the state is of another recipe, or the loss is not finite.
    """
    train, kept_out = split_holdout(list_photos(photos), recipe.holdout_every)
    if not train:
        raise TrainingError(f"all photos in {photos} are held out; add photos or set holdout_every=0")
    out.mkdir(parents=True, exist_ok=True)
    model, parent = (build_model(recipe), None) if start_from is None else starting_model(start_from, recipe)
    model = model.to(device).to(memory_format=torch.channels_last).train()
    optimizer = build_optimizer(model, recipe)
    state = out / "state.pt"
    start = load_state(state, model, optimizer, recipe) if state.is_file() else Progress(0, 0.0)
    trim_log(out / "log.jsonl", start.step)
    done = _run(model, optimizer, _loader(train, recipe, start.step, device), start, recipe, out)
    record = {
        "recipe": asdict(recipe),
        "photos": len(train),
        "held_out": len(kept_out),
        "minutes": round(done.seconds / 60, 1),
        "version": qualiclip.__version__,
        "started_from": parent,
    }
    finished = out / "model.safetensors"
    save_checkpoint(model.eval(), finished, training=record, dtype=torch.float16)
    return finished
