"""Files made for visitors to download: kept in a folder of the process, the oldest deleted first."""

import tempfile
import threading
import uuid
from collections import deque
from pathlib import Path

KEPT_FILES = 64  # Gradio copies a file when it is offered, so an older one has done its work


class DownloadFolder:
    """A temporary folder that holds the last files given out; it vanishes with the process."""

    def __init__(self) -> None:
        """Make the folder."""
        self._folder = tempfile.TemporaryDirectory(prefix="qualiclip-")
        self._files: deque[Path] = deque()
        self._lock = threading.Lock()

    def new_path(self, name: str) -> Path:
        """A path for a new file of that name, in a folder of its own."""
        path = Path(self._folder.name) / uuid.uuid4().hex / name
        path.parent.mkdir()
        with self._lock:
            self._files.append(path)
            old = [self._files.popleft() for _ in range(len(self._files) - KEPT_FILES)]
        for file in old:
            file.unlink(missing_ok=True)
            file.parent.rmdir()
        return path
