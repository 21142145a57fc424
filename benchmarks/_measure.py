"""Seconds and peak memory of a call."""

from __future__ import annotations

import contextlib
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def measured(call: Callable[[], T]) -> tuple[T, float, float]:
    """Return the result, seconds, and the process's peak memory meanwhile in MB.

    Where the peak can't be reset (not Linux), it is the peak since the process began.
    """
    reset = Path("/proc/self/clear_refs")
    with contextlib.suppress(OSError):
        reset.write_text("5")
    start = time.perf_counter()
    result = call()
    return result, time.perf_counter() - start, _peak()


def _peak() -> float:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return float(next(x for x in lines if x.startswith("VmHWM")).split()[1]) / 1024
    except (OSError, StopIteration):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)
