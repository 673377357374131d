"""HTML from the templates of `assets/templates`. Whatever a value is, its words stay words: they are escaped there.

A template is a macro: `sweep/wall_row` is `wall_row` in sweep.html, and its parameters are the values it takes. Line
breaks and indentation are for who reads it: beside a tag they are nothing, elsewhere they are a space, as in JSX.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup

from qualiclip.assets import asset
from qualiclip.prose import decimal
from ui.texts import TABLES, language, say, say_core, verdict

FOLDER = asset("templates")
BREAK = re.compile(r"\s*\n\s*")
EDGES = re.compile(r"\A\s*\n\s*|\s*\n\s*\Z")


class Layout(Extension):
    """Leaves the layout of a template's source out of what it gives."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """The template without its line breaks; what stands in braces, and the numbers of lines, stay."""
        in_tag = False
        for token in stream:
            if token.type != "data":
                yield token
                continue
            text, in_tag = _in_one_line(token.value, in_tag)
            yield Token(token.lineno, token.type, text)


def _in_one_line(text: str, in_tag: bool) -> tuple[str, bool]:
    """The words between two braces, and whether they end inside a tag."""
    parts = []
    for part in re.split("([<>])", text):
        in_tag = part == "<" or (in_tag and part != ">")
        parts.append(BREAK.sub(" ", part if in_tag else EDGES.sub("", part)))
    return "".join(parts), in_tag


def say_html(key: str, **values: object) -> Markup:
    """A text of the tables that has HTML in it, or gets some by a value; other values are escaped.

    Raises:
        KeyError: if there is no such text, or a value is missing.
    """
    return Markup(TABLES[language()][key]).format(**values)


@cache
def environment() -> Environment:
    """The one that compiles each file once, when it is first asked for."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        extensions=[Layout],
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    made.globals.update(say=say, say_core=say_core, say_html=say_html, verdict=verdict, language=language)
    made.filters.update(decimal=decimal)
    return made


def render(name: str, /, **values: Any) -> Markup:
    """What a template gives for these values, for example `sweep/wall_row`.

    Raises:
        TemplateNotFound: if there is no such file.
        AttributeError: if it has no such macro.
        UndefinedError: if a value is missing that it needs.
        TypeError: if it takes no such value.
    """
    file, _, macro = name.partition("/")
    made: Markup = getattr(environment().get_template(f"{file}.html").module, macro)(**values)
    return made
