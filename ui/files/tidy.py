"""Temporary files: where they lie, and how they go."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread
import gradio as gr
from gradio.utils import get_upload_folder

from qualiclip.machine import trim


def temporary_folder() -> Path:
    """Where Gradio keeps uploads and results, and we what we make for visitors: all that it serves as `file=`."""
    return Path(get_upload_folder())


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder; files that vanish meanwhile count as nothing."""
    return sum(state.st_size for _, state in _files(folder))


def _files(folder: Path) -> list[tuple[Path, os.stat_result]]:
    found = []
    for root, _, names in os.walk(folder):
        for path in (Path(root, name) for name in names):
            try:
                found.append((path, path.stat()))
            except FileNotFoundError:  # another thread was faster
                continue
    return found


def delete_old(folder: Path, *, seconds: float, keep: set[str]) -> None:
    """Delete files older than that below a folder, and folders that are then empty. `keep` has paths that stay."""
    before = time.time() - seconds
    for path, state in _files(folder):
        if state.st_ctime < before and str(path) not in keep:
            path.unlink(missing_ok=True)
    for root, _, _ in os.walk(folder, topdown=False):
        path = Path(root)
        try:
            if path != folder and path.stat().st_ctime < before:
                path.rmdir()
        except OSError:  # not empty, or gone
            continue


def tidy(page: gr.Blocks, folder: Path, *, seconds: float, keep: set[str]) -> None:
    """Delete a page's temporary files older than that, forget them, and give freed memory back.

    Gradio's own `delete_cache` leaves empty folders and the beginnings of uploads that broke off behind, and stops for
    good when a file comes while it counts them.
    """
    delete_old(folder, seconds=seconds, keep=keep)
    for known in page.temp_file_sets:
        known.difference_update([path for path in tuple(known) if not os.path.exists(path)])
    trim()


def tidying(
    page: gr.Blocks, folder: Path, *, every: float, seconds: float
) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """The lifespan of a server that tidies up at that interval, and keeps what is there before the first visitor."""

    async def repeat(keep: set[str]) -> None:
        while True:
            await asyncio.sleep(every)
            await anyio.to_thread.run_sync(lambda: tidy(page, folder, seconds=seconds, keep=keep))

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        keep = {str(path) for path, _ in _files(folder)}
        task = asyncio.create_task(repeat(keep))
        try:
            yield
        finally:
            task.cancel()

    return lifespan
