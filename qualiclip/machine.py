"""What this machine gives the process: processor cores and memory."""

import ctypes
import os
import sys
from pathlib import Path

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


QUOTA = Path("/sys/fs/cgroup/cpu.max")  # "quota period" in microseconds, or "max period"


def quota_cores(text: str) -> int | None:
    """Whole cores that a container's quota allows, at least 1; None without a quota."""
    quota, _, period = text.strip().partition(" ")
    if quota == "max" or not quota.isdigit() or not period.isdigit():
        return None
    return max(1, int(quota) // int(period))


def usable_cores() -> int:
    """Cores that the scheduler and the container's quota leave to this process."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = quota_cores(QUOTA.read_text()) if QUOTA.is_file() else None
    return min(allowed, quota) if quota else allowed


def set_threads() -> None:
    """Let torch use the usable cores, not more; a number that the environment asks for stands."""
    if not os.environ.get("OMP_NUM_THREADS"):
        torch.set_num_threads(min(torch.get_num_threads(), usable_cores()))
