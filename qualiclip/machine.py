"""What this machine gives the process: processor cores and memory."""

import ctypes
import os
import sys

import joblib
import torch

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


def set_threads() -> None:
    """Let torch use the cores that scheduler and container leave to this process, not more.

    A number that the environment asks for stands.
    """
    if not os.environ.get("OMP_NUM_THREADS"):
        torch.set_num_threads(min(torch.get_num_threads(), joblib.cpu_count()))
