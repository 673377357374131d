"""One heatmap put to the test: does it find a degradation whose place is known, and do maps that know no model?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Generator, Tensor

from explain.maps.drawing import draw_heatmap
from explain.maps.explanation import Explanation, Heatmap
from explain.maps.heatmaps import explain_image
from qualiclip.degradations import Region
from qualiclip.engines.table import build_engine
from qualiclip.engines.tiling import encode
from qualiclip.models.untrained import with_random_weights
from qualiclip.scoring.scorer import Scorer

from .baselines import BASELINES
from .faithfulness import rank_correlation
from .localisation import Values, auroc
from .records import SPACING, degradation_sign

RIVALS = ("random", "edges")  # baselines that a reader understands at once


@dataclass(frozen=True)
class CheckedMap:
    """A map (H, W) as it is drawn, and the AUROC in [0, 1] with which it finds the degradation; 0.5 is chance."""

    name: str
    values: NDArray[np.float32]
    signed: bool
    auroc: float

    def at(self, height: int, width: int) -> NDArray[np.float32]:
        """The map; it has no other size than its picture's."""
        return self.values


def evidence_auroc(evidence: Values, region: Region) -> float:
    """AUROC of a map (H, W), higher where it sees a degradation, for a region; at places 4 px apart or less."""
    height, width = evidence.shape
    step = min(SPACING, max(1, min(height, width) // 8))
    places = (slice(step // 2, None, step), slice(step // 2, None, step))
    return auroc(evidence[places], region.mask(height, width).bool().numpy()[places])


def check_maps(
    explanation: Explanation, degraded: Tensor, region: Region, *, generator: Generator
) -> tuple[CheckedMap, ...]:
    """An explanation of a degraded image (3, H, W), then maps that know no model, each held against the region."""
    found = evidence_auroc(degradation_sign(explanation) * explanation.values, region)
    rivals = [(name, BASELINES[name](degraded, generator).numpy()) for name in RIVALS]
    return (
        CheckedMap(explanation.method, explanation.values, explanation.signed, found),
        *(CheckedMap(name, values, signed=False, auroc=evidence_auroc(values, region)) for name, values in rivals),
    )


def explain_untrained(
    scorer: Scorer, image: Tensor, explanation: Explanation, *, generator: Generator
) -> tuple[Explanation, float]:
    """The same explanation of an image (3, H, W) by the model with random weights; the rank correlation of the two."""
    model = with_random_weights(scorer.model, generator)
    feature_map = encode(build_engine("eager", model, precision="fp32", key="random"), image[None])
    untrained = explain_image(model, image, feature_map, method=explanation.method, target=explanation.target)
    return untrained, rank_correlation(explanation.grid, untrained.grid)


def draw_map(picture: Image.Image, heatmap: Heatmap, region: Region, *, side: int) -> Image.Image:
    """A picture with a map over it and the outline of a region, at most `side` px long."""
    drawn = draw_heatmap(picture, heatmap)
    drawn.thumbnail((side, side), Image.Resampling.LANCZOS)
    right, bottom = drawn.width - 1, drawn.height - 1
    box = (region.left * right, region.top * bottom, region.right * right, region.bottom * bottom)
    pen = ImageDraw.Draw(drawn)
    pen.rectangle(box, outline="black", width=6)
    pen.rectangle((box[0] + 2, box[1] + 2, box[2] - 2, box[3] - 2), outline="white", width=2)
    return drawn
