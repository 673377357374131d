"""What the Sweep tab does: one picture at every level of many degradations, shown as it is computed."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from explain.figures.sweep_files import SweepFigures
from qualiclip.degradations import GROUPS, MAX_LEVEL
from qualiclip.drawing.files import FORMATS
from qualiclip.errors import QualiclipError, look_up
from qualiclip.scoring.sweep import LEVELS, SweepRow, sweep_table
from ui.files.downloads import DownloadFolder
from ui.frame.panel import OTHER_STEPS
from ui.markup.parts import bar, render_message
from ui.studio.studio import Studio
from ui.studio.subject import PANEL_SIZE, WHOLE, PanelValues
from ui.studio.sweeps import SweepRequest, Sweeps
from ui.texts import say

from . import markup as html

SIDES = {"384": 384, "512": 512, "full": None}


@dataclass(frozen=True)
class SweepWidgets:
    """What the tab shows: where it stands, the wall, the curves, the table; and the request, as far as it is done."""

    status: str
    wall: str = ""
    curves: str = ""
    table: str = ""
    done: SweepRequest | None = None
    running: bool = False

    def widgets(self) -> tuple[Any, ...]:
        """Values in the order of the tab's widgets."""
        return (
            *(self.status, self.wall, self.curves, self.table, self.done),
            gr.update(interactive=not self.running),
            gr.update(interactive=self.running),
            gr.update(visible=bool(self.wall)),
        )


def read_request(values: Sequence[Any]) -> SweepRequest | None:
    """What the panel and the tab's widgets (the types of each group, the side) ask for; None without a photo.

    Raises:
        UsageError: if a name is unknown or no degradation is chosen.
    """
    panel = PanelValues.of(values[:PANEL_SIZE])
    *groups, side = values[PANEL_SIZE:]
    chosen = {name for group in groups for name in group}
    names = tuple(name for group in GROUPS.values() for name in group if name in chosen)
    if panel.photo is None:
        return None
    return SweepRequest(panel.photo, panel.model, look_up(SIDES, str(side), kind="side"), panel.seed, names)


class SweepTab:
    """What the tab's widgets do, on one studio."""

    def __init__(self, studio: Studio, downloads: DownloadFolder) -> None:
        """Keep the place for downloads; nothing is swept yet."""
        self.sweeps = Sweeps(studio)
        self.downloads = downloads

    def plan(self, *values: Any) -> str:
        """What would be swept now, or why nothing can be.

        It says nothing of a sweep: what is planned may come after one has begun.
        """
        try:
            request = read_request(values)
        except QualiclipError as error:
            return render_message(str(error), error=True)
        return render_message(say("empty") if request is None else _plan(request), error=False)

    def run(self, *values: Any) -> Iterator[tuple[Any, ...]]:
        """The sweep, shown after every degradation; a picture that can't be used is said in place."""
        try:
            request = read_request(values)
            if request is None:
                yield SweepWidgets(render_message(say("empty"), error=False)).widgets()
                return
            for view in self._views(request):
                yield view.widgets()
        except QualiclipError as error:
            yield SweepWidgets(render_message(str(error), error=True)).widgets()

    def _views(self, request: SweepRequest) -> Iterator[SweepWidgets]:
        started, rows = time.monotonic(), list[SweepRow]()
        view = SweepWidgets(
            _progress(0, request, 0.0), html.wall_head(), html.curves_head(), html.table_head(), None, True
        )
        yield replace(view, wall="", curves="", table="")
        photo = ""
        for row in self.sweeps.rows(request):
            rows.append(row)
            photo = photo or html.original(self.sweeps.picture(request), row)
            view = SweepWidgets(
                photo + _progress(len(rows), request, time.monotonic() - started),
                view.wall + html.wall_row(row),
                view.curves + html.curve(row),
                view.table + html.table_row(row),
                replace(request, names=request.names[: len(rows)]),
                running=True,
            )
            yield view
        yield replace(view, status=photo + html.status(html.summary(rows)), running=False)

    def stopped(self, done: SweepRequest | None) -> tuple[Any, ...]:
        """What is left after a stop: status, and which of the buttons can be pressed."""
        if done is None:
            status = render_message(say("sweep/stopped-early"), error=False)
        else:
            rows = self._rows(done)
            words = say("sweep/stopped", done=len(rows)) + " " + html.summary(rows)
            status = html.original(self.sweeps.picture(done), rows[0]) + html.status(words)
        return status, gr.update(interactive=True), gr.update(interactive=False)

    def open(self, event: gr.EventData) -> tuple[Any, ...]:
        """Values of the panel's slots and its region that show a cell in Inspect."""
        name, level = str(event.degradation), int(event.level)
        SweepRequest("", "", None, 0, (name,))  # checks the name
        look_up({str(known): known for known in LEVELS}, str(level), kind="level")
        return name, level, *OTHER_STEPS, *OTHER_STEPS, WHOLE

    def save_csv(self, done: SweepRequest | None) -> str:
        """The scores as a CSV file: that of `qualiclip sweep`."""
        request, rows = self._require(done)
        path = self.downloads.new_path("scores.csv")
        with sweep_table(path, request.name, [part.name for part in rows[0].reports[0].parts]) as write:
            for row in rows:
                write(row)
        return str(path)

    def save_sheet(self, done: SweepRequest | None, suffix: str) -> str:
        """The contact sheet as a file."""
        return self._save("contact_sheet", suffix, done, SweepFigures.save_sheet)

    def save_curves(self, done: SweepRequest | None, suffix: str) -> str:
        """The curves as a file."""
        return self._save("monotonicity", suffix, done, SweepFigures.save_curves)

    def _save(
        self, stem: str, suffix: str, done: SweepRequest | None, write: Callable[[SweepFigures, Path], None]
    ) -> str:
        look_up(FORMATS, suffix, kind="format")
        request, rows = self._require(done)
        path = self.downloads.new_path(f"{stem}.{suffix}")
        write(SweepFigures(request.name, self.sweeps.picture(request), rows), path)
        return str(path)

    def _rows(self, request: SweepRequest) -> list[SweepRow]:
        return list(self.sweeps.rows(request))

    def _require(self, done: SweepRequest | None) -> tuple[SweepRequest, list[SweepRow]]:
        if done is None:
            raise gr.Error(say("sweep/nothing-to-download"), print_exception=False)
        return done, self._rows(done)


def _plan(request: SweepRequest) -> str:
    size = say("sweep/plan-full") if request.side is None else say("sweep/plan-side", side=request.side)
    types = len(request.names)
    return say("sweep/plan", pictures=1 + types * MAX_LEVEL, types=types, size=size)


def _progress(done: int, request: SweepRequest, seconds: float) -> str:
    count = len(request.names)
    words = say("sweep/progress", done=done, count=count)
    if 0 < done < count:
        words += " " + say("sweep/left", seconds=max(1, round(seconds / done * (count - done))))
    return html.status(words) + bar(done / count, "before")
