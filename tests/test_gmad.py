"""Tests of the gMAD competition: the choice of pairs, the figures, and the command."""

import csv
import json
import shutil
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from qualiclip.agreement.gmad import Competition, GmadSettings, Round, compete
from qualiclip.errors import InputError, UsageError
from qualiclip.models.prompts import ANTONYM_PAIRS
from qualiclip.models.qualiclip import ModelSettings, QualityModel
from qualiclip.pictures import image_to_picture
from qualiclip.scoring.scorer import load
from qualiclip.terminal import run
from qualiclip.weights.checkpoints import save_checkpoint
from qualiclip.weights.files import file_sha256
from tests.clip_files import fill_batch_norms
from tests.conftest import TINY_BACKBONE, made_once
from train.__main__ import app
from train.gmad.figures import Duel, Side, overview, pair_figure, reduced, save, shortened
from ui.commands.gmad import labels

LONG = "holidays/" + "very " * 60 + "long $name$ 日本.png"


def settings(*, levels: int = 1, tolerance: float = 0.1, pairs: int = 1, every_level: bool = False) -> GmadSettings:
    return GmadSettings(levels=levels, tolerance=tolerance, pairs=pairs, every_level=every_level)


def chosen(competition: Competition) -> list[tuple[int, int, int]]:
    """Level, better and worse picture of each pair."""
    return [(pair.level, pair.better, pair.worse) for pair in competition.pairs]


# The choice of pairs


def test_the_pair_is_the_one_that_the_attacker_separates_most_at_the_ends_of_the_defender() -> None:
    # By the defender: 0, 1, 2 | 3, 4, 5 | 6, 7, 8, each level within 0.02; its deviation is 0.327, a tolerance 0.033.
    defender = [0.10, 0.11, 0.12, 0.50, 0.51, 0.52, 0.90, 0.91, 0.92]
    attacker = [0.30, 0.80, 0.20, 0.00, 1.00, 0.50, 0.70, 0.60, 0.10]
    result = compete(attacker, defender, settings(levels=3))
    assert chosen(result) == [(1, 1, 2), (3, 6, 8)]
    first = result.pairs[0]
    assert (first.attacker_gap, first.defender_gap) == (pytest.approx(0.6), pytest.approx(0.01))
    assert [(level.low, level.high, level.count) for level in result.levels] == [(0.10, 0.12, 3), (0.90, 0.92, 3)]
    assert result.attacker_deviation == pytest.approx(np.std(attacker))
    assert result.tolerance == pytest.approx(0.1 * np.std(defender))
    everywhere = compete(attacker, defender, settings(levels=3, every_level=True))
    assert chosen(everywhere) == [(1, 1, 2), (2, 4, 3), (3, 6, 8)]


def test_a_pair_is_never_further_apart_than_the_tolerance() -> None:
    # The deviation of the defender is 1: a tolerance of 1 keeps 0 and 3 (2 apart) from meeting.
    defender, attacker = [0.0, 0.0, 2.0, 2.0], [0.0, 0.25, 0.5, 1.0]
    assert chosen(compete(attacker, defender, settings(tolerance=1.0))) == [(1, 3, 2)]
    assert chosen(compete(attacker, defender, settings(tolerance=2.0))) == [(1, 3, 0)]  # the limit itself is within


def test_the_next_pair_is_made_of_the_pictures_left() -> None:
    # 3 and 0 are gone after the first pair; of the others 2 and 1 remain, then a single one.
    attacker, defender = [0.0, 0.25, 0.5, 1.0, 0.5], [0.0, 0.0, 0.0, 0.0, 1.0]
    result = compete(attacker, defender, settings(tolerance=0.5, pairs=9))
    assert chosen(result) == [(1, 3, 0), (1, 2, 1)]
    assert [pair.rank for pair in result.pairs] == [1, 2]


def test_of_equal_pairs_the_one_that_the_defender_calls_nearest_wins_then_the_first() -> None:
    attacker = [0.0, 1.0, 0.0, 1.0]
    assert chosen(compete(attacker, [0.0, 0.5, 0.875, 1.0], settings(tolerance=9))) == [(1, 3, 2)]
    assert chosen(compete(attacker, [1.0, 0.0, 0.0, 0.0], settings(tolerance=9))) == [(1, 1, 2)]


def test_pictures_that_the_attacker_calls_equal_are_no_pair() -> None:
    result = compete([0.5, 0.5, 0.5, 0.0], [0.0, 0.0, 1.0, 2.0], settings(levels=2))
    assert result.pairs == ()
    assert [level.count for level in result.levels] == [2, 2]


def brute_force(attacker: list[float], defender: list[float], chosen_by: GmadSettings) -> list[tuple[int, int, int]]:
    """The same choice by looking at all pairs at once."""
    limit = chosen_by.tolerance * float(np.std(defender))
    order = sorted(range(len(defender)), key=lambda place: defender[place])
    parts = [part.tolist() for part in np.array_split(order, chosen_by.levels)]
    found = []
    for level, places in enumerate(parts, start=1):
        if not chosen_by.every_level and level not in (1, len(parts)):
            continue
        pairs = [
            (-abs(attacker[a] - attacker[b]), abs(defender[a] - defender[b]), a, b)
            for a, b in combinations(sorted(places), 2)
            if abs(defender[a] - defender[b]) <= limit and attacker[a] != attacker[b]
        ]
        used: set[int] = set()
        for _, _, a, b in sorted(pairs):
            if len(used) < 2 * chosen_by.pairs and not used & {a, b}:
                found.append((level, a, b) if attacker[a] > attacker[b] else (level, b, a))
                used |= {a, b}
    return found


@pytest.mark.parametrize("seed", range(60))
def test_the_choice_is_that_of_looking_at_all_pairs(seed: int) -> None:
    random = np.random.default_rng(seed)
    steps = random.choice([4, 64, 4096])  # few steps: many ties; powers of two: exact differences
    count = int(random.integers(12, 60))
    attacker, defender = (random.integers(0, steps, size=count) / steps for _ in range(2))
    options = settings(
        levels=int(random.integers(1, 7)),
        tolerance=float(random.choice([0.0, 0.05, 0.3, 5.0])),
        pairs=int(random.integers(1, 5)),
        every_level=bool(random.integers(2)),
    )
    result = compete(attacker, defender, options)
    assert chosen(result) == brute_force(attacker.tolist(), defender.tolist(), options)
    assert result == compete(attacker, defender, options)
    assert all(pair.defender_gap <= result.tolerance for pair in result.pairs)


@pytest.mark.parametrize(
    ("attacker", "defender", "text"),
    [
        ([0.1, 0.2, 0.3], [0.1, 0.2, 0.3], "3 pictures with a score, 2 levels need at least 4"),
        ([0.5] * 4, [0.1, 0.2, 0.3, 0.4], "the attacker gives every picture the score 0.5"),
        ([0.1, 0.2, 0.3, 0.4], [0.5] * 4, "the defender gives every picture the score 0.5"),
        ([0.1, 0.2, 0.3, float("nan")], [0.1, 0.2, 0.3, 0.4], "the attacker gives scores that are no numbers"),
        ([0.1, 0.2], [0.1, 0.2, 0.3, 0.4], r"need two scores per picture, got \(2,\) and \(4,\)"),
    ],
)
def test_scores_that_allow_no_competition_are_refused(attacker: list[float], defender: list[float], text: str) -> None:
    with pytest.raises(InputError, match=text):
        compete(attacker, defender, settings(levels=2))


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(UsageError, match="levels 0 and pairs 1: expected at least 1"):
        settings(levels=0)
    with pytest.raises(UsageError, match="levels 1 and pairs 0: expected at least 1"):
        settings(pairs=0)
    for tolerance in (-0.1, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="expected standard deviations, 0 or more"):
            settings(tolerance=tolerance)


# Figures


def noise(width: int, height: int) -> Image.Image:
    values = np.random.default_rng(width).integers(0, 256, size=(height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


@pytest.fixture
def contest() -> Round:
    attacker, defender = [0.0, 1.0, 0.5, 0.25], [0.0, 0.0, 1.0, 1.0]
    result = compete(attacker, defender, settings(levels=2))
    return Round("one", "two", attacker, defender, result)


def duels(contest: Round, *pictures: Image.Image) -> list[Duel]:
    sides = [Side(picture, LONG, picture.size, 0.75, 0.5) for picture in pictures]
    return [Duel(pair, sides[0], sides[1]) for pair in contest.competition.pairs]


def test_a_long_name_loses_its_middle_and_letters_that_the_font_lacks() -> None:
    assert shortened("photo.png", 500, size=9) == "photo.png"
    assert shortened("日a\n.png", 500, size=9) == "?a?.png"
    short = shortened(LONG, 500, size=9)
    assert short.startswith("holidays/")
    assert short.endswith("??.png")
    assert "…" in short
    assert 30 < len(short) < 60


def test_a_sheet_shows_the_pixels_as_they_are(contest: Round, tmp_path: Path) -> None:
    portrait, landscape = noise(40, 90), noise(700, 64)
    path = tmp_path / "pair.png"
    save(
        pair_figure(duels(contest, portrait, landscape)[0], contest),
        path,
        description="a pair",
        version="1",
        facts={"Attacker": "x"},
    )
    with Image.open(path) as sheet:
        assert (sheet.info["Description"], sheet.info["Attacker"]) == ("a pair", "x")
        pixels = np.asarray(sheet.convert("RGB"))
    for picture in (portrait, landscape):
        values = np.asarray(picture)
        places = np.argwhere((pixels[: -picture.height, : -picture.width] == values[0, 0]).all(axis=2))
        assert any(
            np.array_equal(pixels[top : top + picture.height, left : left + picture.width], values)
            for top, left in places
        )


@pytest.mark.parametrize("sizes", [((40, 90), (700, 64)), ((500, 500), (500, 500))])
def test_no_text_leaves_the_figures_or_runs_into_another(
    sizes: tuple[tuple[int, int], tuple[int, int]], contest: Round
) -> None:
    shown = duels(contest, *(noise(*size) for size in sizes))
    sheets = [pair_figure(shown[0], contest)]
    sheets += [overview([(contest, shown)] * count, title="gMAD", facts=[LONG]) for count in (1, 2)]
    for figure in sheets:
        boxes = [text.get_window_extent() for text in figure.texts]
        assert boxes
        assert all(box.x0 >= 0 and box.y0 >= 0 for box in boxes)
        assert all(box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height for box in boxes)
        assert not [(a, b) for a, b in combinations(boxes, 2) if a.overlaps(b)]


def test_a_level_without_a_pair_is_said_on_the_overview() -> None:
    attacker, defender = [0.0, 1.0, 0.5, 0.5], [0.0, 0.0, 1.0, 1.0]
    contest = Round("one", "two", attacker, defender, compete(attacker, defender, settings(levels=2)))
    figure = overview([(contest, duels(contest, noise(40, 40), noise(40, 50)))], title="gMAD", facts=[])
    texts = [text.get_text() for text in figure.texts]
    assert "no pair within the tolerance" in texts
    assert "Level 2 of 2 (highest): 1.000 to 1.000" in texts


def test_pictures_are_reduced_but_never_enlarged() -> None:
    assert reduced(noise(80, 40), 20).size == (20, 10)
    assert reduced(noise(8, 4), 20).size == (8, 4)


# The command


@pytest.fixture
def second_checkpoint(tmp_path: Path) -> Path:
    """Another tiny model, in a file of the same name as the first."""

    def make(path: Path) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            prompts = torch.randn((len(ANTONYM_PAIRS), 2, TINY_BACKBONE.embedding_size))
            model = QualityModel(ModelSettings(TINY_BACKBONE, scale=10.0), prompts)
            fill_batch_norms(model.backbone, branches=(0.5, 1.5))
        save_checkpoint(model.eval(), path, training={"recipe": "none"}, dtype=torch.float32)

    (tmp_path / "second").mkdir()
    return Path(shutil.copy(made_once("second-tiny.safetensors", make), tmp_path / "second" / "tiny.safetensors"))


@pytest.fixture
def folder(photo: Tensor, tmp_path: Path) -> Path:
    """Twelve parts of a photo of 64 × 64 px, two of them in a folder of the folder."""
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    for index in range(12):
        top, left = 8 * (index // 3), 20 * (index % 3)
        image = photo[:, top : top + 64, left : left + 64] ** (1 + index % 4)
        image_to_picture(image).save(folder / ("more" if index > 9 else "") / f"{index:02}.png")
    return folder


@pytest.fixture
def gmad(tiny_checkpoint: Path, second_checkpoint: Path, folder: Path, tmp_path: Path) -> Callable[..., int]:
    """A function that runs the command with further arguments; the results are in tmp_path/out."""
    command = ["gmad", "--attacker", str(tiny_checkpoint), "--defender", str(second_checkpoint)]
    command += ["--images", str(folder), "--out", str(tmp_path / "out"), "--levels", "2", "--tolerance", "1"]

    def start(*arguments: str) -> int:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["train", *command, *arguments])
            return run(app, "train")

    return start


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_command_writes_scores_pairs_figures_and_a_record(
    gmad: Callable[..., int], folder: Path, tmp_path: Path, tiny_checkpoint: Path, second_checkpoint: Path
) -> None:
    assert gmad("--both", "--recursive", "--pairs", "2") == 0
    out = tmp_path / "out"
    scores = {row["file"]: row for row in table(out / "scores.csv")}
    assert list(scores) == [f"{index:02}.png" for index in range(10)] + ["more/10.png", "more/11.png"]
    for column, path in (("attacker_score", tiny_checkpoint), ("defender_score", second_checkpoint)):
        expected = load(str(path)).score(folder / "more" / "10.png").score
        assert float(scores["more/10.png"][column]) == pytest.approx(expected, abs=1e-6)
    columns = [[float(row[name]) for row in scores.values()] for name in ("attacker_score", "defender_score")]
    options = settings(levels=2, tolerance=1, pairs=2)
    expected_pairs = [*compete(*columns, options).pairs, *compete(*columns[::-1], options).pairs]
    rows = table(out / "pairs.csv")
    names = list(scores)
    assert [(row["file_better"], row["file_worse"]) for row in rows] == [
        (names[pair.better], names[pair.worse]) for pair in expected_pairs
    ]
    for row in rows:
        gap = float(row["attacker_better"]) - float(row["attacker_worse"])
        assert float(row["attacker_gap"]) == pytest.approx(gap)
        assert float(row["defender_gap_sd"]) <= 1
        assert float(row["defender_low"]) <= float(row["defender_better"]) <= float(row["defender_high"])
        with Image.open(out / row["figure"]) as figure:
            assert figure.info["Description"].endswith(f"{row['file_better']}, {row['file_worse']}")
            assert f"weights_sha256: {file_sha256(tiny_checkpoint)}" in figure.info["Attacker"]
            assert "tolerance: " in figure.info["Settings"]
    assert {path.name for path in out.glob("*.png")} == {"gmad.png", *(row["figure"] for row in rows)}
    assert {(row["attacker"], row["defender"]) for row in rows} == {
        (f"{tmp_path.name}/tiny.safetensors", "second/tiny.safetensors"),
        ("second/tiny.safetensors", f"{tmp_path.name}/tiny.safetensors"),
    }
    record = json.loads((out / "gmad.json").read_text(encoding="utf-8"))
    assert record["defender"]["weights_sha256"] == load(str(second_checkpoint)).checkpoint.sha256
    assert record["settings"] == {"levels": 2, "tolerance": 1, "pairs": 2, "every_level": False}
    assert (record["pictures"], record["failures"], record["both"]) == (12, [], True)
    assert record["rounds"][1]["defender_sd"] == pytest.approx(np.std(columns[0]))
    assert sum(level["pairs"] for round_ in record["rounds"] for level in round_["levels"]) == len(rows)


def test_a_broken_picture_is_named_and_the_others_compete(
    gmad: Callable[..., int], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "03.png").write_text("no picture")
    assert gmad() == 1
    error = capsys.readouterr().err
    assert "03.png: not a picture in a known format" in error
    assert "1 file could not be scored" in error
    record = json.loads((tmp_path / "out" / "gmad.json").read_text(encoding="utf-8"))
    assert record["pictures"] == 9
    (failure,) = record["failures"]
    assert failure["path"] == "03.png"
    (row,) = [row for row in table(tmp_path / "out" / "scores.csv") if row["error"]]
    assert (row["file"], row["attacker_score"], row["error"]) == ("03.png", "", failure["error"])
    assert table(tmp_path / "out" / "pairs.csv")


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["--defender", "compact", "--attacker", "compact"], 2, "are the same model; choose two different ones"),
        (["--levels", "6"], 1, "10 pictures with a score, 6 levels need at least 12"),
        (["--levels", "5", "--tolerance", "0"], 1, "no two pictures of a level are within 0 sd by the defender"),
        (["--images", "nowhere"], 1, "nowhere: no such folder"),
        (["--pairs", "0"], 2, "expected at least 1"),
    ],
)
def test_what_can_not_be_done_is_said_in_one_line(
    arguments: list[str], status: int, text: str, gmad: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert gmad(*arguments) == status
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("train: ")
    assert text in line


def test_a_folder_without_pictures_hints_at_the_folders_in_it(
    gmad: Callable[..., int], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in folder.glob("*.png"):
        path.unlink()
    assert gmad() == 1
    assert "no picture in this folder; add --recursive" in capsys.readouterr().err


def test_results_are_not_mixed_with_those_of_another_competition(
    gmad: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert gmad() == 0
    assert gmad() == 2
    assert "holds another competition's results; choose a new folder" in capsys.readouterr().err


def test_models_of_one_name_are_told_apart(tiny_checkpoint: Path, second_checkpoint: Path) -> None:
    one, two = load(str(tiny_checkpoint)), load(str(second_checkpoint))
    assert labels(("compact", str(two)), (load("compact"), two)) == ("compact", "tiny.safetensors")
    given = (str(tiny_checkpoint), str(second_checkpoint))
    folder = tiny_checkpoint.parent.name
    assert labels(given, (one, two)) == (f"{folder}/tiny.safetensors", "second/tiny.safetensors")
    hashes = [scorer.checkpoint.sha256[:8] for scorer in (one, two)]
    assert labels(("a/x", "b/../a/x"), (one, two)) == tuple(f"{prefix}/tiny.safetensors" for prefix in hashes)
