"""`python -m ui.space --out DIR`: the folder to push to a Hugging Face Space; docs/space.md says how."""

import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from qualiclip.errors import UsageError, look_up
from qualiclip.outputs import check_new_folder
from qualiclip.terminal import put, require_output, run, say
from qualiclip.weights.files import RemoteFile
from qualiclip.weights.registry import REGISTRY, RegistryEntry

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("app.py", "LICENSE", "assets", "explain", "qualiclip", "ui")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "space", "gallery")
WORDS = ROOT / "assets" / "space" / "README.md"
FOR_TRAINING = ("accelerate", "openpyxl")
# ZeroGPU has torch 2.8.0, 2.9.1, 2.10.0 and 2.11.0 (October 2026); pip takes the newest one that is allowed.
NEWEST = {"torch": "2.11.0", "torchvision": "0.26.0"}
LINK = re.compile(r"!?\[([^\]]*)\]\((?!https?:|#)([^)#]+)[^)]*\)")

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def front_matter(readme: str) -> str:
    """The settings between the first two lines of dashes of a README, as YAML."""
    return readme.split("---\n", 2)[1]


def preloaded(models: Sequence[str]) -> str:
    """Settings that have Hugging Face put the files of registered models into the Space when it is built.

    Raises:
        UsageError: if a model is unknown.
    """
    files = [entry.file for name in models for entry in _with_base(look_up(REGISTRY, name, kind="model"))]
    places = dict.fromkeys(file.hub for file in files if isinstance(file, RemoteFile) and file.hub)
    if not places:
        return ""
    repositories = "".join(f"  - {name}\n" for name in dict.fromkeys(repository for repository, _ in places))
    return f"models:\n{repositories}preload_from_hub:\n" + "".join(f"  - {' '.join(place)}\n" for place in places)


def _with_base(entry: RegistryEntry) -> list[RegistryEntry]:
    return [entry, REGISTRY[entry.base]] if entry.base else [entry]


def space_requirements(lines: list[str]) -> list[str]:
    """The requirements without what only training needs, and with no release that ZeroGPU lacks."""
    names = [re.split(r"[<>=!~\[ ]", line, maxsplit=1)[0] for line in lines]
    return [
        f"{line},<={NEWEST[name]}" if name in NEWEST else line
        for name, line in zip(names, lines, strict=True)
        if name not in FOR_TRAINING
    ]


def without_dangling_links(text: str, folder: Path) -> str:
    """Markdown in which links to files that are not there, seen from `folder`, are only their words."""
    return LINK.sub(lambda link: link[0] if (folder / link[2]).exists() else link[1], text)


def build_space(out: Path, *, models: Sequence[str] = ()) -> None:
    """Write what a Space needs into a new or empty folder: app, packages, assets, README, requirements, licence.

    The weights of `models` are not written; Hugging Face gets them when it builds the Space.

    Raises:
        UsageError: if the folder is not empty or lies in what is copied, or a model is unknown.
    """
    check_new_folder(out)
    place = out.resolve()
    if any(place.is_relative_to(ROOT / part) for part in PARTS):
        raise UsageError(f"{out} lies in what is copied there; choose a folder outside of {', '.join(PARTS)}")
    settings = front_matter((ROOT / "README.md").read_text(encoding="utf-8")) + preloaded(models)
    out.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, out / part, ignore=LEFT_OUT)
        else:
            shutil.copyfile(ROOT / part, out / part)
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    (out / "requirements.txt").write_text("\n".join(space_requirements(requirements)) + "\n", encoding="utf-8")
    readme = f"---\n{settings}---\n\n{WORDS.read_text(encoding='utf-8')}"
    (out / "README.md").write_text(readme, encoding="utf-8")
    for page in out.rglob("*.md"):
        page.write_text(without_dangling_links(page.read_text(encoding="utf-8"), page.parent), encoding="utf-8")


@app.command()
def space(
    out: Annotated[Path, typer.Option("--out", help="New folder for what a Space needs.", show_default=False)],
    models: Annotated[str, typer.Option("--models", help="Whose weights it gets, separated by commas.")] = "",
) -> None:
    """Write the folder to push to a Hugging Face Space, and print the command that pushes it."""
    require_output()
    build_space(out, models=[name.strip() for name in models.split(",") if name.strip()])
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    say(f"wrote {out}, {size / 1e6:.0f} MB; push it with:")
    put(f'hf upload YOU/qualiclip-studio {out} . --repo-type space --delete "*"')


if __name__ == "__main__":
    sys.exit(run(app, "python -m ui.publish.space"))
