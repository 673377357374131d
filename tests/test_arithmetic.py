"""From cosines to the score: numbers worked out by hand, the tables, the figure."""

import csv
import io
import math
from dataclasses import replace

import pytest

import qualiclip
from explain.figures.arithmetic import arithmetic_figure
from explain.numbers.arithmetic import TABLES, arithmetic, as_csv, as_markdown, as_text, softmax_of_two
from qualiclip.errors import InputError
from qualiclip.models.family import PairReport
from qualiclip.scoring.reports import QualityReport
from tests.figure_checks import check_figure, texts_of

THREE_QUARTERS = math.log(3) / 100  # a difference of cosines that 100 times makes the softmax 3 : 1


def made_up(*pairs, scale=100.0, score=None):
    score = sum(pair.probability for pair in pairs) / len(pairs) if score is None else score
    return QualityReport(None, score, "made-up", "0" * 64, scale, "eager", "fp32", "0", 64, 48, pairs)


BY_HAND = made_up(
    PairReport("Good $photo$.", "Bad | photo.", 0.75, 0.2 + THREE_QUARTERS, 0.2),
    PairReport("Sharp.", "Blurry.", 0.5, 0.1, 0.1),
)


def test_steps_by_hand():
    steps = arithmetic(BY_HAND)
    first, second = steps.rows
    assert first.logit_negative == 20
    assert first.difference == pytest.approx(math.log(3))
    assert (first.part, second.part) == (0.375, 0.25)
    assert (second.logit_positive, second.difference) == (10, 0)
    assert steps.score == 0.625
    assert [softmax_of_two(x) for x in (0, 1000, -1000)] == [0.5, 1, 0]


@pytest.mark.parametrize("scale", [None, 1.0, 100.0, 5000.0])
def test_steps_of_a_real_report_add_up_to_its_score(photo, scale):
    report = qualiclip.load("compact", scale=scale).score(photo)
    steps = arithmetic(report)
    assert math.fsum(row.part for row in steps.rows) == pytest.approx(report.score, abs=1e-7)
    for row, pair in zip(steps.rows, report.pairs, strict=True):
        assert row.logit_positive == report.scale * pair.similarity_positive
        assert row.probability == pair.probability


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (replace(BY_HAND, score=0.626), r"score 0.626, the mean of its pairs is 0.625"),
        (replace(BY_HAND, scale=50.0), r"Good \$photo\$. has 0.75, its cosines give 0.63"),
        (replace(BY_HAND, score=math.nan), "score nan"),
        (replace(BY_HAND, pairs=()), "no prompt pairs"),
    ],
)
def test_reports_that_do_not_add_up_are_refused(report, message):
    with pytest.raises(InputError, match=message):
        arithmetic(report)


def test_text_shows_every_step():
    lines = as_text(arithmetic(BY_HAND)).splitlines()
    assert lines[1].split() == [
        *"Good $photo$. / Bad | photo.".split(),
        "0.2110",
        "0.2000",
        "21.10",
        "20.00",
        "+1.10",
        "0.7500",
    ]
    assert len({len(line) for line in lines[:3]}) == 1
    assert lines[-1] == "score = mean of the probabilities = 1.2500 / 2 = 0.6250"


def test_markdown_is_one_table_whatever_the_prompts_are():
    lines = as_markdown(arithmetic(BY_HAND)).splitlines()
    assert "Bad \\| photo." in lines[2]
    assert {line.replace("\\|", "").count("|") for line in lines[:4]} == {8}


def test_csv_has_all_digits_and_the_score():
    rows = list(csv.DictReader(io.StringIO(as_csv(arithmetic(BY_HAND)))))
    assert float(rows[0]["similarity_positive"]) == BY_HAND.pairs[0].similarity_positive
    assert math.fsum(float(row["part"]) for row in rows[:-1]) == float(rows[-1]["part"]) == 0.625
    assert set(TABLES) == {".txt", ".md", ".csv"}


@pytest.mark.parametrize("count", [1, 7, 20])
@pytest.mark.parametrize("probability", [0.0, 0.02, 0.5, 1.0])
def test_figure_shows_every_number_and_nothing_overlaps(count, probability):
    gap = {0.0: -50.0, 0.02: math.log(0.02 / 0.98), 0.5: 0.0, 1.0: 50.0}[probability] / 100
    pair = PairReport("A good photo of $5$ " + "very " * 30 + "写真", "Bad.", probability, 0.1 + gap, 0.1)
    figure = arithmetic_figure(arithmetic(made_up(*[pair] * count)), facts=["name $x$.png " * 30, "Model"])
    check_figure(figure)
    words = texts_of(figure)
    assert words.count(f"{probability:.4f}") >= count
    assert f"How {probability:.4f} is made" in words
