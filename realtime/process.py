"""This process as the operating system sees it: when it began, its memory, which thread goes first."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_IMPORTED_AT = time.perf_counter()
_CPU_S_AT_IMPORT = time.process_time()
_M_ARENA_MAX = -8  # of malloc.h


def process_started_at() -> float:
    """Return the time.perf_counter() reading at which this process began, imports still ahead.

    Exact to 10 ms on Linux and Windows. Elsewhere it is when this module was imported less the
    processor time used until then.
    """
    try:
        return time.perf_counter() - _age_s()
    except (OSError, ValueError, IndexError):  # no /proc, or not as Linux writes it
        return _IMPORTED_AT - _CPU_S_AT_IMPORT


def peak_rss_mb() -> float:
    """Return the most memory this process ever held, in MB of 10^6 bytes; 0.0 where it cannot be known."""
    if sys.platform == "win32":
        return _peak_rss_bytes_windows() / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6  # bytes on macOS, KiB elsewhere


def yield_to_others(*, wholly: bool = True) -> None:
    """Give the calling thread less of the processor than the threads of this process that paint; for good.

    For a thread that loads a network while another one paints: on two cores, compiling at equal rank
    takes every second frame's time. Does nothing where threads have no rank of their own (macOS).

    It keeps a share, for now and then it holds a lock that a painting waits for, Python's own among them:
    at the lowest rank, beside other programs that took both cores, shows stood still for seconds.

    Args:
        wholly: a tenth of an equal's share, where Linux rules; False for a third, if somebody waits for it.
    """
    thread = threading.get_native_id()
    with contextlib.suppress(OSError, AttributeError):  # forbidden here, or not to be had
        _lower_priority(thread, 10 if wholly else 5)


def call_beside(function: Callable[[], T], *, wholly: bool = True) -> T:
    """Call a function in a thread of its own that yields to others; return what it returns, or raise.

    The calling thread keeps its rank, which no thread gets back that once gave it up.

    Args:
        function: what to call.
        wholly: see `yield_to_others`.
    """
    # An exception in the answer knows the frames of both threads: each must let go of the answer, else there
    # is a circle around what was being loaded.
    answer: Future[T] = Future()

    def call(answer: Future[T]) -> None:
        yield_to_others(wholly=wholly)
        try:
            answer.set_result(function())
        except BaseException as error:
            answer.set_exception(error)
        finally:
            del answer

    threading.Thread(target=call, args=(answer,), name="livebrush-loading", daemon=True).start()
    try:
        return answer.result()
    finally:
        del answer


def share_heap() -> None:
    """Have all threads of this process take memory from one heap, where the C library is GNU's; for good.

    Else each thread has heaps of its own, and pictures that one made and another dropped lie there unused:
    some 90 MB of a film at 1080p. Locks that this costs are nothing beside what is done with a picture:
    a camera's loop with a mask takes as long with them as without.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def give_back_memory() -> None:
    """Give back to the system what was freed, where the C library is GNU's: else it keeps most of it."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


@contextlib.contextmanager
def keep_scheduling() -> Iterator[None]:
    """Undo what a library does inside to the rank of this process's threads, and of those that it starts.

    SVT-AV1, run by root as in most containers, makes its threads and its caller real-time ones of the
    highest rank: whatever they start later is one too, and nothing else on the machine gets its turn.
    """
    before = _scheduling()
    yield
    for thread, policy in _scheduling().items():
        wanted = before.get(thread, before.get(threading.get_native_id()))
        if wanted is not None and policy != wanted:
            with contextlib.suppress(OSError):  # it has ended
                os.sched_setscheduler(thread, *wanted)


def _scheduling() -> dict[int, tuple[int, os.sched_param]]:
    """Return how each thread is scheduled: Linux's policy and its rank; nothing elsewhere."""
    found: dict[int, tuple[int, os.sched_param]] = {}
    if sys.platform == "linux":
        for thread in map(int, os.listdir("/proc/self/task")):
            with contextlib.suppress(OSError):
                found[thread] = os.sched_getscheduler(thread), os.sched_getparam(thread)
    return found


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _MemoryCounters(ctypes.Structure):
        _fields_ = (
            ("cb", wintypes.DWORD),
            ("PageFaultCount", wintypes.DWORD),
            ("PeakWorkingSetSize", ctypes.c_size_t),
            ("WorkingSetSize", ctypes.c_size_t),
            ("QuotaPeakPagedPoolUsage", ctypes.c_size_t),
            ("QuotaPagedPoolUsage", ctypes.c_size_t),
            ("QuotaPeakNonPagedPoolUsage", ctypes.c_size_t),
            ("QuotaNonPagedPoolUsage", ctypes.c_size_t),
            ("PagefileUsage", ctypes.c_size_t),
            ("PeakPagefileUsage", ctypes.c_size_t),
        )

    def _current_process(kernel32: ctypes.WinDLL) -> wintypes.HANDLE:
        kernel32.GetCurrentProcess.restype = wintypes.HANDLE
        return wintypes.HANDLE(kernel32.GetCurrentProcess())

    def _lower_priority(_thread: int, _by: int) -> None:
        kernel32 = ctypes.WinDLL("kernel32")
        kernel32.GetCurrentThread.restype = wintypes.HANDLE
        below_normal = -1  # THREAD_PRIORITY_BELOW_NORMAL
        kernel32.SetThreadPriority(wintypes.HANDLE(kernel32.GetCurrentThread()), below_normal)

    def _age_s() -> float:
        kernel32 = ctypes.WinDLL("kernel32")
        created, exited, kernel, user, now = (wintypes.FILETIME() for _ in range(5))
        times = (ctypes.byref(t) for t in (created, exited, kernel, user))
        if not kernel32.GetProcessTimes(_current_process(kernel32), *times):
            raise OSError("GetProcessTimes failed")
        kernel32.GetSystemTimeAsFileTime(ctypes.byref(now))
        ticks = [(t.dwHighDateTime << 32) + t.dwLowDateTime for t in (created, now)]
        return max(0.0, (ticks[1] - ticks[0]) / 1e7)  # ticks of 100 ns

    def _peak_rss_bytes_windows() -> int:
        counters = _MemoryCounters()
        counters.cb = ctypes.sizeof(counters)
        process = _current_process(ctypes.WinDLL("kernel32"))
        found = ctypes.WinDLL("psapi").GetProcessMemoryInfo(process, ctypes.byref(counters), counters.cb)
        return int(counters.PeakWorkingSetSize) if found else 0

else:

    def _lower_priority(thread: int, by: int) -> None:
        if sys.platform == "linux":  # elsewhere this would name a process
            niceness = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, min(19, niceness + by))

    def _age_s() -> float:
        # The second field is the program's name in parentheses, and may itself hold spaces and ")".
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        started_s = int(fields[19]) / os.sysconf("SC_CLK_TCK")  # field 22, counted from 1
        return max(0.0, float(Path("/proc/uptime").read_text().split()[0]) - started_s)


def rss_mb() -> float:
    """Return the memory that this process holds now, in MB of 10^6 bytes."""
    return float(_this_process().memory_info().rss) / 1e6


def thread_count() -> int:
    """Return how many threads this process has now, those of its libraries included."""
    return int(_this_process().num_threads())


def open_files() -> int:
    """Return how many files, pipes and sockets this process has open; on Windows handles of any kind."""
    process = _this_process()
    return int(process.num_handles() if sys.platform == "win32" else process.num_fds())


def available_mb() -> float:
    """Return how much memory can still be had without swapping, in MB of 10^6 bytes.

    In a container that is what its own limit leaves, if that is less than what the machine has.
    """
    import psutil

    machine = float(psutil.virtual_memory().available)
    return min(machine, _container_room(Path("/sys/fs/cgroup"))) / 1e6


def _container_room(folder: Path) -> float:
    """Return the bytes that a control group's limit leaves; infinite without one."""
    try:
        limit = int((folder / "memory.max").read_text())
        used = int((folder / "memory.current").read_text())
    except (OSError, ValueError):  # no control group, or "max"
        return float("inf")
    return float(max(0, limit - used))


@functools.cache
def _this_process() -> Any:
    import psutil  # not for those who only look whether a camera is there

    return psutil.Process()
