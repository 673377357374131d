"""Giving freed memory back to the system."""

import ctypes
import sys

M_ARENA_MAX = -8  # glibc's malloc.h


def limit_arenas(count: int) -> None:
    """Let all threads share that many heaps. Before the first thread starts; glibc makes eight per core otherwise.

    Does nothing where the C library is another.
    """
    if sys.platform == "linux":
        limit = getattr(ctypes.CDLL(None), "mallopt", None)
        if limit is not None:
            limit(M_ARENA_MAX, count)


def trim() -> None:
    """Hand back what was freed: glibc keeps blocks below 32 MB, which in large pictures adds up to half a gigabyte.

    Does nothing where the C library is another.
    """
    if sys.platform == "linux":
        release = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if release is not None:
            release(0)
