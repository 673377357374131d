"""Files made for visitors to download, kept for a short while."""

import shutil
import threading
import uuid
from pathlib import Path

KEEP_SECONDS = 600.0  # Gradio copies a file as soon as it is offered; its own copies have their own end


class DownloadFolder:
    """A folder for files that are given out; each is deleted some time after it was asked for."""

    def __init__(self, folder: Path, *, keep_seconds: float = KEEP_SECONDS) -> None:
        """Use an existing folder."""
        self._folder = folder
        self._keep_seconds = keep_seconds

    def new_path(self, name: str) -> Path:
        """A path for a new file of that name, in a folder of its own."""
        path = self._folder / uuid.uuid4().hex / name
        path.parent.mkdir()
        timer = threading.Timer(self._keep_seconds, shutil.rmtree, [path.parent], {"ignore_errors": True})
        timer.daemon = True
        timer.start()
        return path
