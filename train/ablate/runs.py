"""The runs of an ablation: trained once, measured once, found again when the command is given again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor
from tqdm import tqdm

from qualiclip.agreement.metrics import agreement
from qualiclip.errors import InputError, TrainingError, UsageError
from qualiclip.outputs import write_text
from qualiclip.pictures import as_image
from qualiclip.scoring.reports import Failure
from qualiclip.scoring.scorer import load
from qualiclip.terminal import say
from qualiclip.version import __version__
from qualiclip.weights.loading import load_checkpoint
from train.evaluate.datasets.columns import Columns, read_table
from train.evaluate.ordering_accuracy import center_crop, ordering_measures, score_photos
from train.fit.trainer import fit
from train.recipes.settings import Recipe
from train.samples.crops import list_photos, split_holdout

from .variants import PlannedRun, Result

MEASURES = "measures.json"
Opinions = Mapping[Path, Sequence[tuple[str, float]]]  # by folder: file names and opinions


@dataclass(frozen=True)
class Examination:
    """What every run is measured on: held-out images (3, H, W), and folders of pictures with opinions."""

    images: tuple[Tensor, ...]
    opinions: Opinions

    def fingerprint(self) -> str:
        """Changes with the images, the opinions and the version of this program."""
        digest = hashlib.sha256(__version__.encode())
        for image in self.images:
            digest.update(image.contiguous().numpy().tobytes())
        digest.update(json.dumps({str(folder): list(rows) for folder, rows in self.opinions.items()}).encode())
        return digest.hexdigest()


def held_out_images(photos: Path, recipe: Recipe, *, count: int) -> tuple[Tensor, ...]:
    """The middles of up to `count` photos that the recipe keeps out of training, evenly picked.

    Raises:
        UsageError: if the recipe keeps none out, or fewer than two photos are left.
        InputError: if a photo can't be read.
    """
    if not recipe.holdout_every:
        raise UsageError("an ablation is measured on photos kept out of training; add --set holdout_every=20")
    _, kept_out = split_holdout(list_photos(photos), recipe.holdout_every)
    picked = [kept_out[place * len(kept_out) // count] for place in range(count)] if count < len(kept_out) else kept_out
    if len(picked) < 2:
        raise UsageError(
            f"an ablation is measured on at least two photos kept out of training, here {len(picked)}; "
            "lower holdout_every, or raise --pictures"
        )
    return tuple(center_crop(as_image(photo)).clone() for photo in picked)


def read_folders(folders: Sequence[Path]) -> dict[Path, list[tuple[str, float]]]:
    """The opinions of each folder, from its mos.csv with the columns file and mos.

    Raises:
        UsageError: if two folders have the same name.
        InputError: if a table can't be used, or a picture is missing.
    """
    if len({_label(folder) for folder in folders}) < len(folders):
        raise UsageError("two --data folders have the same name, and results are listed by it; rename one")
    opinions = {
        folder: [(str(rated.path), rated.opinion) for rated in read_table(folder / "mos.csv", Columns())]
        for folder in folders
    }
    for folder, rows in opinions.items():
        human = [opinion for _, opinion in rows]
        agreement(human, human)  # refuses what no correlation can be computed with
        if missing := [name for name, _ in rows if not (folder / name).is_file()]:
            raise InputError(f"{folder / missing[0]}: no such file; mos.csv names {len(missing)} that are not there")
    return opinions


def _label(folder: Path) -> str:
    return folder.resolve().name


def is_finished(run: PlannedRun, *, photos: int) -> bool:
    """Whether a run has left its checkpoint.

    Raises:
        TrainingError: if the checkpoint is of another recipe or another number of photos to train on.
    """
    file = run.folder / "model.safetensors"
    if not file.is_file():
        return False
    record = load_checkpoint(str(file)).training
    if record.get("recipe") != json.loads(json.dumps(asdict(run.recipe))):
        raise TrainingError(f"{file} was made with another recipe; use another folder or the same settings")
    if record.get("photos") != photos:
        raise TrainingError(f"{file} was trained on {record.get('photos')} photos, now {photos}; use another folder")
    return True


def _srcc(file: Path, folder: Path, rows: Sequence[tuple[str, float]]) -> float:
    """SRCC with the opinions on a folder's pictures; 0 for a model to which all pictures are the same."""
    results = load(str(file), engine="fused").score_many(folder / name for name, _ in rows)
    scores = []
    for result in tqdm(results, total=len(rows), unit="picture", desc=_label(folder), leave=False, disable=None):
        if isinstance(result, Failure):
            raise InputError(f"{result.error}; take it out of {folder / 'mos.csv'}")
        scores.append(result.score)
    return agreement(scores, [opinion for _, opinion in rows]).srcc if len(set(scores)) > 1 else 0.0


def measure(file: Path, examination: Examination, *, device: str) -> dict[str, float]:
    """All measures of a checkpoint, in full precision.

    Raises:
        InputError: if a picture with an opinion can't be scored.
    """
    model = load_checkpoint(str(file)).model.to(device)

    def score(images: Tensor) -> Tensor:
        return model.score(model.feature_map(images.to(device))).cpu()

    images = tqdm(examination.images, unit="photo", desc="ordering", leave=False, disable=None)
    srcc = {f"srcc_{_label(folder)}": _srcc(file, folder, rows) for folder, rows in examination.opinions.items()}
    return {**ordering_measures(score_photos(score, images)), **srcc}


def _kept_measures(path: Path, origin: Mapping[str, str]) -> dict[str, float] | None:
    """The measures that an earlier start left, None if there are none, or they are damaged or of something else."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        measures: dict[str, float] = record.pop("measures")
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return None
    return measures if record == origin else None


def _measure_once(run: PlannedRun, examination: Examination, *, device: str) -> dict[str, float]:
    """The measures of a finished run: those that stand in its folder, where they are of the same examination."""
    file, kept = run.folder / "model.safetensors", run.folder / MEASURES
    origin = {
        "weights_sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "examination": examination.fingerprint(),
    }
    measures = _kept_measures(kept, origin)
    if measures is None:
        measures = measure(file, examination, device=device)
        write_text(kept, json.dumps({**origin, "measures": measures}, indent=2) + "\n")
    return measures


def run_all(runs: Sequence[PlannedRun], photos: Path, examination: Examination, *, device: str) -> list[Result]:
    """Train and measure all runs; what is finished is only looked up, and what was interrupted goes on.

    Raises:
        TrainingError: if a run's folder holds something else, before any is trained; or if training fails.
        InputError: if a picture with an opinion can't be scored.
    """
    train, _ = split_holdout(list_photos(photos), runs[0].recipe.holdout_every)
    finished = [is_finished(run, photos=len(train)) for run in runs]
    results = []
    for number, (run, done) in enumerate(zip(runs, finished, strict=True), start=1):
        state = "finished before" if done else "training"
        say(f"run {number} of {len(runs)}: {run.variant}, seed {run.recipe.seed}, {state}")
        if not done:
            fit(run.recipe, photos, run.folder, device=device)
            (run.folder / "state.pt").unlink()  # three times as large as the weights, and not needed any more
        results.append(Result(run.variant, run.recipe.seed, _measure_once(run, examination, device=device)))
    return results
