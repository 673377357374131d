"""What a visitor may send, and how long it is kept: every limit of the server, in one place."""

from dataclasses import dataclass

MB = 2**20
API = "/gradio_api"

MEGAPIXELS = 16.0  # of a picture, unless the operator says otherwise
MOST_FILE_BYTES = 40 * MB  # of an uploaded file, and of a member of a zip
MOST_BYTES = 400 * MB  # of all files and members of one batch, as they are read
MOST_PICTURES = 200  # of one batch
MOST_RATIO = 100  # of a member's size to that of its packed bytes: photos stay below 3, bombs come close to 1032
ALWAYS_ALLOWED_BYTES = MB  # whatever the ratio: a small empty drawing packs well, too
MOST_LISTING_BYTES = MB  # of a zip's table of contents, which Python reads at once: 20 000 members or so
KEEP_MINUTES = 50.0  # for temporary files; the page promises "within the hour"
QUEUE_SIZE = 200  # a lecture hall that opens the page at once
SESSIONS = 256  # Gradio keeps a copy of the page's settings, 0.4 MB, for each visitor and each call of an endpoint


@dataclass(frozen=True)
class RequestLimits:
    """How much a request may bring, in bytes, and how much may lie in the folder of uploads."""

    upload: int = MOST_BYTES  # of one request, which may hold many files; of one file: `MOST_FILE_BYTES`
    tool: int = 64 * MB  # a picture in the text of a call
    other: int = MB
    folder: int = 4096 * MB

    def of(self, path: str) -> int:
        """The limit of a request's body."""
        if path.startswith((f"{API}/upload", f"{API}/component_server")):
            return self.upload
        return self.tool if path.startswith(f"{API}/mcp") else self.other
