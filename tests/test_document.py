"""The pages in docs/ that are made from the code say what the code says."""

from tests import document_architecture as architecture
from tests.document import DOCS, measured_part, page, with_doubts


def test_the_page_of_degradations_is_up_to_date():
    text = (DOCS / "degradations.md").read_text(encoding="utf-8")
    assert text == page(measured_part(text)), "run `make docs`"


def test_every_type_is_in_the_measured_part():
    text = (DOCS / "degradations.md").read_text(encoding="utf-8")
    rows = [line for line in measured_part(text).splitlines() if line.startswith("| ") and " % |" in line]
    assert len(rows) == 24


def test_the_doubts_about_the_paper_are_up_to_date():
    text = (DOCS / "training.md").read_text(encoding="utf-8")
    assert text == with_doubts(text), "run `make docs`"


def test_the_picture_of_the_architecture_is_up_to_date():
    text = architecture.PICTURE.read_text(encoding="utf-8")
    assert text == architecture.drawing(), "run `make docs`, or python -m tests.document_architecture"
