"""Tests of what an evaluation writes: predictions, numbers, tables and the figure."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from qualiclip.errors import InputError
from train.__main__ import app
from train.evaluate.about import AboutEvaluation
from train.evaluate.datasets import Rated
from train.evaluate.protocol import Prediction, summarise
from train.evaluate.report import (
    about_predictions,
    read_predictions,
    to_dict,
    to_markdown,
    write_predictions,
    write_report,
)
from train.evaluate.scatter import CURVE, POINTS, scatter_figure

ABOUT = AboutEvaluation("compact", "Some|Set", "MOS, 0 to 30", 512, "abc", "1.0")


@pytest.fixture
def predictions() -> list[Prediction]:
    generator = np.random.default_rng(1)
    scores, noise = generator.random(20), generator.normal(size=20)
    rows = [
        Prediction(
            Rated(Path(f"a, b/{at}.png"), float(20 * score + noise[at]), "ref", ("blur", "noise")[at % 2], at // 4),
            float(score),
        )
        for at, score in enumerate(scores)
    ]
    return [*rows, Prediction(Rated(Path("ü.png"), 1.5, split="test"), None, "ü.png: no such file")]


def test_predictions_are_read_back_as_they_were_written(predictions: list[Prediction], tmp_path: Path) -> None:
    write_predictions(tmp_path / "predictions.csv", predictions)
    assert read_predictions(tmp_path / "predictions.csv") == predictions


def test_predictions_that_do_not_fit_are_refused(predictions: list[Prediction], tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    write_predictions(path, [])
    with pytest.raises(InputError, match="no rows; expected a prediction in each"):
        read_predictions(path)
    path.write_text("file,score\na.png,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column 'opinion'; found file, score"):
        read_predictions(path)


def test_numbers_are_plain_json(predictions: list[Prediction]) -> None:
    result = summarise(predictions, splits=[("a", list(range(10))), ("b", list(range(20)))])
    plain = json.loads(json.dumps(to_dict(result, ABOUT), allow_nan=False))
    assert plain["agreement"]["rmse"] == result.statistics.mapped.rmse
    assert plain["agreement"]["mapping"]["kind"] == "logistic"
    assert plain["splits"]["median"]["plcc"] == result.splits.median["plcc"] if result.splits else False
    assert plain["failures"] == [{"path": "ü.png", "error": "ü.png: no such file"}]
    assert (plain["model"], plain["short_side"], plain["weights_sha256"]) == ("compact", 512, "abc")


def test_tables_show_the_numbers(predictions: list[Prediction]) -> None:
    result = summarise(predictions, splits=[("a", list(range(10)))])
    text = to_markdown(result, ABOUT)
    low, high = result.statistics.intervals.srcc
    assert f"| Some\\|Set | 20 | {result.agreement.srcc:.3f} [{low:.3f}, {high:.3f}] |" in text
    assert "short side shrunk to 512 px" in text
    assert "2000 resamples" in text
    for title in ("## 1 given splits", "## By degradation", "## By level", "## 1 pictures could not be scored"):
        assert title in text
    (row,) = [line for line in text.splitlines() if line.startswith("| blur |")]
    found = result.degradations[0].agreement
    assert found is not None
    assert row.startswith(f"| blur | 10 | {found.srcc:.3f} | {found.krcc:.3f} | {found.plcc:.3f} |")
    tables = [line.count(" | ") for line in text.splitlines() if line.startswith(("| blur", "| degradation"))]
    assert len(set(tables)) == 1  # as many cells as headings


def test_a_part_without_numbers_shows_dashes(predictions: list[Prediction]) -> None:
    rare = replace(predictions[0], rated=replace(predictions[0].rated, degradation="rare"))
    (row,) = [line for line in to_markdown(summarise([*predictions, rare]), ABOUT).splitlines() if "| rare" in line]
    assert row.startswith("| rare | 1 | – | – | – | – | – |")


def test_the_figure_shows_points_curve_and_numbers(predictions: list[Prediction]) -> None:
    result = summarise(predictions)
    (axes,) = scatter_figure(predictions, result, ABOUT).axes
    (points,), (curve,) = axes.collections, axes.lines
    drawn = [(row.score, row.rated.opinion) for row in predictions if row.score is not None]
    assert np.allclose(np.asarray(points.get_offsets()), drawn)
    x, y = np.asarray(curve.get_xdata()), np.asarray(curve.get_ydata())
    assert np.allclose(y, result.statistics.mapped.mapping(x))
    assert curve.get_color() == CURVE != POINTS
    assert f"n = 20, SRCC {result.agreement.srcc:.3f} [" in axes.get_title()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("score of compact", "opinion (MOS, 0 to 30)")


def test_the_report_is_complete_and_the_same_every_time(predictions: list[Prediction], tmp_path: Path) -> None:
    result = summarise(predictions)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_report(tmp_path / name, predictions, result, ABOUT)
    files = {file.name: file.read_bytes() for file in (tmp_path / "one").iterdir()}
    assert set(files) == {"results.json", "results.md", "scatter.png", "scatter.pdf"}
    assert files == {file.name: file.read_bytes() for file in (tmp_path / "two").iterdir()}
    with Image.open(tmp_path / "one" / "scatter.png") as picture:
        assert picture.info["Description"] == "Scores of compact and opinions on Some|Set"
        assert picture.info["Software"] == "QualiCLIP Studio 1.0"


def test_old_predictions_give_the_same_statistics_without_a_model(
    predictions: list[Prediction], tmp_path: Path
) -> None:
    write_predictions(tmp_path / "predictions.csv", predictions)
    command = ["evaluate", "--predictions", str(tmp_path / "predictions.csv"), "--out", str(tmp_path / "again")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1  # of the picture that could not be scored
    expected = to_dict(summarise(predictions), ABOUT)["agreement"]
    assert json.loads(result.stdout)["agreement"] == json.loads(json.dumps(expected))
    assert json.loads((tmp_path / "again" / "results.json").read_text(encoding="utf-8")) == json.loads(result.stdout)
    assert read_predictions(tmp_path / "again" / "predictions.csv") == predictions


def test_scores_are_kept_even_if_the_statistics_fail(predictions: list[Prediction], tmp_path: Path) -> None:
    write_predictions(tmp_path / "predictions.csv", predictions[:2])
    command = ["evaluate", "--predictions", str(tmp_path / "predictions.csv"), "--out", str(tmp_path / "again")]
    assert isinstance(CliRunner().invoke(app, command).exception, InputError)
    assert (tmp_path / "again" / "predictions.csv").is_file()


def test_one_split_of_old_predictions_counts_alone(predictions: list[Prediction], tmp_path: Path) -> None:
    parts = [replace(row, rated=replace(row.rated, split="ab"[at % 2])) for at, row in enumerate(predictions[:20])]
    write_predictions(tmp_path / "predictions.csv", parts)
    result = CliRunner().invoke(app, ["evaluate", "--predictions", str(tmp_path / "predictions.csv"), "--split", "a"])
    assert json.loads(result.stdout)["agreement"]["count"] == 10


def test_old_predictions_are_named_as_the_results_beside_them_say(
    predictions: list[Prediction], tmp_path: Path
) -> None:
    path = tmp_path / "predictions.csv"
    assert about_predictions(path, version="1.0") == AboutEvaluation(
        "predictions.csv", tmp_path.name, "as in the file", None, None, "1.0"
    )
    write_report(tmp_path, predictions, summarise(predictions), ABOUT)
    assert about_predictions(path, version="1.0") == ABOUT
    (tmp_path / "results.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"results\.json: not JSON; remove it or evaluate again"):
        about_predictions(path, version="1.0")
