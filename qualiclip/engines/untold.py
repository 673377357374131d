"""OpenVINO without what it tells its maker: by itself it reports each import and each conversion over the network."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

TELEMETRY = "openvino_telemetry"


@contextmanager
def untold() -> Iterator[None]:
    """For the import of OpenVINO: the package that reports looks as if it were not installed.

    OpenVINO then does without it, in conversions, too. Its own way to opt out is a file in each home folder.
    """
    before = sys.modules.get(TELEMETRY)
    sys.modules[TELEMETRY] = None  # type: ignore[assignment]  # so Python marks what can't be imported
    try:
        yield
    finally:
        if before is None:
            sys.modules.pop(TELEMETRY, None)
        else:
            sys.modules[TELEMETRY] = before
