"""The page on explanations takes its measured parts from a run."""

import pytest

from tests.document_explanations import CHECK, PAGE, check_of, with_part


@pytest.mark.parametrize("part", ["photos", "examples"])
def test_a_part_is_replaced_and_all_else_stays(part):
    text = PAGE.read_text(encoding="utf-8")
    changed = with_part(text, part, "# Title\n\n## Below\n")
    assert f"<!-- begin {part} -->\n\n## Title\n\n### Below\n\n<!-- end {part} -->\n" in changed
    assert with_part(changed, part, "# Title\n\n## Below\n") == changed
    assert changed.split(f"<!-- begin {part} -->")[0] == text.split(f"<!-- begin {part} -->")[0]
    assert changed.split(f"<!-- end {part} -->")[1] == text.split(f"<!-- end {part} -->")[1]


def test_the_studio_shows_the_table_of_the_page():
    assert CHECK.read_text(encoding="utf-8") == check_of(PAGE.read_text(encoding="utf-8")), (
        "run `make docs-explanations`"
    )
