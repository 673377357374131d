"""Zip archives from strangers: read within limits, never unpacked to a disk, and every refusal is a row."""

import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from qualiclip.errors import InputError
from ui.files import intake
from ui.files.intake import MOST_FILE_BYTES, MOST_PICTURES, Upload, contents, display_name, open_uploads
from ui.texts import TABLES

CAT = (Path(__file__).resolve().parent.parent / "assets" / "examples" / "cat.png").read_bytes()


@pytest.fixture
def pack(tmp_path):
    """A function that packs members into a zip and returns it as an upload."""

    def make(*members, name="some.zip", packing=zipfile.ZIP_DEFLATED):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", packing) as archive:
            for member, data in members:
                archive.writestr(member, data)
        return Upload(path, name)

    return make


def take(*uploads):
    """Name → bytes or reason, and the numbers of files skipped and left out."""
    with open_uploads(uploads) as found:
        read = dict(zip([entry.name for entry in found.entries], contents(found.entries), strict=True))
    texts = {name: str(data) if isinstance(data, InputError) else data for name, data in read.items()}
    return texts, found.skipped, found.left_out


def patched(upload, signature, offset, layout, *values):
    """The same archive with other numbers in a header, found by its signature."""
    data = bytearray(upload.path.read_bytes())
    struct.pack_into(layout, data, data.index(signature) + offset, *values)
    upload.path.write_bytes(data)
    return upload


def test_pictures_are_read_and_what_systems_add_is_skipped(pack):
    others = ["__MACOSX/a/._b.png", "a/.DS_Store", "a/.hidden.png", ".thumbs/b.png", "__MACOSX\\c.png"]
    others += ["Thumbs.db", "notes.txt"]
    upload = pack(("a/b.png", CAT), ("c.PNG", CAT), ("folder/", b""), *((name, b"x") for name in others))
    assert take(upload) == ({"some.zip/a/b.png": CAT, "some.zip/c.PNG": CAT}, len(others), 0)


def test_a_plain_file_is_itself_whatever_it_holds(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"text")
    assert take(Upload(tmp_path / "a.txt", "mine.txt")) == ({"mine.txt": b"text"}, 0, 0)


def test_an_archive_is_known_by_its_bytes_too(pack):
    upload = pack(("a.png", CAT))
    assert take(Upload(upload.path, "holiday")) == ({"holiday/a.png": CAT}, 0, 0)


@pytest.mark.parametrize("name", ["../../etc/evil.png", "/etc/evil.png", "C:\\evil.png", "<b>&.png", "日本.png"])
def test_names_are_only_ever_text(pack, name, tmp_path):
    before = set(tmp_path.rglob("*"))
    found, _, _ = take(pack((name, CAT)))
    assert list(found.values()) == [CAT]
    assert {path.name for path in set(tmp_path.rglob("*")) - before} == {"some.zip"}


def test_shown_names_are_one_line_without_unseen_letters():
    assert display_name("a\n\u202egpj.exe\x00") == "a??gpj.exe?"
    assert display_name("\ud800.png") == "?.png"
    long = display_name("a" * 60000 + "/end.png")
    assert len(long) < 130
    assert long.endswith("/end.png")


def test_nested_archives_are_refused_unread(pack):
    inner = pack(("a.png", CAT), name="inner.zip").path.read_bytes()
    found, _, _ = take(pack(("b.png", CAT), ("inner.zip", inner)))
    assert found["some.zip/b.png"] == CAT
    assert found["some.zip/inner.zip"].startswith("an archive inside an archive")


def test_bombs_are_refused_by_their_ratio(pack):
    found, _, _ = take(pack(("flat.bmp", bytes(5_000_000)), ("small.bmp", bytes(900_000))))
    assert "zip bomb" in found["some.zip/flat.bmp"]
    assert found["some.zip/small.bmp"] == bytes(900_000)  # small ones may be flat


def test_bytes_are_counted_while_reading_and_no_more_is_held(pack):
    huge = pack(("huge.bmp", bytes(MOST_FILE_BYTES + 2**20)), packing=zipfile.ZIP_STORED)
    tracemalloc.start()
    found, _, _ = take(huge)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == {"some.zip/huge.bmp": "larger than 40 MB; make it smaller first"}
    assert most < 1.2 * MOST_FILE_BYTES


def test_a_header_that_understates_the_size_gains_nothing(pack):
    upload = pack(("liar.png", bytes(30_000_000)))
    patched(upload, b"PK\x01\x02", 24, "<I", 1000)  # the size that the table of contents claims
    found, _, _ = take(upload)
    assert found == {"some.zip/liar.png": "damaged in the archive; pack it anew"}


def test_members_of_an_archive_have_a_budget_together(pack, monkeypatch):
    monkeypatch.setattr(intake, "MOST_BYTES", 3 * len(CAT))
    found, _, _ = take(pack(*((f"{n}.png", CAT) for n in range(5))))
    assert [data == CAT for data in found.values()] == [True] * 3 + [False] * 2
    assert found["some.zip/4.png"].startswith("not read: the files of one batch may have")


def test_the_budget_counts_single_files_too(tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "MOST_BYTES", len(CAT))
    uploads = []
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(CAT)
        uploads.append(Upload(tmp_path / name, name))
    found, _, _ = take(*uploads)
    assert found["a.png"] == CAT
    assert found["b.png"].startswith("not read")


def test_encrypted_members_are_a_row(pack):
    upload = pack(("a.png", CAT))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        patched(upload, signature, offset, "<H", 1)
    assert take(upload)[0] == {"some.zip/a.png": "encrypted; pack it without a password"}


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packings_are_a_row(pack, packing):
    found, _, _ = take(pack(("a.png", CAT), packing=packing))
    assert found["some.zip/a.png"].startswith("packed in an unusual way")


def test_a_damaged_member_is_a_row_and_the_next_is_read(pack):
    upload = pack(("a.png", CAT), ("b.png", CAT), packing=zipfile.ZIP_STORED)
    data = bytearray(upload.path.read_bytes())
    data[2000] ^= 255
    upload.path.write_bytes(data)
    found, _, _ = take(upload)
    assert found == {"some.zip/a.png": "damaged in the archive; pack it anew", "some.zip/b.png": CAT}


@pytest.mark.parametrize("data", [b"PK\x03\x04 and no more", b"text", b""])
def test_what_is_no_archive_is_a_row(tmp_path, data):
    (tmp_path / "a.zip").write_bytes(data)
    found = take(Upload(tmp_path / "a.zip", "a.zip"))
    assert found == ({"a.zip": "not a zip archive, or damaged; pack it anew"}, 0, 0)


def test_an_archive_cut_anywhere_is_a_row(pack):
    whole = pack(("a.png", CAT[:3000]), ("b.png", CAT[:3000])).path.read_bytes()
    for end in range(4, len(whole), 97):
        cut = Upload(pack(name="cut.zip").path, "cut.zip")
        cut.path.write_bytes(whole[:end])
        found, _, _ = take(cut)
        assert list(found) == ["cut.zip"]


def test_altered_archives_raise_nothing(pack, seeded):
    import torch

    whole = pack(("a.png", CAT[:3000]), ("b.png", CAT[:3000])).path.read_bytes()
    generator = seeded(0)
    for _ in range(300):
        data = bytearray(whole)
        for place in torch.randint(len(data), (8,), generator=generator).tolist():
            data[place] = int(torch.randint(256, (1,), generator=generator))
        end = data.rfind(b"PK\x05\x06")
        if end > 0:  # the numbers at the end decide most
            data[end + int(torch.randint(4, 22, (1,), generator=generator))] ^= 1
        upload = Upload(pack(name="altered.zip").path, "altered.zip")
        upload.path.write_bytes(data)
        take(upload)


def test_an_empty_archive_and_one_without_pictures_are_rows(pack):
    assert take(pack(name="empty.zip"))[0] == {
        "empty.zip": "no picture in this archive; pack the picture files themselves"
    }
    assert take(pack(("a.txt", b"x"), name="text.zip"))[1] == 1


def test_a_huge_table_of_contents_is_not_loaded(pack):
    upload = pack(*((f"{number:060}.png", b"") for number in range(12000)))
    tracemalloc.start()
    found, _, _ = take(upload)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == {"some.zip": "too many files in this archive; pack fewer at once"}
    assert most < 4 * 2**20


def test_more_pictures_than_allowed_are_left_out_and_counted(pack):
    upload = pack(*((f"{number}.png", b"x") for number in range(MOST_PICTURES + 7)))
    found, _, left_out = take(upload)
    assert (len(found), left_out) == (MOST_PICTURES, 7)


def test_a_file_that_is_gone_is_a_row(tmp_path):
    found, _, _ = take(Upload(tmp_path / "old.png", "old.png"))
    assert found == {"old.png": "no longer on this server; upload it again"}


def test_the_page_names_the_limits():
    for table in TABLES.values():
        for count in (MOST_PICTURES, MOST_FILE_BYTES // 2**20, intake.MOST_BYTES // 2**20):
            assert str(count) in table["batch/intro"]


def test_archives_are_closed_afterwards(pack):
    with open_uploads([pack(("a.png", CAT))]) as found:
        read = found.entries[0].read
    with pytest.raises(InputError, match="damaged"):  # a closed file
        read()
