"""What the embedded model promises: on the example pictures, with its real weights."""

from collections.abc import Iterator, Mapping

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from qualiclip.degradations import degrade
from qualiclip.pictures import image_to_picture
from qualiclip.scoring.scorer import Scorer, load
from tests.conftest import EXAMPLES
from tests.robustness import movements
from train.samples.topics import PAIR_TOPICS

LONGEST_SIDE = 512  # px, to spare time
SHARP, NOISE_FREE = ("Sharp image.", "Sharp edges."), "Noise-free image."
BLURS = ("gaussian_blur", "lens_blur", "motion_blur")
NOISES = ("white_noise", "white_noise_ycbcr", "impulse_noise", "multiplicative_noise")


@pytest.fixture(scope="module")
def compact() -> Scorer:
    return load("compact", engine="fused")


@pytest.fixture(scope="module")
def images(compact: Scorer) -> list[Tensor]:
    pictures = sorted(path for path in EXAMPLES.iterdir() if path.suffix in (".png", ".jpg"))
    return [reduced(compact.read(path)) for path in pictures]


def reduced(image: Tensor) -> Tensor:
    factor = min(1.0, LONGEST_SIDE / max(image.shape[1:]))
    return functional.interpolate(image[None], scale_factor=factor, mode="bicubic", antialias=True)[0].clamp(0, 1)


def bars(scorer: Scorer, image: Tensor) -> Mapping[str, float]:
    return {pair.positive: pair.probability for pair in scorer.score(image).pairs}


@pytest.fixture(scope="module")
def untouched(compact: Scorer, images: list[Tensor]) -> list[Mapping[str, float]]:
    return [bars(compact, image) for image in images]


def mean_falls(
    scorer: Scorer, images: list[Tensor], untouched: list[Mapping[str, float]], name: str
) -> Mapping[str, float]:
    """How far each pair falls at level 3 of a degradation, on average over the pictures."""

    def falls() -> Iterator[list[float]]:
        for image, before in zip(images, untouched, strict=True):
            after = bars(scorer, degrade(image, name, level=3, generator=torch.Generator().manual_seed(1)))
            yield [before[pair] - after[pair] for pair in before]

    return dict(zip(untouched[0], np.mean(list(falls()), axis=0).tolist(), strict=True))


@pytest.mark.parametrize("name", BLURS)
def test_blur_moves_a_sharpness_pair_most_of_the_attributes(
    name: str, compact: Scorer, images: list[Tensor], untouched: list[Mapping[str, float]]
) -> None:
    falls = mean_falls(compact, images, untouched, name)
    attributes = {pair: falls[pair] for pair in PAIR_TOPICS}  # the general pairs are about blur, too
    assert max(attributes, key=attributes.__getitem__) in SHARP, falls
    assert falls[NOISE_FREE] < 0.25 * max(attributes.values())


@pytest.mark.parametrize("name", NOISES)
def test_noise_moves_the_noise_pair_most_of_all(
    name: str, compact: Scorer, images: list[Tensor], untouched: list[Mapping[str, float]]
) -> None:
    falls = mean_falls(compact, images, untouched, name)
    assert max(falls, key=falls.__getitem__) == NOISE_FREE, falls  # of all seven pairs
    assert all(fall > 0 for fall in falls.values())


def test_a_picture_saved_again_without_loss_has_exactly_the_same_score(
    compact: Scorer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for path in sorted(EXAMPLES.glob("*.jpg")):
        again = tmp_path_factory.mktemp("again") / "again.png"
        image_to_picture(compact.read(path)).save(again)
        assert compact.score(again).pairs == compact.score(path).pairs


def test_what_should_not_count_hardly_moves_the_score(compact: Scorer, images: list[Tensor]) -> None:
    moved = [distance for image in images[::2] for _, distance in movements(compact, image)]
    assert np.percentile(moved, 95) < 0.05
