"""Command lines run in this process: a process of its own would first load for seconds what is here already."""

import sys

import pytest
import typer

from qualiclip.terminal import run


def run_here(application: typer.Typer, *arguments: object, program: str = "program") -> int:
    """Exit status of a command line; what it writes, `capsys` reads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [program, *map(str, arguments)])
        return run(application, program)
