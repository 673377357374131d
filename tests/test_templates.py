"""The pages' HTML comes from templates: words stay words, whatever somebody has called a file, a model or a prompt."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import TemplateNotFound, UndefinedError
from jinja2.runtime import Macro

import ui
from tests.house import ROOT, name_of, tree_of
from tests.page_pieces import pieces
from ui.markup.charts import Plot, round_ticks
from ui.markup.templates import FOLDER, environment, render, say_html
from ui.texts import TABLES

PLAIN, HOSTILE = "Plain name", "<img src=x onerror=a()> \"q\" & 's' <b>"
TEMPLATES = sorted(FOLDER.glob("*.html"))
SOURCES = sorted(Path(ui.__file__).parent.rglob("*.py"))
TAG = re.compile(r"</?[a-z][a-z0-9]*(\s[^<>]*)?/?>|<[a-z]+ [a-z-]+=|<!", re.IGNORECASE)


class Reader(HTMLParser):
    """What a browser makes of HTML: its tags with their attributes, and its words."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(str(html))
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.found.append(data)


def read(html):
    return Reader(html).found


def renamed(found, old, new):
    """The same with another word in the place of a name."""
    if isinstance(found, tuple):
        tag, attributes = found
        return tag, {name: value and value.replace(old, new) for name, value in attributes.items()}
    return found.replace(old, new)


def test_a_name_changes_no_tag_and_is_shown_as_it_is():
    plain, hostile = pieces(PLAIN), pieces(HOSTILE)
    for name, html in plain.items():
        expected = [renamed(found, PLAIN, HOSTILE) for found in read(html)]
        assert read(hostile[name]) == expected, name
    assert sum(HOSTILE in str(found) for html in hostile.values() for found in read(html)) > 100


def test_every_template_is_rendered_by_that(monkeypatch):
    seen, invoke = set(), Macro._invoke

    def noting(macro, arguments, autoescape):
        assert autoescape
        seen.add((Path(macro._func.__code__.co_filename).stem, macro.name))
        return invoke(macro, arguments, autoescape)

    monkeypatch.setattr(Macro, "_invoke", noting)
    pieces(HOSTILE)
    defined = {
        (file.stem, name) for file in TEMPLATES for name in re.findall(r"{% macro (\w+)", file.read_text("utf-8"))
    }
    assert defined - seen == set()


def test_no_python_file_of_the_studio_holds_html():
    wrong = []
    for path in SOURCES:
        words = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Constant)]
        wrong += [
            f"{name_of(path)}: {one.value}" for one in words if isinstance(one.value, str) and TAG.search(one.value)
        ]
    assert not wrong


def test_what_is_called_safe_can_be_counted():
    """A text of our own tables, and our own scripts; nothing else passes a template as it is."""
    made = {name_of(path) for path in SOURCES if re.search(r"Markup\(", path.read_text("utf-8"))}
    assert made == {"ui/markup/templates.py", "ui/server/serve.py"}
    assert not [path.name for path in TEMPLATES if re.search(r"\bsafe\b|autoescape", path.read_text("utf-8"))]
    assert environment().autoescape is True


def test_a_text_with_html_is_said_as_html_and_no_other_one():
    marked = {key for table in TABLES.values() for key, text in table.items() if re.search("[<>&]", text)}
    templates = "".join(path.read_text("utf-8") for path in TEMPLATES)
    said = {name: set(re.findall(rf'\b{name}\("([^"]+)"', templates)) for name in ("say", "say_html")}
    assert marked <= said["say_html"] - said["say"]
    assert not [path.name for path in SOURCES for key in marked if f'"{key}"' in path.read_text("utf-8")]
    assert say_html("batch/rule", low="<b>", high="1").startswith(
        '<span class="quiet">An outlier scores below &lt;b&gt;'
    )


def test_a_template_is_compiled_once():
    file = environment().get_template("parts.html")
    assert environment().get_template("parts.html") is file
    assert environment().get_template("parts.html").module is file.module


def test_a_value_that_is_missing_or_unknown_is_an_error():
    with pytest.raises(UndefinedError, match="'kind' was not provided"):
        render("parts/bar", value=0.5)
    with pytest.raises(TypeError, match="color"):
        render("parts/bar", value=0.5, kind="before", color="red")
    with pytest.raises(AttributeError, match="no_such"):
        render("parts/no_such")
    with pytest.raises(TemplateNotFound, match="no_such"):
        render("no_such/part")


def test_the_layout_of_a_template_is_not_in_its_html():
    lines = ("<p>", "  one", "  two {{ 3 }} <b>x</b>", "  {% if true %}", "    <i>4</i>", "  {% endif %}", "</p>")
    tag = ('<img src="a"', '  alt="{{ "b" }}"', "  hidden>")
    html = environment().from_string("\n".join((*lines, *tag))).render()
    assert html == '<p>one two 3 <b>x</b><i>4</i></p><img src="a" alt="b" hidden>'
    shown = render("lesson/prompts", moves=[], width=120, said="", about=[], code="a\n  b")
    assert "<code>a\n  b</code>" in shown  # of a value, every space stays


def test_values_lie_where_the_axes_say():
    plot = Plot(100, 60, left=20, top=10, right=90, bottom=50, across=(0, 5), up=(-1, 1), inset=(0, 20))
    assert [plot.x(0), plot.x(5), plot.y(-1), plot.y(0), plot.y(1)] == [20.0, 70.0, 50.0, 30.0, 10.0]
    assert plot.points([1, -1]) == "20.0,10.0 30.0,50.0"
    assert plot.points([0], [5]) == "70.0,30.0"
    assert round_ticks(-0.13, 0.31) == pytest.approx([-0.2, 0, 0.2, 0.4])
    drawn = render("charts/axes", plot=plot, up=[(0, "nought")], across=[(5, "five")], words="level")
    assert re.findall(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*>(\w+)<', drawn) == [
        *(("14", "34.0", "nought"), ("70.0", "42", "five"), ("55.0", "56", "level"))
    ]
    assert 'd="M20 30.0H90"' in drawn


def test_an_installed_package_and_a_space_have_the_templates():
    data = re.search(r"^assets = \[(.+)\]$", (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)[1]
    assert '"templates/*"' in data
