"""The command `python -m train gmad`: two models compete on a folder of pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qualiclip.errors import InputError, UsageError
from qualiclip.outputs import check_distinct, check_outputs
from qualiclip.terminal import say

from .options import EngineOption, PrecisionOption, check_models

if TYPE_CHECKING:
    from qualiclip.agreement.gmad import GmadSettings, Round
    from qualiclip.scoring.scorer import Scorer

RECORD = "gmad.json"
RESULTS = ("scores.csv", "pairs.csv", "gmad.png", RECORD)  # and a figure for each pair


def _check(models: tuple[str, str], images: Path, out: Path, *, engine: str, precision: str) -> None:
    """Refuse what can be refused before anything dear is loaded."""
    if not images.is_dir():
        raise InputError(f"{images}: no such folder; expected one with pictures")
    if (out / RECORD).exists():
        raise UsageError(f"{out} holds another competition's results; choose a new folder")
    outputs = [out / name for name in RESULTS]
    check_outputs(outputs, folder=out)
    check_models(models, engine=engine, precision=precision, outputs=outputs)
    if models[0] == models[1]:
        raise _same(*models)


def _same(attacker: str, defender: str) -> UsageError:
    return UsageError(f"attacker {attacker} and defender {defender} are the same model; choose two different ones")


def _find(folder: Path, *, recursive: bool, out: Path, levels: int) -> list[Path]:
    """The pictures; refuses too few for the levels, and a folder where results would be written over them."""
    from qualiclip.pictures import list_pictures

    files = list_pictures(folder, recursive=recursive)
    if not files:
        hint = "" if recursive else "; add --recursive to look into its folders"
        raise InputError(f"{folder}: no picture in this folder{hint}")
    if len(files) < 2 * levels:
        raise InputError(
            f"at most {len(files)} pictures with a score, {levels} levels need at least {2 * levels}: "
            "add pictures or take fewer levels"
        )
    check_distinct([*(out / name for name in RESULTS), *out.glob("pair_*.png")], files)
    return files


def _load(attacker: str, defender: str, *, engine: str, precision: str) -> "tuple[Scorer, Scorer]":
    from qualiclip.machine import set_threads
    from qualiclip.scoring.scorer import load

    set_threads()
    scorers = (
        load(attacker, engine=engine, precision=precision),
        load(defender, engine=engine, precision=precision),
    )
    if len({scorer.checkpoint.sha256 for scorer in scorers}) == 1:
        raise _same(attacker, defender)
    for role, scorer in zip(("attacker", "defender"), scorers, strict=True):
        say(f"{role} {scorer.checkpoint.name} (sha256 {scorer.checkpoint.sha256[:12]}), engine {scorer.engine}")
    return scorers


def labels(given: tuple[str, str], scorers: "tuple[Scorer, Scorer]") -> tuple[str, str]:
    """Names that tell the models apart: two files of one name get their folders' names, or their hashes."""
    first, second = (scorer.checkpoint.name for scorer in scorers)
    if first != second:
        return first, second
    prefixes = [Path(path).absolute().parent.name for path in given]
    if prefixes[0] == prefixes[1]:
        prefixes = [scorer.checkpoint.sha256[:8] for scorer in scorers]
    return f"{prefixes[0]}/{first}", f"{prefixes[1]}/{second}"


def _model_facts(label: str, scorer: "Scorer") -> dict[str, Any]:
    return {
        "model": label,
        "weights_sha256": scorer.checkpoint.sha256,
        "scale": scorer.model.scale,
        "engine": scorer.engine,
        "precision": scorer.precision,
    }


def _rounds(
    names: tuple[str, str], scores: tuple[Sequence[float], Sequence[float]], settings: "GmadSettings", *, both: bool
) -> "list[Round]":
    from qualiclip.agreement.gmad import Round, compete

    rounds = [
        Round(names[a], names[b], scores[a], scores[b], compete(scores[a], scores[b], settings))
        for a, b in ((0, 1), (1, 0))[: 1 + both]
    ]
    if not any(contest.competition.pairs for contest in rounds):
        raise InputError(
            f"no two pictures of a level are within {settings.tolerance:g} sd by the defender "
            "and apart by the attacker; raise --tolerance, take fewer --levels, or add pictures"
        )
    return rounds


def gmad(
    attacker: Annotated[str, typer.Option("--attacker", help="Name or path of a model.", show_default=False)],
    defender: Annotated[str, typer.Option("--defender", help="Name or path of a model.", show_default=False)],
    images: Annotated[Path, typer.Option("--images", help="Folder of pictures.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="New folder for the results.", show_default=False)],
    recursive: Annotated[bool, typer.Option("--recursive", help="Look into the folders of folders.")] = False,
    both: Annotated[bool, typer.Option("--both", help="Then swap the roles, too.")] = False,
    levels: Annotated[int, typer.Option("--levels", help="Parts of equal count of the defender's ranking.")] = 6,
    every_level: Annotated[bool, typer.Option("--every-level", help="Not only the lowest and the highest.")] = False,
    pairs: Annotated[int, typer.Option("--pairs", help="Most pairs per level.")] = 1,
    tolerance: Annotated[
        float, typer.Option("--tolerance", help="Largest defender gap of a pair, in standard deviations.")
    ] = 0.1,
    engine: EngineOption = "auto",
    precision: PrecisionOption = "fp32",
) -> None:
    """Find the pairs of pictures that the defender calls equal and the attacker most different."""
    from qualiclip.agreement.gmad import GmadSettings

    settings = GmadSettings(levels=levels, tolerance=tolerance, pairs=pairs, every_level=every_level)
    _check((attacker, defender), images, out, engine=engine, precision=precision)
    files = _find(images, recursive=recursive, out=out, levels=levels)
    from train.gmad import report as report

    scorers = _load(attacker, defender, engine=engine, precision=precision)
    names = labels((attacker, defender), scorers)
    out.mkdir(parents=True, exist_ok=True)
    pool = report.score_pool(*scorers, images, files, table=out / "scores.csv")
    rounds = _rounds(names, (pool.attacker_scores, pool.defender_scores), settings, both=both)
    report.write_pairs(out / "pairs.csv", rounds, pool)
    models = {"attacker": _model_facts(names[0], scorers[0]), "defender": _model_facts(names[1], scorers[1])}
    report.write_figures(out, rounds, pool, models)
    facts = {**models, "images": str(images), "recursive": recursive, "both": both}
    report.write_record(out / RECORD, rounds, pool, facts)
    count = sum(len(contest.competition.pairs) for contest in rounds)
    say(f"wrote {count} pairs out of {len(pool.files)} pictures to {out}")
    if pool.failures:
        say(f"{len(pool.failures)} {'file' if len(pool.failures) == 1 else 'files'} could not be scored")
        raise typer.Exit(1)
