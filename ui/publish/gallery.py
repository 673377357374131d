"""`python -m ui.gallery --out DIR`: sweeps of the example photos as plain HTML, which needs no server."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from explain.figures.sweep import DEGRADED, monotonicity_plot
from explain.maps.defaults import DEFAULT_METHOD, DEFAULT_TARGET
from explain.maps.drawing import draw_heatmap
from explain.maps.heatmaps import explain_image
from qualiclip.assets import asset
from qualiclip.degradations import DEGRADATIONS, degrade
from qualiclip.degradations.masks import quadrants
from qualiclip.drawing.files import model_line, report_facts, save_figure
from qualiclip.errors import look_up
from qualiclip.machine import set_threads
from qualiclip.outputs import check_new_folder
from qualiclip.pictures import image_to_picture
from qualiclip.scoring.scorer import Scorer, load
from qualiclip.scoring.sweep import SweepRow, sweep
from qualiclip.terminal import run, say
from qualiclip.version import __version__
from ui.commands.options import EngineOption, PrecisionOption, check_models
from ui.frame.examples import list_examples
from ui.texts import ENGLISH, TABLES

from .gallery_pages import GalleryHeatmap, Photo, index_page, photo_page, readme

ASSETS = asset("gallery")
FILES = ("gallery.css", "gallery.js")
DETAIL_SIDE = 256  # px of a cell of the wall, shown at about half of that and enlarged on request
LARGEST_SIDE = 900  # px of whole pictures as they are shown; they are scored at full size
QUALITY: dict[str, Any] = {"quality": 90, "subsampling": 0}  # of JPEG: hardly any degradation of its own
OPACITY = 0.6

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class _State:
    """A photo as it is explained: pristine, or one type at level 4, everywhere or in the top left quadrant."""

    slug: str
    title: str
    name: str | None = None
    local: bool = False

    def apply(self, image: Tensor, *, seed: int) -> Tensor:
        if self.name is None:
            return image
        mask = quadrants(*image.shape[-2:])[0] if self.local else None
        return degrade(image, self.name, level=4, generator=torch.Generator().manual_seed(seed), mask=mask)


STATES = (
    _State("original", "Original"),
    _State("blur", "Gaussian blur, level 4", "gaussian_blur"),
    _State("noise", "White noise, level 4", "white_noise"),
    _State("jpeg", "JPEG, level 4", "jpeg"),
    _State("local", "White noise, level 4, in the top left quarter only", "white_noise", local=True),
)


def save_picture(picture: Image.Image, path: Path) -> None:
    """Write a picture as JPEG, reduced to the largest side that the gallery shows."""
    shown = picture.copy()
    shown.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.LANCZOS)
    shown.save(path, **QUALITY)


def _save_details(rows: Sequence[SweepRow], folder: Path) -> None:
    rows[0].details[0].save(folder / "detail.jpg", **QUALITY)
    for row in rows:
        for level in DEGRADED:
            row.details[level].save(folder / f"{row.name}-{level}.jpg", **QUALITY)


def _save_curves(rows: Sequence[SweepRow], label: str, folder: Path) -> None:
    report, seed = rows[0].reports[0], rows[0].seed
    words = f"{label} at {report.width} × {report.height} px, seed {seed}\n{model_line(report)}"
    figure = monotonicity_plot(rows, title=f"{label}: quality score at rising levels", facts=words)
    facts = {"Picture": label, **report_facts(report), "Seed": str(seed)}
    save_figure(figure, folder / "curves.svg", description=words, version=__version__, facts=facts)


def _heatmaps(scorer: Scorer, image: Tensor, folder: Path, *, seed: int) -> Iterator[GalleryHeatmap]:
    for state in STATES:
        degraded = state.apply(image, seed=seed)
        features = scorer.encode(degraded)
        explanation = explain_image(scorer.model, degraded, features, method=DEFAULT_METHOD, target=DEFAULT_TARGET)
        picture = image_to_picture(degraded)
        save_picture(picture, folder / f"{state.slug}.jpg")
        save_picture(draw_heatmap(picture, explanation, opacity=OPACITY), folder / f"{state.slug}-heatmap.jpg")
        yield GalleryHeatmap(state.slug, state.title, scorer.report(degraded, features).score, explanation.note)


def make_photo(scorer: Scorer, path: Path, label: str, names: Sequence[str], folder: Path, *, seed: int) -> Photo:
    """What the gallery says of one photo; its pictures and its figure are written to a new folder.

    Raises:
        InputError: if the photo can't be used.
    """
    folder.mkdir()
    image = scorer.read(path)
    pristine = scorer.score(image)
    rows = [sweep(image, pristine, scorer, name, seed=seed, side=DETAIL_SIDE) for name in names]
    _save_details(rows, folder)
    _save_curves(rows, label, folder)
    heatmaps = tuple(_heatmaps(scorer, image, folder, seed=seed))
    return Photo(path, label, pristine, tuple(rows), heatmaps, rows[0].details[0].size)


def build_gallery(scorer: Scorer, labels: Mapping[Path, str], names: Sequence[str], out: Path, *, seed: int) -> None:
    """Write the gallery of labelled photos into a new or empty folder: index.html, a page and a folder for each.

    Raises:
        UsageError: if the folder is not empty.
        InputError: if a photo can't be used.
    """
    check_new_folder(out)
    out.mkdir(parents=True, exist_ok=True)
    photos = [
        make_photo(scorer, path, label, names, out / path.stem, seed=seed)
        for path, label in tqdm(labels.items(), unit="photo", disable=None)
    ]
    for name in FILES:
        (out / name).write_bytes((ASSETS / name).read_bytes())
    pages = {"index.html": index_page(photos), "README.md": readme()}
    pages |= {f"{photo.slug}.html": photo_page(photos, number) for number, photo in enumerate(photos)}
    for name, text in pages.items():
        (out / name).write_text(text, encoding="utf-8")


def _chosen(text: str) -> dict[Path, str]:
    paths = {example.path.stem: example.path for example in list_examples()}
    names = [name.strip() for name in text.split(",")] if text else list(paths)
    return {look_up(paths, name, kind="example photo"): TABLES[ENGLISH][f"example/{name}"] for name in names}


@app.command()
def gallery(
    out: Annotated[Path, typer.Option("--out", help="New folder for the gallery.", show_default=False)],
    model: Annotated[str, typer.Option("--model", help="Name or path of a model.")] = "compact",
    photos: Annotated[str, typer.Option("--photos", help="Example photos, separated by commas; default all.")] = "",
    types: Annotated[str, typer.Option("--types", help="Degradations, separated by commas; default all.")] = "",
    seed: Annotated[int, typer.Option("--seed", help="Of the degradations.", min=0)] = 0,
    engine: EngineOption = "auto",
    precision: PrecisionOption = "fp32",
) -> None:
    """Write a gallery of the example photos, every degradation at every level, as HTML that needs no server."""
    check_new_folder(out)
    labels = _chosen(photos)
    names = [name.strip() for name in types.split(",")] if types else list(DEGRADATIONS)
    for name in names:
        look_up(DEGRADATIONS, name, kind="degradation")
    check_models([model], engine=engine, precision=precision)
    set_threads()
    build_gallery(load(model, engine=engine, precision=precision), labels, names, out, seed=seed)
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    say(f"wrote {out / 'index.html'} and what belongs to it, {size / 1e6:.0f} MB")


if __name__ == "__main__":
    sys.exit(run(app, "python -m ui.publish.gallery"))
