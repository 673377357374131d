"""Where a score lies among those of a pool of photos; only the scores are shipped, by the hash of the weights."""

import json
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

from qualiclip.assets import asset
from qualiclip.scoring.reports import QualityReport

FILE = asset("reference_scores.json")


@dataclass(frozen=True)
class Rank:
    """The share [%] of a pool of `count` photos that scores lower."""

    percent: int
    count: int
    pool: str


@lru_cache(maxsize=1)
def _content() -> dict[str, object]:
    content: dict[str, object] = json.loads(FILE.read_text("utf-8"))
    return content


def rank(report: QualityReport) -> Rank | None:
    """The rank of a score in the pool, or None if the pool was not scored with these weights and this scale.

    Prompts of one's own and another scale give other scores: the report says both.
    """
    content = _content()
    models = content["models"]
    if not isinstance(models, dict) or report.weights_sha256 not in models:
        return None
    scores = models[report.weights_sha256]["scores"]
    return Rank(round(100 * bisect_left(scores, report.score) / len(scores)), len(scores), str(content["pool"]))
