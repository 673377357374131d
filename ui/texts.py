"""The studio's words: `assets/texts/LANGUAGE.json`, one flat table per language with the same keys.

Words on widgets are chosen by the browser (`t`), words inside answers by the server, by the language that the browser
asked for (`say`). Names and sentences of the core, such as those of degradations and heatmap methods, are English
there; a table translates them by the English text itself, under `core/`, where `{places}` stand for what varies.
"""

import json
import re
from functools import lru_cache
from types import MappingProxyType

import gradio as gr
from gradio.context import LocalContext

from qualiclip.assets import asset

FOLDER = asset("texts")
ENGLISH = "en"
TABLES = MappingProxyType({file.stem: json.loads(file.read_text("utf-8")) for file in sorted(FOLDER.glob("*.json"))})
CORE = "core/"


def translations() -> gr.I18n:
    """The tables as Gradio wants them; the page's `launch` needs it."""
    known = {key: key.removeprefix(CORE) for table in TABLES.values() for key in table if key.startswith(CORE)}
    return gr.I18n(**{language: {**known, **TABLES[ENGLISH], **table} for language, table in TABLES.items()})


def t(key: str) -> str:
    """A text of the tables for a widget, in the language of the browser.

    Raises:
        KeyError: if there is no such text.
    """
    if key not in TABLES[ENGLISH]:
        raise KeyError(key)
    return gr.I18n()(key)  # type: ignore[return-value]  # stands for a text wherever Gradio shows one


def core(text: str) -> str:
    """A name or sentence of the core for a widget, translated by the browser where a table knows it."""
    known = any(CORE + text in table for table in TABLES.values())
    return gr.I18n()(CORE + text) if known else text  # type: ignore[return-value]


def language() -> str:
    """The language of the visitor whose request is being answered, of those there are; else English."""
    request = LocalContext.request.get(None)
    wanted = request.headers.get("accept-language", "") if request is not None else ""
    tags = [part.split(";")[0].strip().split("-")[0].lower() for part in wanted.split(",")]  # by preference
    return next((tag for tag in tags if tag in TABLES), ENGLISH)


def say(key: str, **values: object) -> str:
    """A text of the tables in the visitor's language, with values for its `{names}`.

    Raises:
        KeyError: if there is no such text, or a value is missing.
    """
    return str(TABLES[language()][key]).format(**values)


def say_core(text: str) -> str:
    """A name or sentences of the core in the visitor's language; what its table does not know stays as it is."""
    return _translate(text, language())


def _translate(text: str, wanted: str) -> str:
    table = TABLES[wanted]
    if CORE + text in table:
        return str(table[CORE + text])
    for pattern, translation in _patterns(wanted):
        if found := pattern.fullmatch(text):
            return translation.format(**{name: _translate(value, wanted) for name, value in found.groupdict().items()})
    sentences = re.split(r"(?<=[.”]) (?=[A-Z])", text)
    return " ".join(_translate(sentence, wanted) for sentence in sentences) if len(sentences) > 1 else text


@lru_cache
def _patterns(wanted: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The core's sentences with places, as patterns, and their translations; longer ones first: they say more."""
    keys = sorted((key for key in TABLES[wanted] if key.startswith(CORE) and "{" in key), key=len, reverse=True)
    return tuple((_pattern(key.removeprefix(CORE)), TABLES[wanted][key]) for key in keys)


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", sentence)  # text, name, text, …
    return re.compile("".join(f"(?P<{part}>.+?)" if odd % 2 else re.escape(part) for odd, part in enumerate(parts)))


def verdict(score: float) -> str:
    """One of five words for a score in [0, 1]; each stands for a fifth of the range."""
    return say(f"verdict/{min(int(score * 5), 4)}")


def change(before: float, after: float) -> str:
    """One sentence on what the degradation did to the score."""
    difference = after - before
    size = abs(difference)
    if size < 0.005:
        return say("change/none")
    amount = "little" if size < 0.05 else "clearly" if size < 0.2 else "much"
    return say(f"change/{'rises' if difference > 0 else 'falls'}-{amount}", size=f"{size:.2f}")
