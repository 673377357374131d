"""The endpoints as tools of the Model Context Protocol, through Gradio, for pictures that are sent along or uploaded.

Gradio's own server for the protocol takes an address of a picture and fetches it; ours takes data, or the address that
an upload to this studio was given.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import gradio.mcp
from gradio.processing_utils import save_base64_to_cache
from gradio_client import handle_file

from qualiclip.errors import UsageError
from ui.files.tidy import temporary_folder

PATHS = "/gradio_api/file="
PICTURE_SCHEMA = "data:image/...;base64,..., or the address of an upload to this server (.../gradio_api/file=...)"
HINT = " The picture is sent as a data: URL, or uploaded to this server first; nothing is fetched from elsewhere."


def require_mcp() -> None:
    """Check that the package for the protocol is there.

    Raises:
        UsageError: if it is not.
    """
    if find_spec("mcp") is None:
        raise UsageError('--mcp needs the package mcp, which is not installed; `pip install "mcp>=1.21,<2"`')


class UploadsOnly(gradio.mcp.GradioMCPServer):
    """Gradio's server for the protocol, without its ways to files and addresses that were not uploaded."""

    _file_data_tool_description = HINT

    def simplify_filedata_schema(self, schema: dict[str, Any]) -> tuple[dict[str, Any], list[list[str | int]]]:
        """The schema of a tool with pictures as strings, and where in the arguments they are."""
        simple, places = super().simplify_filedata_schema(schema)
        for place in places:
            part = simple["properties"]
            for key in place:
                part = part[key]
            part["format"] = PICTURE_SCHEMA
        return simple, places

    def convert_strings_to_filedata(self, value: Any, filedata_positions: list[list[str | int]]) -> Any:
        """The arguments of a call with its pictures as files; a picture that is no string is refused."""

        def convert(node: Any, place: list[str | int]) -> Any:
            if place in filedata_positions:
                return _file_of(node)
            if isinstance(node, dict):
                return {key: convert(part, [*place, key]) for key, part in node.items()}
            if isinstance(node, list):
                return [convert(part, [*place, index]) for index, part in enumerate(node)]
            return node

        return convert(value, [])


def _file_of(picture: Any) -> Any:
    if picture is None:
        return None
    text = str(picture)
    if text.startswith("data:"):
        return handle_file(save_base64_to_cache(text, str(temporary_folder())))
    _, found, path = unquote(urlparse(text).path).partition(PATHS)
    file = Path(path).resolve()
    if not found or not file.is_file() or not file.is_relative_to(temporary_folder().resolve()):
        raise ValueError("send the picture as data:image/...;base64,... or upload it here first; nothing is fetched")
    return handle_file(str(file))


def use_uploads_only() -> None:
    """Make Gradio take our server where it makes one: it offers no other place to say so."""
    gradio.mcp.GradioMCPServer = UploadsOnly  # type: ignore[misc]
