"""Whether the studio can listen where it is told to, before anything else is done."""

import argparse
import errno
import socket


def port_number(text: str) -> int:
    """The port that a command line names.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"expected a port from 1 to 65535, got {text!r}")
    return int(text)


def port_is_taken(port: int) -> bool:
    """Whether another program of this machine listens at a port; Gradio asks in the same way when it launches."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False
