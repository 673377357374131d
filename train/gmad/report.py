"""What a gMAD competition leaves in its folder: tables, figures and a record of how they came about."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from qualiclip.agreement.gmad import PicturePair, Round
from qualiclip.errors import one_line
from qualiclip.outputs import naming, row_file, whole_file
from qualiclip.pictures import load_picture
from qualiclip.scoring.reports import Failure
from qualiclip.scoring.scorer import Scorer
from qualiclip.terminal import say
from qualiclip.version import __version__

from .figures import LARGEST, MOST_COLUMNS, TILE, Duel, Side, overview, pair_figure, reduced, save

PAIR_COLUMNS = (
    *("attacker", "defender", "level", "defender_low", "defender_high", "rank", "file_better", "file_worse"),
    *("attacker_better", "attacker_worse", "defender_better", "defender_worse"),
    *("attacker_gap", "attacker_gap_sd", "defender_gap", "defender_gap_sd", "figure"),
)


@dataclass(frozen=True)
class Pool:
    """The pictures that both models scored, with the scores of each model, and the files that failed."""

    folder: Path
    files: tuple[Path, ...]
    attacker_scores: tuple[float, ...]
    defender_scores: tuple[float, ...]
    failures: tuple[Failure, ...]

    def name(self, place: int) -> str:
        """Name of a picture within the folder."""
        return self.files[place].relative_to(self.folder).as_posix()


@contextmanager
def _writing(path: Path) -> Iterator[TextIO]:
    with whole_file(path) as draft, row_file(draft) as file:
        yield file


def score_by_both(attacker: Scorer, defender: Scorer, files: Sequence[Path]) -> Iterator[tuple[float, float] | Failure]:
    """Both models' scores of each file, in order, or why there are none."""
    for first, second in zip(attacker.score_many(files), defender.score_many(files), strict=True):
        if isinstance(first, Failure):
            yield first
        elif isinstance(second, Failure):
            yield second
        else:
            yield first.score, second.score


def score_pool(attacker: Scorer, defender: Scorer, folder: Path, files: Sequence[Path], *, table: Path) -> Pool:
    """Both models' scores of all files, also written to a table row by row; failures are said at once."""
    scored: list[tuple[Path, float, float]] = []
    failures = []
    with row_file(table) as stream, naming(table):
        writer = csv.writer(stream)
        writer.writerow(("file", "attacker_score", "defender_score", "error"))
        results = tqdm(score_by_both(attacker, defender, files), total=len(files), unit="picture", disable=None)
        for file, result in zip(files, results, strict=True):
            name = file.relative_to(folder).as_posix()
            if isinstance(result, Failure):
                failures.append(Failure(name, result.error))
                say(f"{name}: {result.error.removeprefix(f'{one_line(file.name)}: ')}")
                writer.writerow((name, "", "", result.error))
            else:
                scored.append((file, *result))
                writer.writerow((name, *result, ""))
            stream.flush()
    paths, attacks, defences = zip(*scored, strict=True) if scored else ((), (), ())
    return Pool(folder, paths, attacks, defences, tuple(failures))


def _figure_name(swapped: bool, pair: PicturePair) -> str:
    return f"pair_{'swapped_' if swapped else ''}level{pair.level}_{pair.rank}.png"


def write_pairs(path: Path, rounds: Sequence[Round], pool: Pool) -> None:
    """The table of pairs, a row each."""
    with _writing(path) as stream:
        writer = csv.writer(stream)
        writer.writerow(PAIR_COLUMNS)
        for index, contest in enumerate(rounds):
            for pair in contest.competition.pairs:
                writer.writerow((*_cells(contest, pair, pool), _figure_name(index > 0, pair)))


def _cells(contest: Round, pair: PicturePair, pool: Pool) -> tuple[object, ...]:
    competition = contest.competition
    (level,) = (level for level in competition.levels if level.number == pair.level)
    return (
        *(contest.attacker, contest.defender, pair.level, level.low, level.high, pair.rank),
        *(pool.name(pair.better), pool.name(pair.worse)),
        *(contest.attacker_scores[place] for place in (pair.better, pair.worse)),
        *(contest.defender_scores[place] for place in (pair.better, pair.worse)),
        *(pair.attacker_gap, pair.attacker_gap / competition.attacker_deviation),
        *(pair.defender_gap, pair.defender_gap / competition.defender_deviation),
    )


def write_figures(out: Path, rounds: Sequence[Round], pool: Pool, facts: Mapping[str, Mapping[str, Any]]) -> None:
    """A sheet for each pair, and gmad.png with all of them; one pair's pictures are in memory at a time.

    In the figures' metadata stand the settings, and the `facts` on each model.
    """
    groups = {**facts, "settings": asdict(rounds[0].competition.settings)}
    inside = {name.capitalize(): ", ".join(f"{k}: {v}" for k, v in group.items()) for name, group in groups.items()}
    drawn = [
        (contest, _draw_pairs(out, contest, pool, swapped=index > 0, facts=inside))
        for index, contest in enumerate(rounds)
    ]
    title = "gMAD competition"
    save(
        overview(drawn, title=title, facts=_facts(rounds[0], pool)),
        out / "gmad.png",
        description=title,
        version=__version__,
        facts=inside,
    )


def _facts(contest: Round, pool: Pool) -> list[str]:
    settings = contest.competition.settings
    facts = [
        f"{len(pool.files)} pictures of {pool.folder.absolute().name}, QualiCLIP Studio {__version__}",
        f"Equal: the defender's scores are within {settings.tolerance:g} sd",
        "sd: standard deviation of a model's scores",
    ]
    if pool.failures:
        facts.append(f"{len(pool.failures)} more could not be scored")
    if settings.pairs > MOST_COLUMNS:
        facts.append(f"Of each level the first {MOST_COLUMNS} pairs")
    return facts


def _draw_pairs(out: Path, contest: Round, pool: Pool, *, swapped: bool, facts: Mapping[str, str]) -> list[Duel]:
    """The pairs with small pictures; their sheets are written."""
    small = []
    for pair in contest.competition.pairs:
        duel = Duel(pair, _side(contest, pair.better, pool), _side(contest, pair.worse, pool))
        description = f"{contest.attacker} attacks {contest.defender}: {duel.better.name}, {duel.worse.name}"
        path = out / _figure_name(swapped, pair)
        save(pair_figure(duel, contest), path, description=description, version=__version__, facts=facts)
        small.append(replace(duel, better=_small(duel.better), worse=_small(duel.worse)))
    return small


def _side(contest: Round, place: int, pool: Pool) -> Side:
    picture = load_picture(pool.files[place])
    scores = contest.attacker_scores[place], contest.defender_scores[place]
    return Side(reduced(picture, LARGEST), pool.name(place), picture.size, *scores)


def _small(side: Side) -> Side:
    return replace(side, picture=reduced(side.picture, TILE))


def write_record(path: Path, rounds: Sequence[Round], pool: Pool, facts: dict[str, Any]) -> None:
    """Settings, counts and failures as JSON, after the `facts` that the caller knows."""
    record = {
        "version": __version__,
        **facts,
        "settings": asdict(rounds[0].competition.settings),
        "pictures": len(pool.files),
        "failures": [failure.to_dict() for failure in pool.failures],
        "rounds": [_round_facts(contest) for contest in rounds],
    }
    with _writing(path) as stream:
        json.dump(record, stream, indent=2, ensure_ascii=False)
        stream.write("\n")


def _round_facts(contest: Round) -> dict[str, Any]:
    competition = contest.competition
    counts = {level.number: 0 for level in competition.levels}
    for pair in competition.pairs:
        counts[pair.level] += 1
    return {
        "attacker": contest.attacker,
        "defender": contest.defender,
        "attacker_sd": competition.attacker_deviation,
        "defender_sd": competition.defender_deviation,
        "tolerance_score": competition.tolerance,
        "levels": [{**asdict(level), "pairs": counts[level.number]} for level in competition.levels],
    }
