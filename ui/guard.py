"""The one place where errors meet visitors: ours are shown as they are, all others are logged and hidden."""

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import gradio as gr

from qualiclip.errors import QualiclipError

from .texts import say_core

INTERNAL = "Internal error: this is our fault, not your picture's. It has been logged; please try again."
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
_log = logging.getLogger("qualiclip.studio")


def shown(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The function with every error turned into a message that Gradio shows to the visitor."""

    @functools.wraps(function)
    def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with _guard(getattr(function, "__name__", repr(function))):  # a partial has none
            return function(*args, **kwargs)

    return guarded


def shown_steps(function: Callable[Arguments, Iterator[Result]]) -> Callable[Arguments, Iterator[Result]]:
    """The same for a function that gives its answer in steps; it stays one that Gradio takes for such."""

    @functools.wraps(function)
    def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Iterator[Result]:
        with _guard(getattr(function, "__name__", repr(function))):
            yield from function(*args, **kwargs)

    return guarded


@contextmanager
def _guard(name: str) -> Iterator[None]:
    try:
        yield
    except QualiclipError as error:
        raise gr.Error(say_core(str(error)), print_exception=False) from error
    except gr.Error:
        raise
    except Exception as error:  # the boundary: nothing may reach the visitor as a traceback
        _log.exception("in %s", name)
        raise gr.Error(say_core(INTERNAL), print_exception=False) from error
