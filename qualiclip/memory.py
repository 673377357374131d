"""Giving freed memory back to the system."""

import ctypes
import sys


def trim() -> None:
    """Hand back what was freed: glibc keeps blocks below 32 MB, which in large pictures adds up to half a gigabyte.

    Does nothing where the C library is another.
    """
    if sys.platform == "linux":
        release = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if release is not None:
            release(0)
