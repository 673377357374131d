"""What the command lines of this project share: messages, exit statuses, errors in one line."""

import sys

import typer

from .errors import QualiclipError, UsageError, one_line

# click's ClickException, or the copy of it that newer releases of typer bring along.
COMMAND_LINE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]
INTERRUPTED = 130  # what typer makes of Ctrl-C, without a word


def say(text: str) -> None:
    """Write a line to standard error, where everything goes that is not a result."""
    sys.stderr.write(f"{one_line(text)}\n")


def run(command: typer.Typer, program: str) -> int:
    """Run a command line; errors become one line on standard error. Returns the exit status."""
    try:
        status = command(standalone_mode=False, prog_name=program)
        if status == INTERRUPTED:
            say(f"{program}: stopped")
    except typer.Abort:
        say(f"{program}: stopped")
        return 1
    except COMMAND_LINE_ERROR as error:
        say(f"{program}: {' '.join(error.format_message().split())} (see --help)")  # type: ignore[attr-defined]
        return 2
    except UsageError as error:
        say(f"{program}: {error}")
        return 2
    except QualiclipError as error:
        say(f"{program}: {error}")
        return 1
    except OSError as error:
        say(f"{program}: {error.filename or 'file'}: {error.strerror or error}")
        return 1
    return status if isinstance(status, int) else 0
