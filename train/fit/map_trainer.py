"""Training of a degradation map: one function that runs a recipe, on one device."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch.optim import Optimizer
from torch.utils.data import DataLoader

import qualiclip
from qualiclip.errors import TrainingError
from qualiclip.models.degradation_map import DegradationMap
from qualiclip.pictures import load_picture, picture_to_image
from qualiclip.weights.files import file_sha256
from qualiclip.weights.map_files import load_map, save_map
from train.losses.places import level_loss, order_loss
from train.recipes.maps import MapRecipe
from train.samples.crops import training_photos
from train.samples.mosaics import Mosaic, MosaicDataset, collate_mosaics

from .loop import Stopwatch, leave_interrupts_to_main, loaded, run_steps
from .models import weights_of
from .optimization import build_optimizer, learning_rate
from .states import Stateful, TrainingProgress, load_state

PAIRS = 512  # of places of each crop, in a step
MOST_PHOTOS = 200  # that the quiet level is measured on
FALSE_ALARMS = 0.05  # of photos without a degradation, the share in which something may stand out


def random_map(recipe: MapRecipe) -> DegradationMap:
    """A network with random weights from the recipe's seed."""
    with weights_of(recipe.seed):
        return DegradationMap(recipe.width).float()


def first_map(recipe: MapRecipe) -> tuple[DegradationMap, dict[str, Any] | None]:
    """The network that a run starts with; if it is a trained one, also its file's hash and training record.

    Raises:
        TrainingError: if the network of `start_from` has another width.
        WeightsError: if its file is none of a degradation map.
    """
    if not recipe.start_from:
        return random_map(recipe), None
    path = Path(recipe.start_from)
    network, training = load_map(path)
    if network.width != recipe.width:
        raise TrainingError(
            f"{path.name} has width {network.width}, the recipe {recipe.width}; set width={network.width}"
        )
    return network.requires_grad_(True), {"sha256": file_sha256(path), "training": training}


def _loader(photos: list[Path], recipe: MapRecipe, start: int) -> DataLoader[Mosaic]:
    return DataLoader(
        MosaicDataset(photos, recipe, start=start),
        batch_size=recipe.batch,
        num_workers=recipe.workers,
        collate_fn=collate_mosaics,
        worker_init_fn=leave_interrupts_to_main,
        multiprocessing_context="spawn" if recipe.workers else None,
    )


def take_step(
    network: DegradationMap, optimizer: Optimizer, batch: Mosaic, recipe: MapRecipe, *, step: int, device: str
) -> dict[str, Any]:
    """One step of the optimiser; its losses go into the log.

    Raises:
        TrainingError: if the loss is not finite; the step is then not taken.
    """
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(step, recipe)
    logits, shares = network(batch.crops.to(device)), batch.shares.to(device)
    generator = torch.Generator().manual_seed(recipe.seed + step)
    level, order = level_loss(logits, shares), order_loss(logits, shares, pairs=PAIRS, generator=generator)
    loss = level + recipe.order_weight * order
    if not math.isfinite(loss.item()):
        raise TrainingError("the loss is not finite; lower learning_rate")
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]  # torch's own
    if recipe.largest_gradient:
        torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.largest_gradient)
    optimizer.step()
    return {"loss": loss.item(), "level": level.item(), "order": order.item()}


def measure_quiet_level(network: DegradationMap, photos: list[Path]) -> float:
    """The level that some place exceeds in at most 5 of 100 photos like these, as they are; given 19 or more.

    The peak of another photo has any rank among theirs with the same chance, so the quantile counts it in. Source:
    split conformal prediction, arXiv 2107.07511.
    """
    images = (picture_to_image(load_picture(photo)) for photo in photos)
    device = next(network.parameters()).device
    peaks = sorted(float(network.levels(image[None].to(device)).max()) for image in images)
    rank = min(len(peaks), math.ceil((1 - FALSE_ALARMS) * (len(peaks) + 1)))
    return math.ceil(1000 * peaks[rank - 1]) / 1000


def fit_map(recipe: MapRecipe, photos: Path, out: Path, *, device: str) -> Path:
    """Run a recipe on a folder of photos; returns the path of the finished file.

    Writes `log.jsonl`, TensorBoard's files and `state.pt` while it runs, and `model.safetensors` at the end, in `out`.
    A run that was stopped goes on where its `state.pt` left off. `device` is "cpu" or "cuda".

    Raises:
        TrainingError: if there are no photos, the state is of another recipe, the loss is not finite, or the run is
            interrupted.
    """
    train, kept_out = training_photos(photos, recipe.holdout_every)
    out.mkdir(parents=True, exist_ok=True)
    network, parent = first_map(recipe)
    network = network.to(device).to(memory_format=torch.channels_last).train()  # so it takes a third less
    optimizer = build_optimizer(network, recipe)
    parts: dict[str, Stateful] = {"model": network, "optimizer": optimizer}
    state = out / "state.pt"
    start = load_state(state, parts, recipe) if state.is_file() else TrainingProgress(0, 0.0)
    samples, watch = loaded(_loader(train, recipe, start.step)), Stopwatch(recipe.batch)

    def step(number: int) -> dict[str, Any]:
        (batch,) = watch.wait_for(samples, 1)
        return take_step(network, optimizer, batch, recipe, step=number, device=device)

    try:
        done = run_steps(step, recipe, parts, out, start=start, watch=watch)
    finally:
        samples.close()
    network.eval()
    record = {
        "recipe": {**asdict(recipe), "start_from": Path(recipe.start_from).name},
        "started_from": parent,
        "photos": len(train),
        "held_out": len(kept_out),
        "quiet_level": measure_quiet_level(network, (kept_out or train)[:MOST_PHOTOS]),
        "minutes": round(done.seconds / 60, 1),
        "version": qualiclip.__version__,
    }
    save_map(network, out / "model.safetensors", training=record)
    return out / "model.safetensors"
