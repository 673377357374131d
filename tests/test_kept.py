"""What is kept on disk is believed only whole, and missed nowhere."""

import json
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from qualiclip.kept import first_noted, kept
from qualiclip.weights import files

CONTENT = bytes(range(256)) * 10


def never() -> bytes:
    raise AssertionError("it is there")


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file of this process may grow beyond that many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_thing_is_made_once_and_its_file_is_the_only_one(tmp_path):
    path = tmp_path / "new" / "thing"
    assert kept(path, lambda: CONTENT) == CONTENT
    assert kept(path, never) == CONTENT
    assert list(path.parent.iterdir()) == [path]


def flipped(place):
    def change(data):
        return data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :]

    return change


@pytest.mark.parametrize(
    "damage",
    [
        *(lambda data: b"", lambda data: data[:20], lambda data: data[:32], lambda data: data[:1000]),
        *(lambda data: data[:-1], lambda data: data + b"\0", lambda data: bytes(len(data)), lambda data: CONTENT),
        *map(flipped, (0, 31, 32, 1500, len(CONTENT) + 31)),
    ],
)
def test_a_damaged_file_is_never_believed_and_made_anew(tmp_path, damage):
    path = tmp_path / "thing"
    kept(path, lambda: CONTENT)
    path.write_bytes(damage(path.read_bytes()))
    assert kept(path, lambda: b"new") == b"new"
    assert kept(path, never) == b"new"


def test_a_file_under_the_name_of_another_is_not_believed(tmp_path):
    kept(tmp_path / "a", lambda: b"a")
    (tmp_path / "a").rename(tmp_path / "b")
    assert kept(tmp_path / "b", lambda: b"b") == b"b"


def test_several_at_once_leave_one_whole_file(tmp_path):
    path = tmp_path / "thing"
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: kept(path, lambda: CONTENT), range(40))) == {CONTENT}
    assert kept(path, never) == CONTENT
    assert list(tmp_path.iterdir()) == [path]


def test_where_nothing_can_be_kept_it_is_made_each_time(tmp_path):
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "taken").mkdir()
    for path in (tmp_path / "file" / "thing", Path("/dev/null/a/thing"), tmp_path / "taken"):
        assert kept(path, lambda: b"first") == b"first"
        assert kept(path, lambda: b"second") == b"second"
        assert first_noted(path / "notes", "name", "value") == "value"
    with full_disk(100):
        assert kept(tmp_path / "large", lambda: CONTENT) == CONTENT
    assert {path.name for path in tmp_path.iterdir()} == {"file", "taken"}


def test_the_first_note_counts_until_it_is_damaged(tmp_path):
    path = tmp_path / "notes.json"
    assert [first_noted(path, name, value) for name, value in (("a", "1"), ("a", "2"), ("b", "3"))] == ["1", "1", "3"]
    assert json.loads(path.read_text()) == {"a": "1", "b": "3"}
    for text in (path.read_text()[:5], path.read_text().replace("1", "9"), "[]", '{"a": 1}', "", "\udcff"):
        path.write_text(text, errors="surrogateescape")
        assert first_noted(path, "a", "2") == "2"
        assert json.loads(path.read_text()) == {"a": "2"}
        path.unlink()
        assert first_noted(path, "a", "1") == "1"


def test_notes_of_earlier_versions_count(tmp_path):
    path = tmp_path / "notes.json"
    path.write_text('{"a": "1"}')
    assert first_noted(path, "a", "2") == "1"
    assert first_noted(path, "b", "2") == "2"
    path.with_suffix(".check").unlink()
    assert first_noted(path, "b", "3") == "2"


def test_a_user_without_a_home_has_a_folder_that_can_not_be_made(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert files.cache_folder() == tmp_path / ".cache" / "qualiclip-studio"
    monkeypatch.setattr(Path, "home", classmethod(homeless))
    assert kept(files.cache_folder() / "thing", lambda: CONTENT) == CONTENT
    assert first_noted(files.cache_folder() / "notes.json", "a", "1") == "1"


def homeless(cls: type[Path]) -> Path:
    raise RuntimeError("Could not determine home directory.")
