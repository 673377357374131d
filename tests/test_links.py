"""Links restore the view they were made from, and nothing else."""

from urllib.parse import parse_qsl

import pytest

from ui.frame.examples import example_of, list_examples
from ui.frame.links import read_link, write_link
from ui.frame.panel import FIRST_SIDES, OTHER_STEPS
from ui.studio.subject import NONE, PanelValues

EXAMPLES = list_examples()
CAT, LAKE = (str(EXAMPLES[place].path) for place in (0, 2))
FIRST = PanelValues(CAT, "compact", (("gaussian_blur", 3.0), OTHER_STEPS, OTHER_STEPS), 0, "whole", FIRST_SIDES)
CHANGED = PanelValues(LAKE, "other", (("jpeg", 2.5), OTHER_STEPS, ("darken", 1.0)), 7, "own", (10, 20, 50, 100))


def read(query):
    asked = dict(parse_qsl(query.lstrip("?")))
    return read_link(asked, FIRST, tabs=["inspect", "sweep"], models=["compact", "other"], examples=EXAMPLES)


@pytest.mark.parametrize("values", [FIRST, CHANGED])
def test_a_link_restores_what_it_was_made_from(values):
    link, complaints = read(write_link("sweep", values, {"method": "gradcam"}, EXAMPLES))
    assert (link.tab, link.values, dict(link.others), complaints) == ("sweep", values, {"method": "gradcam"}, [])


def test_the_example_of_the_documentation():
    link, complaints = read("?img=lake&tab=sweep&deg=gaussian_blur:3&model=compact&seed=7")
    assert not complaints
    assert link.tab == "sweep"
    assert (link.values.photo, link.values.slots[0], link.values.seed) == (LAKE, ("gaussian_blur", 3.0), 7)


def test_an_upload_is_never_in_a_link(tmp_path):
    own = tmp_path / "secret-name.png"
    own.write_bytes(b"some picture")
    values = PanelValues(str(own), "compact", FIRST.slots, 0, "whole", FIRST_SIDES)
    query = write_link("inspect", values, {}, EXAMPLES)
    assert "img" not in query
    assert "secret" not in query
    assert example_of(str(own), EXAMPLES) is None
    copy = tmp_path / "upload.png"
    copy.write_bytes(EXAMPLES[2].path.read_bytes())
    assert example_of(str(copy), EXAMPLES) == EXAMPLES[2]


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("img=../../etc/passwd", "unknown example"),
        ("tab=x", "unknown tab"),
        ("model=qualiclip", "unknown model"),
        ("deg=jpeg:9", "must lie in"),
        ("deg=jpeg:1:5", "the seed is said once"),
        ("deg=jpeg:1,jpeg:1,jpeg:1,jpeg:1", "the studio has 3"),
        ("seed=-1", "expected a whole number"),
        ("seed=9" * 40, "expected a whole number"),
        ("region=1,2", "expected left,top,right,bottom"),
    ],
)
def test_what_can_not_be_had_is_said_and_the_rest_is_used(query, complaint):
    link, complaints = read(f"{query}&{'seed=3' if 'seed' not in query else 'img=cat'}")
    assert len(complaints) == 1
    assert complaint in complaints[0]
    assert link.values.slots == FIRST.slots
    assert link.values.seed == (0 if "seed" in query else 3)


def test_no_degradation_is_said_too():
    none = PanelValues(CAT, "compact", (OTHER_STEPS,) * 3, 0, "whole", FIRST_SIDES)
    query = write_link("inspect", none, {}, EXAMPLES)
    assert f"deg={NONE}" in query
    assert read(query)[0].values == none
