"""`python -m tests.document_reference FOLDER [MODEL…]`: scores of a folder of photos, for the studio's percentiles.

They go into assets/reference_scores.json, under the hash of the model's weights; the photos stay where they are.
"""

import json
import sys
from pathlib import Path

import qualiclip
from ui.studio.reference import FILE

POOL = "LIVE In the Wild"  # authentic photos, mostly by phones; a part of it


def main(folder: str, *models: str) -> None:
    """Score the pictures of a folder with each model."""
    pictures = sorted(path for path in Path(folder).iterdir() if path.suffix != ".csv")
    content = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    content |= {"pool": POOL, "count": len(pictures)}
    for name in models or ("compact",):
        scorer = qualiclip.load(name)
        scores = sorted(round(report.score, 4) for report in scorer.score_many(pictures))
        content.setdefault("models", {})[scorer.checkpoint.sha256] = {"name": name, "scores": scores}
    FILE.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
