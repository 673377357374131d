"""The training loop: one function that runs a recipe, on one process or on many."""

import math
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

import qualiclip
from qualiclip.errors import TrainingError
from qualiclip.models.qualiclip import QualityModel
from qualiclip.weights.checkpoints import save_checkpoint
from train.losses.objective import loss_terms
from train.recipes.settings import Recipe
from train.samples.crops import CropDataset, Sample, collate, training_photos
from train.samples.topics import general_pairs

from .loop import Stopwatch, leave_interrupts_to_main, loaded, run_steps
from .models import CropEncoder, first_model
from .optimization import build_optimizer, learning_rate
from .processes import build_accelerator, gather_whole, sample_numbers
from .states import Stateful, TrainingProgress, load_state


def _loader(photos: list[Path], recipe: Recipe, start: int, accelerator: Accelerator) -> DataLoader[Sample]:
    processes = accelerator.num_processes
    return DataLoader(
        CropDataset(photos, recipe),
        batch_size=recipe.batch // recipe.accumulate // processes,
        sampler=sample_numbers(recipe, start=start, process=accelerator.process_index, processes=processes),
        num_workers=recipe.workers,
        collate_fn=collate,
        worker_init_fn=leave_interrupts_to_main,
        multiprocessing_context="spawn" if recipe.workers else None,
        pin_memory=accelerator.device.type == "cuda",
    )


@dataclass(frozen=True)
class Run:
    """What a step works on: `encoder` and `optimizer` as accelerate prepared them, `model` the one inside."""

    accelerator: Accelerator
    model: QualityModel
    encoder: nn.Module
    optimizer: Optimizer
    recipe: Recipe


def build_run(model: QualityModel, recipe: Recipe, accelerator: Accelerator) -> Run:
    """A run ready for its first step."""
    model.to(memory_format=torch.channels_last)
    # Key biases cancel in the pooling's softmax; processes would wait for gradients that never come.
    model.backbone.attnpool.k_proj.bias.requires_grad_(False)
    encoder, optimizer = accelerator.prepare(CropEncoder(model, recipe), build_optimizer(model, recipe))
    return Run(accelerator, model, encoder.train(), optimizer, recipe)


def add_gradients(run: Run, sample: Sample, *, last: bool) -> tuple[dict[str, float], Tensor]:
    """Gradients of one part of a batch, added to those there are; the terms of its loss, and its similarities.

    The loss is that of the part over all processes. Each of them has the gradients of its own crops, and accelerate
    averages: hence the factor.

    Raises:
        TrainingError: if the loss is not finite.
    """
    accelerator, recipe = run.accelerator, run.recipe
    with nullcontext() if last else accelerator.no_sync(run.encoder):
        found = run.encoder(sample.crops, sample.mosaic)
        similarities, local = (gather_whole(part, accelerator) for part in found)
        concerned, pristine, shares = (
            gather_whole(part, accelerator) for part in (sample.concerned, sample.pristine, sample.shares)
        )
        whole = Sample(sample.crops, concerned, pristine, sample.mosaic, shares)
        terms = loss_terms(similarities, local, whole, run.model.settings.pairs, recipe.losses, scale=recipe.scale)
        total = torch.stack(list(terms.values())).sum()
        if not math.isfinite(total.item()):
            raise TrainingError("the loss is not finite; lower learning_rate or use precision=fp32")
        accelerator.backward(total * accelerator.num_processes / recipe.accumulate)
    return {"loss": total.item(), **{name: term.item() for name, term in terms.items()}}, similarities.detach()


def take_step(run: Run, parts: list[Sample], *, rate: float) -> dict[str, Any]:
    """One step of the optimiser, on the parts of a batch; what it reports goes into the log.

    Raises:
        TrainingError: if a loss is not finite; the step is then not taken.
    """
    for group in run.optimizer.param_groups:
        group["lr"] = rate
    run.optimizer.zero_grad(set_to_none=True)
    results = [
        add_gradients(run, part.to(run.accelerator.device), last=number == len(parts))
        for number, part in enumerate(parts, start=1)
    ]
    if run.recipe.largest_gradient:
        run.accelerator.clip_grad_norm_(run.encoder.parameters(), run.recipe.largest_gradient)
    run.optimizer.step()
    general = general_pairs(run.model.settings.pairs)
    levels = torch.cat([similarities for _, similarities in results])[..., general, :].mean(dim=(0, 1, 3))  # (L, 2)
    return {
        **{name: sum(terms[name] for terms, _ in results) / len(results) for name in results[0][0]},
        "positive_by_level": levels[:, 0].tolist(),
        "negative_by_level": levels[:, 1].tolist(),
    }


def _run(
    run: Run, photos: list[Path], start: TrainingProgress, parts: dict[str, Stateful], out: Path
) -> TrainingProgress:
    recipe = run.recipe
    samples = loaded(_loader(photos, recipe, start.step, run.accelerator))
    watch = Stopwatch(2 * recipe.batch * len(recipe.level_values))

    def step(number: int) -> dict[str, Any]:
        batch = watch.wait_for(samples, recipe.accumulate)
        return take_step(run, batch, rate=learning_rate(number, recipe))

    try:
        return run_steps(step, recipe, parts, out, start=start, watch=watch, main=run.accelerator.is_main_process)
    finally:
        samples.close()


def fit(recipe: Recipe, photos: Path, out: Path, *, device: str) -> Path:
    """Run a recipe on a folder of photos; returns the path of the finished checkpoint.

    Writes `log.jsonl`, TensorBoard's files and `state.pt` while it runs, and `model.safetensors` at the end, in
    `out`. A run that was stopped goes on where its `state.pt` left off. `device` is "cpu" or "cuda".

    Raises:
        TrainingError: if there are no photos, the state is of another recipe, the device does not fit, the loss is
            not finite, or the run is interrupted.
    """
    train, kept_out = training_photos(photos, recipe.holdout_every)
    accelerator = build_accelerator(recipe, device=device)
    out.mkdir(parents=True, exist_ok=True)
    model, parent = first_model(recipe)
    run = build_run(model, recipe, accelerator)
    parts: dict[str, Stateful] = {"model": model, "optimizer": run.optimizer}
    if accelerator.scaler is not None:
        parts["scaler"] = accelerator.scaler
    state = out / "state.pt"
    start = load_state(state, parts, recipe) if state.is_file() else TrainingProgress(0, 0.0)
    done = _run(run, train, start, parts, out)
    finished = out / "model.safetensors"
    if accelerator.is_main_process:
        record = {
            "recipe": asdict(recipe),
            "photos": len(train),
            "held_out": len(kept_out),
            "minutes": round(done.seconds / 60, 1),
            "processes": accelerator.num_processes,
            "version": qualiclip.__version__,
            "started_from": parent,
        }
        save_checkpoint(
            model.eval(), finished, training=record, dtype=torch.float16 if recipe.half_weights else torch.float32
        )
    accelerator.wait_for_everyone()
    return finished
