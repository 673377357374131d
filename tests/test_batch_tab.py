"""Batches: rows, statistics worked out by hand, the table's words, and the CSV of the command line."""

import re
import zipfile
from contextlib import closing
from html import unescape
from pathlib import Path
from threading import Event

import gradio as gr
import numpy as np
import pytest
from gradio.data_classes import FileData, ListFiles
from PIL import Image

import qualiclip
from qualiclip.pictures import PictureLimits
from qualiclip.scoring.reports import Failure, QualityReport
from ui.commands.main import main as command
from ui.files.downloads import DownloadFolder
from ui.files.intake import Upload, open_uploads
from ui.files.uploads import files_input
from ui.studio.studio import Studio
from ui.tabs.batch import tab as batch_tab
from ui.tabs.batch.batch import BINS, Batch, BatchRow, fences, histogram, score_batch, standings
from ui.tabs.batch.markup import render_batch, render_summary
from ui.tabs.batch.tab import BatchTab, ask_to_stop, begin

EXAMPLES = Path(__file__).resolve().parent.parent / "assets" / "examples"


@pytest.fixture(scope="module")
def scorer():
    return qualiclip.load("compact", limits=PictureLimits(megapixels=2))


@pytest.fixture
def tab(scorer, tmp_path):
    (tmp_path / "downloads").mkdir()
    return BatchTab(Studio(scorer), DownloadFolder(tmp_path / "downloads"))


@pytest.fixture
def uploads(photo_folder):
    """Three small photos, the last of them damaged; and a zip with a fourth."""
    paths = sorted(photo_folder.iterdir())[:3]
    paths[2].write_bytes(paths[2].read_bytes()[:300])
    path = photo_folder / "more.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(photo_folder / "5.png", "in/5.png")
        archive.writestr("in/notes.txt", "text")
    return [Upload(path, path.name) for path in (*paths, path)]


def last(updates):
    *_, final = updates
    return final


def words(html):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def report(score, template):
    return QualityReport(**{**template.__dict__, "score": score})


def batch_of(template, scores):
    rows = tuple(BatchRow(f"{place}.png", report(score, template)) for place, score in enumerate(scores))
    return Batch("compact", len(rows), rows=rows)


@pytest.fixture(scope="module")
def template(scorer):
    return scorer.score(EXAMPLES / "cat.png")


# Rows


def test_rows_come_in_order_with_the_scorers_reports(scorer, uploads):
    with open_uploads(uploads) as intake:
        rows = list(score_batch(scorer, intake.entries))
    assert [row.name for row in rows] == ["0.png", "1.png", "2.png", "more.zip/in/5.png"]
    for row, path in zip(rows[:2], uploads, strict=False):
        assert row.result.score == pytest.approx(scorer.score(path.path).score, abs=1e-6)
        assert row.thumbnail.startswith("data:image/jpeg;base64,")
    assert rows[2].result == Failure("2.png", "2.png: damaged or cut off; copy it again or save it anew as PNG")
    assert rows[3].result.width == 64


def test_a_picture_over_the_limit_is_a_row(scorer, tmp_path):
    Image.new("RGB", (2000, 1500)).save(tmp_path / "large.png")
    with open_uploads([Upload(tmp_path / "large.png", "large.png")]) as intake:
        (row,) = score_batch(scorer, intake.entries)
    assert "3.0 megapixels, the limit is 2" in row.result.error


def test_work_ends_with_the_generator(scorer, uploads):
    read = []

    def noted(entry):
        return lambda: read.append(entry.name) or entry.read()

    with open_uploads(uploads * 20) as intake:
        entries = [type(entry)(entry.name, noted(entry)) for entry in intake.entries]
        with closing(score_batch(scorer, entries)) as rows:
            next(rows)
        count = len(read)
    assert count < len(entries)
    assert len(read) == count


# Statistics


def test_standing_is_the_share_of_the_others_that_are_lower():
    assert standings([0.1, 0.5, 0.5, 0.9]) == pytest.approx([0, 0.5, 0.5, 1])
    assert standings([0.4]) == [None]
    assert standings([]) == []


def test_fences_are_tukeys():
    scores = np.random.default_rng(0).random(31).tolist()
    first, third = np.quantile(scores, [0.25, 0.75])
    assert fences(scores) == pytest.approx((first - 1.5 * (third - first), third + 1.5 * (third - first)))
    assert fences(scores[:7]) is None


def test_every_score_is_in_one_bar():
    counts = histogram([0.0, 0.049, 0.05, 0.999, 1.0])
    assert (counts[0], counts[1], counts[-1], sum(counts), len(counts)) == (2, 1, 2, 5, BINS)


# What the tab shows


def test_a_run_shows_progress_then_summary_and_table(tab, uploads, monkeypatch):
    monkeypatch.setattr(batch_tab, "PAUSE", 0)
    updates = list(tab.run(Event(), "compact", uploads))
    assert [words(status).strip() for status, _, _ in updates[:-1]] == [f"{done} of 4" for done in range(5)]
    status, table, batch = updates[-1]
    assert words(status).strip() == (
        "Scored by compact: 3 of 4. Not scored: 1; the end of the table says why. "
        "Files in archives that are no pictures, skipped: 1."
    )
    names = re.findall(r'data-value="([^"]+\.png)"', table)
    assert names == [row.name for row, _ in batch.scored]
    assert "damaged or cut off" in table[table.rindex("<tbody>") :]
    assert updates[2][1].count("<tr>") < table.count("<tr>")  # it fills in


def test_the_table_is_sorted_and_marks_outliers(template):
    table = render_batch(batch_of(template, [0.5, 0.52, 0.05, 0.51, 0.53, 0.5, 0.52, 0.51]))
    scores = [float(value) for value in re.findall(r'<td data-value="([\d.]+)"', table)]
    assert scores == sorted(scores, reverse=True)
    assert table.count("mark") == 1
    assert "Outliers: 2.png (0.050)" in words(table).replace(" (", " (")
    assert "Best: 4.png, 0.530. Worst: 2.png, 0.050" in words(table)
    assert "0.05–0.10" in table  # the histogram's twin


def test_few_pictures_have_no_outliers_and_one_has_no_standing(template):
    table = words(render_batch(batch_of(template, [0.4])))
    assert "Outliers are named from 8 pictures on" in table
    assert "–" in table


def test_names_are_escaped_and_made_harmless(template):
    rows = (BatchRow("<img src=x onerror=alert(1)>.png", template), BatchRow('"><b>\u202e.png', Failure("", "x<y")))
    table = render_batch(Batch("<i>", 2, rows=rows)) + render_summary(Batch("<i>", 2, rows=rows))
    assert not re.search(r"<(b|i|img src=x)\b", table.replace("<b>&", ""))
    assert "\u202e" not in table


def test_stop_ends_a_run_and_keeps_what_was_ready(tab, uploads):
    stop = Event()
    updates = tab.run(stop, "compact", uploads * 5)
    next(updates)
    ask_to_stop(stop)
    status, table, batch = last(updates)
    assert words(status).strip().startswith("Stopped after 1 of 20.")
    assert len(batch.rows) == 1
    assert table.count('scope="row"') == 2  # the picture, and the bar of the histogram


def test_stop_without_a_run_does_nothing():
    ask_to_stop(None)
    *_, stop = begin()
    assert not stop.is_set()


def test_without_files_the_page_says_what_to_do(tab):
    status, table, batch = last(tab.run(Event(), "compact", []))
    assert "Choose several pictures" in status
    assert (table, batch) == ("", None)
    with pytest.raises(gr.Error, match="nothing to download yet"):
        tab.save_csv(None)


def test_an_unknown_model_is_said_in_place(tab, uploads):
    status, _, _ = last(tab.run(Event(), "magic", uploads))
    assert 'role="alert"' in status
    assert "unknown model" in status


def test_examples_need_no_upload(tab):
    _, _, batch = last(tab.examples(Event(), "compact"))
    assert len(batch.scored) == 10


def test_the_csv_is_that_of_the_command_line(tab, uploads, monkeypatch, tmp_path, photo_folder):
    files = uploads[:3]
    _, _, batch = last(tab.run(Event(), "compact", files))
    table = Path(tab.save_csv(batch)).read_bytes()
    monkeypatch.chdir(photo_folder)
    names = [upload.name for upload in files]
    monkeypatch.setattr("sys.argv", ["qualiclip", "score", *names, "--model", "compact", "--csv", str(tmp_path / "a")])
    with pytest.raises(SystemExit):
        command()
    assert (tmp_path / "a").read_bytes() == table


# The widget


def test_the_input_gives_paths_and_the_visitors_names_and_leaves_no_file_behind(tmp_path):
    files = files_input()
    (tmp_path / "a.png").write_bytes(b"x")
    payload = ListFiles(
        root=[
            FileData(path=str(tmp_path / "a.png"), orig_name="C:\\photos\\my cat.png"),
            FileData(path=str(tmp_path / "a.png")),
        ]
    )
    assert files.preprocess(payload) == [Upload(tmp_path / "a.png", "my cat.png"), Upload(tmp_path / "a.png", "a.png")]
    assert files.preprocess(None) == []
