"""Numbers and tables as people read them."""

import pytest

from qualiclip.prose import decimal, markdown_table
from tests.house import FILES, name_of


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (decimal(-0.1234), "−0.123"),
        (decimal(0.1236), "0.124"),
        (decimal(-1, 0), "−1"),
        (decimal(0.25, 1, plus=True), "+0.2"),
        (decimal(-0.25, 2, plus=True), "−0.25"),
    ],
)
def test_numbers_have_a_minus_as_wide_as_a_plus(written, expected):
    assert written == expected


def test_a_minus_is_made_in_one_place():
    makers = [name_of(path) for path in FILES if '"−"' in path.read_text(encoding="utf-8")]
    assert makers == ["qualiclip/prose.py"]


def test_a_cell_can_hold_what_it_likes():
    assert markdown_table(("a|b", "c"), [("x\ny", "1|2")], numbers=True) == [
        *(r"| a\|b | c |", "|---|---:|"),
        r"| x y | 1\|2 |",
    ]
    assert markdown_table(("a", "b", "c"), []) == ["| a | b | c |", "|---|---|---|"]


def test_a_rule_of_markdown_is_written_in_one_place():
    makers = [name_of(path) for path in FILES if '"---"' in path.read_text(encoding="utf-8")]
    assert makers == ["qualiclip/prose.py"]
