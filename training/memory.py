"""Keeps memory that a training step frees for the next step."""

import ctypes
import sys

# Parameters of mallopt, from glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_NEVER = 2**31 - 1
_AT_A_TIME = 64 << 20


def keep_freed_memory() -> bool:
    """Tell the C library to keep what is freed; False where it cannot be told.

    A step on a processor allocates and frees the same large tensors again and again. glibc maps each anew
    and gives it back to the system, which then has to clear millions of pages: up to half of the time of a
    small network's step. What another allocator does (jemalloc by LD_PRELOAD, say) stays as it is.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    wanted = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, _NEVER), (_M_TOP_PAD, _AT_A_TIME))
    return all(bool(mallopt(parameter, value)) for parameter, value in wanted)
