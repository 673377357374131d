"""The pictures that compete in the Duel tab, and those who judge them: the served models, and a plain measure."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from torch import Tensor

from explain.checks.baselines import edge_strength
from qualiclip.crops import reduced
from qualiclip.degradations import Step, apply_steps
from qualiclip.pictures import image_to_picture, load_picture, picture_to_image
from qualiclip.scoring.reading import decoded
from qualiclip.scoring.reports import QualityReport
from qualiclip.scoring.scorer import Scorer
from ui.files.intake import Entry
from ui.frame.examples import list_examples

SIDE = 384  # px of the examples' longer side: small enough for 170 of them in a few seconds
# One of each kind of degradation that people tell apart at this size.
KINDS = (
    *("gaussian_blur", "motion_blur", "jpeg", "white_noise", "impulse_noise", "pixelate", "darken"),
    "linear_contrast_change",
)
LEVELS = (2, 4)
SEED = 0
LEAST_STEP = 1e-4  # of the plain measure: what has no edges at all has no logarithm
EDGES = "edges"  # the name of the plain measure among those of the models


@dataclass(frozen=True)
class Candidate:
    """A picture of a pool: of what photo, what was done to it, and how to get it as an image (3, H, W)."""

    photo: str
    read: Callable[[], Tensor] = field(compare=False)  # raises InputError
    step: Step | None = None

    def image(self) -> Tensor:
        """The image (3, H, W).

        Raises:
            InputError: if it can't be read.
        """
        return self.read()


def example_pool() -> list[Candidate]:
    """The example photos, reduced, each as it is and with every kind of degradation at every level."""
    steps = [None, *(Step(name, level, SEED) for name in KINDS for level in LEVELS)]
    return [
        Candidate(example.path.stem, _example_reader(example.path, step), step)
        for example in list_examples()
        for step in steps
    ]


@lru_cache(maxsize=16)
def _small(path: Path) -> Tensor:
    return picture_to_image(reduced(load_picture(path), SIDE))


def _example_reader(path: Path, step: Step | None) -> Callable[[], Tensor]:
    def read() -> Tensor:
        if step is None:
            return _small(path)
        return picture_to_image(image_to_picture(apply_steps(_small(path), [step])))  # in eight bits, as it is shown

    return read


def upload_pool(entries: Sequence[Entry], scorer: Scorer) -> list[Candidate]:
    """The pictures that a visitor sent, as they are, within the limits of a scorer."""

    def reader(entry: Entry) -> Callable[[], Tensor]:
        return lambda: scorer.read(entry.read())

    return [Candidate(entry.name, reader(entry)) for entry in entries]


def judge(candidates: Sequence[Candidate], scorer: Scorer | None) -> Iterator[float | None]:
    """What a model, or without one the plain measure, thinks of each picture; None of those that can't be read."""
    if scorer is not None:
        for result in scorer.score_read(candidates, Candidate.image):
            yield result.score if isinstance(result, QualityReport) else None
        return
    for item in decoded(Candidate.image, candidates):
        # As a logarithm: from a soft picture to a sharp one the step doubles, and once more to a noisy one.
        yield None if item.image is None else math.log10(max(edge_strength(item.image), LEAST_STEP))
