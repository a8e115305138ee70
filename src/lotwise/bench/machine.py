"""What the figures were measured with: processor, and versions of what does the work."""

from __future__ import annotations

import os
import platform
import resource
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["machine", "peak_memory"]


def machine(*packages: str) -> str:
    """Name the processor, how many cores may be used, and the versions of Python and of these packages."""
    parts = [_processor(), f"{_cores()} cores", f"Python {platform.python_version()}"]
    return ", ".join([*parts, *(f"{name} {_version(name)}" for name in packages)])


def peak_memory() -> float:
    """GiB that this process had at its peak, whatever it did before."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**3 if sys.platform == "darwin" else 1024**2)  # bytes there, kilobytes elsewhere


def _processor() -> str:
    """Model name of the processor, as far as the system says."""
    described = Path("/proc/cpuinfo")
    if described.is_file():
        for line in described.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
