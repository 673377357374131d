"""What the Batch tab does: many pictures, scored one after the other, as far as the visitor waits for them."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from threading import Event
from time import monotonic

import gradio as gr

from qualiclip.errors import QualiclipError
from ui.files.downloads import DownloadFolder
from ui.files.intake import Upload, open_uploads
from ui.frame.examples import list_examples
from ui.markup.parts import render_message
from ui.studio.studio import Studio
from ui.texts import say

from .batch import Batch, score_batch, write_table
from .markup import render_batch, render_progress, render_summary, render_waiting

PAUSE = 0.3  # s between two updates of the page
GROWTH = 1.3  # the table is sent anew when it has grown by this: 200 rows in 20 steps, not in 200
Update = tuple[str, str, Batch | None]  # progress or summary, table, rows


class BatchTab:
    """What the tab's buttons do, on one studio."""

    def __init__(self, studio: Studio, downloads: DownloadFolder) -> None:
        """Keep the studio and the place for downloads."""
        self.studio = studio
        self.downloads = downloads

    def run(self, stop: Event | None, model: str, uploads: Sequence[Upload]) -> Iterator[Update]:
        """Score the pictures until `stop` is set; yields what to show as they are ready."""
        if not uploads:
            yield render_message(say("batch/empty"), error=False), "", None
            return
        try:
            yield from self._score(stop, model, uploads)
        except QualiclipError as error:
            yield render_message(str(error), error=True), "", None

    def examples(self, stop: Event | None, model: str) -> Iterator[Update]:
        """The same with the example photos."""
        yield from self.run(stop, model, [Upload(example.path, example.path.name) for example in list_examples()])

    def _score(self, stop: Event | None, model: str, uploads: Sequence[Upload]) -> Iterator[Update]:
        scorer = self.studio.scorer(model)
        with open_uploads(uploads) as intake, closing(score_batch(scorer, intake.entries)) as rows:
            batch = Batch(scorer.checkpoint.name, len(intake.entries), intake.skipped, intake.left_out)
            table, in_table, shown = "", 0, monotonic()
            yield render_progress(0, batch.total), table, batch
            for row in rows:
                batch = replace(batch, rows=(*batch.rows, row))
                if stop is not None and stop.is_set():
                    break
                if monotonic() - shown < PAUSE:
                    continue
                if len(batch.rows) > GROWTH * in_table:
                    table, in_table = render_batch(batch), len(batch.rows)
                yield render_progress(len(batch.rows), batch.total), table, batch
                shown = monotonic()
        yield render_summary(batch), render_batch(batch), batch

    def save_csv(self, batch: Batch | None) -> str:
        """The table as a CSV file."""
        if batch is None or not batch.rows:
            raise gr.Error(say("batch/nothing"), print_exception=False)
        path = self.downloads.new_path("scores.csv")
        write_table(path, batch.rows, self.studio.scorer(batch.model))
        return str(path)


def begin() -> tuple[str, str, None, Event]:
    """What is shown between the click and the first result, in place of an earlier batch; and a new stop."""
    return render_waiting(), "", None, Event()


def ask_to_stop(stop: Event | None) -> None:
    """Let the run end after the picture that it is at."""
    if stop is not None:
        stop.set()
