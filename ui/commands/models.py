"""`qualiclip models`: the models that can be named."""

from typing import Annotated

import typer

from qualiclip.terminal import put, require_output


def models(
    download: Annotated[str | None, typer.Option("--download", help="Get the files of a model first.")] = None,
) -> None:
    """List the models that can be named: what, where from, licence, file and its SHA-256."""
    from qualiclip.weights.files import file_sha256
    from qualiclip.weights.registry import REGISTRY, model_files

    require_output()
    if download is not None:
        model_files(download)  # refuses an unknown name at once
        from qualiclip.weights.loading import load_checkpoint  # which needs torch; a list does not

        load_checkpoint(download)  # with what it is built on, and checked
    for name, entry in REGISTRY.items():
        here = entry.path
        lines = (
            name,
            f"  {entry.description}",
            f"  from     {entry.origin}",
            f"  licence  {entry.licence}",
            f"  cite     {entry.citation}",
            f"  file     {here or f'not here; qualiclip models --download {name}'}",
            f"  sha256   {file_sha256(here) if here else '-'}",
        )
        put("\n".join(lines))
