"""Files made for visitors to download."""

import uuid
from pathlib import Path


class DownloadFolder:
    """A folder for files that are given out. In the folder of temporary files (see `ui.tidy`), they go with those."""

    def __init__(self, folder: Path) -> None:
        """Use that folder."""
        self._folder = folder

    def new_path(self, name: str) -> Path:
        """A path for a new file of that name, in a folder of its own."""
        path = self._folder / uuid.uuid4().hex / name
        path.parent.mkdir(parents=True)
        return path
