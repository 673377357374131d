"""Files made for visitors to download: the oldest are deleted first."""

import threading
import uuid
from collections import deque
from pathlib import Path

KEPT_FILES = 64  # Gradio copies a file when it is offered, so an older one has done its work


class DownloadFolder:
    """A folder that holds the last files given out."""

    def __init__(self, folder: Path) -> None:
        """Use an existing, empty folder."""
        self._folder = folder
        self._files: deque[Path] = deque()
        self._lock = threading.Lock()

    def new_path(self, name: str) -> Path:
        """A path for a new file of that name, in a folder of its own."""
        path = self._folder / uuid.uuid4().hex / name
        path.parent.mkdir()
        with self._lock:
            self._files.append(path)
            old = [self._files.popleft() for _ in range(len(self._files) - KEPT_FILES)]
        for file in old:
            file.unlink(missing_ok=True)
            file.parent.rmdir()
        return path
