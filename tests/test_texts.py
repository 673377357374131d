"""Every language has every text, with the same places for values; the code asks for none that is not there."""

import re
import string
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from gradio.context import LocalContext

import qualiclip
from explain.maps.heatmaps import METHODS, explain_image
from qualiclip.degradations import DEGRADATIONS
from qualiclip.errors import InputError
from qualiclip.models.targets import target_table
from qualiclip.pictures import as_image
from ui import texts
from ui.guard import INTERNAL
from ui.markup.templates import FOLDER
from ui.texts import CORE, ENGLISH, TABLES, say, say_core, t

EXAMPLE = Path(__file__).resolve().parent.parent / "assets" / "examples" / "cat.png"
ENGLISH_WORDS = {"the", "of", "this", "places", "that", "what", "with", "most", "for", "score", "where", "top", "left"}
FOLDERS = {Path(texts.__file__).parent: "*.py", FOLDER: "*.html"}
SOURCE = "".join(path.read_text("utf-8") for folder, end in FOLDERS.items() for path in folder.rglob(end))
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


@contextmanager
def visitor_from(header):
    token = LocalContext.request.set(SimpleNamespace(headers={"accept-language": header}))
    try:
        yield
    finally:
        LocalContext.request.reset(token)


@pytest.fixture
def in_german():
    with visitor_from("de"):
        yield


@pytest.fixture(scope="module")
def scorer():
    return qualiclip.load("compact", engine="fused")


def test_a_translated_sentence_has_the_places_of_its_original():
    for table in TABLES.values():
        for key, text in table.items():
            if key.startswith(CORE):
                assert fields(text) == fields(key), key


@pytest.mark.usefixtures("in_german")
@pytest.mark.parametrize("target", ["good", "difference", "pair:2"])
def test_the_words_of_a_heatmap_are_german_to_the_last(scorer, target):
    image = as_image(EXAMPLE)
    features = scorer.encode(image)
    for method, row in METHODS.items():
        note = explain_image(scorer.model, image, features, method=method, target=target).note
        for text in (note, row.description, row.cost):
            english = ENGLISH_WORDS & set(re.findall(r"[a-z]+", say_core(text).lower()))
            assert not english, say_core(text)


@pytest.mark.usefixtures("in_german")
def test_targets_are_german(scorer):
    for row in target_table(scorer.model.settings.pairs).values():
        assert say_core(row.label) != row.label
        assert CORE + row.label in TABLES["de"]  # widgets are translated by the browser, which knows no patterns
        assert say_core(row.description).startswith("Stellen, die ")


@pytest.mark.usefixtures("in_german")
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("leer.png", b"", "leer.png: eine leere Datei (0 Byte); kopieren oder laden Sie sie noch einmal"),
        (
            "a.b: c.png",
            b"none",
            "a.b: c.png: kein Bild in einem bekannten Format, oder beschädigt; speichern Sie es als PNG",
        ),
        ("x.svg", b"<svg>", "x.svg: kein Bild, sondern eine Vektorzeichnung; speichern Sie sie zuerst als PNG"),
    ],
)
def test_errors_of_files_are_german(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        as_image(tmp_path / name)
    assert say_core(str(caught.value)) == said


@pytest.mark.usefixtures("in_german")
def test_what_no_table_knows_stays_as_it_is():
    assert say_core("Something else. And more of it.") == "Something else. And more of it."
    assert say_core(INTERNAL).startswith("Interner Fehler")


@pytest.mark.parametrize(
    ("header", "expected"),
    [("de-DE,de;q=0.9,en;q=0.8", "de"), ("fr,de;q=0.5", "de"), ("fr", "en"), ("", "en"), ("en-GB,de", "en")],
)
def test_answers_are_in_the_language_of_the_browser(header, expected):
    with visitor_from(header):
        assert texts.language() == expected
    assert texts.language() == "en"
