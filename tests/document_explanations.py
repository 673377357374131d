"""`make docs-explanations PHOTOS=folder`: the measured parts and the figure of docs/explanations.md."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "explanations.md"
CHECK = DOCS.parent / "assets" / "heatmap_check.md"  # what the studio shows of it
PICTURES = 40  # of the folder


def with_part(text: str, name: str, tables: str) -> str:
    """The page with the tables between the two comments of that name."""
    start, end = (f"<!-- {edge} {name} -->\n" for edge in ("begin", "end"))
    before, rest = text.split(start)
    after = rest.split(end)[1]
    lower = re.sub(r"^#", "##", tables, flags=re.MULTILINE)  # below the headings of the page
    return f"{before}{start}\n{lower}\n{end}{after}"


def part_of(page: str, name: str) -> str:
    """What stands between the two comments of that name."""
    return page.split(f"<!-- begin {name} -->")[1].split(f"<!-- end {name} -->")[0].strip()


def check_of(page: str) -> str:
    """What the studio shows: what the degradation map finds; how the photos were measured, and the best methods."""
    photos = part_of(page, "photos")
    facts = next(line for line in photos.splitlines() if line and not line.startswith("#"))
    table = photos[photos.index("A quadrant is degraded") :].split("\n\n#")[0]
    words = "**The degradation map** of pictures of which a region is degraded, at level 3 and at level 4."
    others = f"**Maps of the model.** {facts.rstrip(chr(46))}."
    return f"{words}\n\n{part_of(page, 'degradation map')}\n\n{others}\n\n{table.strip()}\n"


def measure(out: Path, model: str, *options: str) -> str:
    """The tables of a benchmark, whose files come to lie in a folder."""
    command = ["benchmark", "--model", model, "--out", str(out), *options]
    subprocess.run([sys.executable, "-m", "explain", *command], check=True, stdout=subprocess.DEVNULL)
    return (out / "summary.md").read_text(encoding="utf-8")


def main(photos: str, model: str = "compact") -> None:
    """Measure on the example pictures and on a folder of photos; write the page and its figure."""
    with tempfile.TemporaryDirectory() as folder:
        outs = {name: Path(folder) / name for name in ("examples", "photos")}
        held_out = ("--images", photos, "--pictures", str(PICTURES), "--label", "held-out photos")
        tables = {"examples": measure(outs["examples"], model), "photos": measure(outs["photos"], model, *held_out)}
        text = PAGE.read_text(encoding="utf-8")
        for name, part in tables.items():
            text = with_part(text, name, part)
        PAGE.write_text(text, encoding="utf-8")
        CHECK.write_text(check_of(text), encoding="utf-8")
        with Image.open(outs["photos"] / "summary.png") as figure:
            size = figure.width * 2 // 3, figure.height * 2 // 3
            small = figure.convert("RGB").resize(size, Image.Resampling.LANCZOS).quantize(96)
            small.save(DOCS / "explanations.png", optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
