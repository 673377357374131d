"""Every language has every text, with the same places for values; the code asks for none that is not there."""

import re
import string
from pathlib import Path
from types import SimpleNamespace

import pytest
from gradio.context import LocalContext

from qualiclip.degradations import DEGRADATIONS
from ui import texts
from ui.texts import CORE, ENGLISH, TABLES, say, t

SOURCE = "".join(path.read_text("utf-8") for path in (Path(texts.__file__).parent).glob("*.py"))
COMPUTED = (
    "example/",
    "sizes/",
    "region/",
    "tab/",
    "verdict/",
    "change/",
    "panel/",
    "sweep/group-",
)  # put together by the code


def own(table):
    return {key: text for key, text in table.items() if not key.startswith(CORE)}


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_there_are_two_languages_at_least():
    assert {"en", "de"} <= set(TABLES)


@pytest.mark.parametrize("language", TABLES)
def test_a_language_has_all_texts_with_the_same_values(language):
    table, english = own(TABLES[language]), own(TABLES[ENGLISH])
    assert set(table) == set(english)
    assert all(text.strip() for text in table.values())
    for key, text in english.items():
        assert fields(table[key]) == fields(text), key


def test_names_of_degradations_are_translated_where_they_differ():
    same = {"JPEG", "JPEG 2000"}
    labels = {row.label for row in DEGRADATIONS.values()} - same
    assert labels <= {key.removeprefix(CORE) for key in TABLES["de"] if key.startswith(CORE)}


def test_no_text_is_left_over():
    asked = set(re.findall(r"['\"]([a-z-]+(?:/[a-z0-9-]+)?)['\"]", SOURCE))
    unused = [key for key in own(TABLES[ENGLISH]) if key not in asked and not key.startswith(COMPUTED)]
    assert not unused


def test_a_text_that_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        t("no-such-text")
    with pytest.raises(KeyError):
        say("no-such-text")
    with pytest.raises(KeyError):
        say("scored-by")  # without its values


@pytest.mark.parametrize(
    ("header", "expected"),
    [("de-DE,de;q=0.9,en;q=0.8", "de"), ("fr,de;q=0.5", "de"), ("fr", "en"), ("", "en"), ("en-GB,de", "en")],
)
def test_answers_are_in_the_language_of_the_browser(header, expected):
    token = LocalContext.request.set(SimpleNamespace(headers={"accept-language": header}))
    try:
        assert texts.language() == expected
    finally:
        LocalContext.request.reset(token)
    assert texts.language() == "en"
