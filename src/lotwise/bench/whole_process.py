"""`lotwise rebalance` as a whole: a large Parquet firm folder in, trades out, in a process of its own.

Seconds count from the start of Python to its end. Peak memory is the process's own. A run of a few accounts comes
first, so that compiling is not counted; the cold start, where everything is compiled, has a table of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from lotwise.bench.large_firm import FirmSize, write_large_firm
from lotwise.bench.tables import MeasuredTable

__all__ = ["AIM", "BARS", "WholeRun", "process_tables", "whole_run"]

AIM = 2_000  # accounts a second from files to files: said beside what it is, no bar
BARS = {"peak GiB": 4.0}

_WARM_UP = FirmSize(20)
_WARM_UP_MIXED = FirmSize(20, 30, 20, 6)
_TINY = FirmSize(2, 30, 20)
_TINY_MIXED = FirmSize(4, 30, 20, 4)

# The run's last line: "seconds: read 1.2, risk 0.0, ...", possibly wrapped.
_PHASE = re.compile(r"([a-z][a-z -]*?)\s+(\d+(?:\.\d+)?)")

# Accounts of 60 names, 30 of them held in 120 lots: fewer than elsewhere, so that 50,000 fit a small machine.
_GROWTH_FULL = tuple(FirmSize(accounts, 60, 30) for accounts in (500, 5_000, 50_000))
_GROWTH_QUICK = _GROWTH_FULL[:2]

# 3.5 accounts a household on average: 5,000 households.
_TOGETHER = 6
_MIXED_FULL = tuple(FirmSize(accounts, 100, 60, _TOGETHER) for accounts in (1_750, 17_500))
_MIXED_QUICK = (FirmSize(350, 100, 60, _TOGETHER),)

# A process that runs a command and prints, as its last line, what it took: the memory of one process alone.
_MEASURE = """
import resource, subprocess, sys, time
begin = time.perf_counter()
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
seconds = time.perf_counter() - begin
used = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stdout.write(done.stdout)
sys.stderr.write(done.stderr)
kilobytes = used.ru_maxrss if sys.platform != "darwin" else used.ru_maxrss / 1024
print(f"\\n{seconds} {used.ru_utime + used.ru_stime} {kilobytes}")
sys.exit(done.returncode)
"""


@dataclass(frozen=True, slots=True)
class WholeRun:
    """What one process took."""

    seconds: float
    processor: float  # seconds of all cores together
    memory: float  # GiB at its peak
    written: int  # bytes
    phases: Mapping[str, float]


def whole_run(folder: Path, environment: Mapping[str, str] | None = None) -> WholeRun:
    """Rebalance a folder in a process of its own. Raises RuntimeError, with what it said, where nothing was done."""
    program = [sys.executable, "-m", "lotwise", "rebalance", str(folder), "--out"]
    with TemporaryDirectory() as scratch:
        out = Path(scratch) / "out"
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", _MEASURE, *program, str(out)],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        if done.returncode > 1:  # 1: some households were held back, which the run says itself
            raise RuntimeError(f"lotwise rebalance ended with {done.returncode}:\n{done.stderr[-2000:]}")
        written = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    printed, _, last = done.stdout.rstrip().rpartition("\n")
    seconds, processor, kilobytes = (float(word) for word in last.split())
    said = printed[printed.rfind("seconds:") :].partition("(")[0].removeprefix("seconds:")
    phases = {name: float(spent) for name, spent in _PHASE.findall(said)}
    return WholeRun(seconds, processor, kilobytes / 1024**2, written, phases)


def _firm(folder: Path, size: FirmSize) -> Path:
    if not (folder / "lots.parquet").exists():
        write_large_firm(folder, size)
    return folder


def _phases(size: FirmSize, folder: Path) -> MeasuredTable:
    run = whole_run(folder)
    known = {**run.phases, "start, summary and end": run.seconds - sum(run.phases.values())}
    rows = [
        (name, f"{spent:.1f}", f"{1e6 * spent / size.accounts:,.0f}", f"{spent / run.seconds:.0%}")
        for name, spent in known.items()
        if spent >= 0.05  # of a second; less is not shown
    ]
    rate = size.accounts / run.seconds
    alone = whole_run(folder, {"LOTWISE_CSV": "false"})
    rows.append(("the whole process", f"{run.seconds:.1f}", f"{1e6 / rate:,.0f}", "100%"))
    note = (
        f"{size.accounts:,} accounts, {size.names} names, {size.lots:,} lots in Parquet: {rate:,.0f} accounts/s,"
        f" {run.processor:.1f} s of processor time, {run.memory:.2f} GiB at the peak,"
        f" {run.written / 1e6:,.0f} MB written as CSV and Parquet. With LOTWISE_CSV=false: {alone.seconds:.1f} s,"
        f" {size.accounts / alone.seconds:,.0f} accounts/s, {alone.processor:.1f} s of processor time,"
        f" {alone.written / 1e6:,.0f} MB. The aim is {AIM:,}/s: {rate:,.0f}/s here."
    )
    missed = _too_much_memory(f"{size.accounts:,} accounts", run)
    return MeasuredTable("Whole process by phase", ("phase", "s", "us an account", "part"), rows, note, missed)


def _too_much_memory(name: str, run: WholeRun) -> list[str]:
    if run.memory < BARS["peak GiB"]:
        return []
    return [f"{name}: peak memory is {run.memory:.2f} GiB, must be below {BARS['peak GiB']:g}"]


def _growth(sizes: tuple[FirmSize, ...], scratch: Path) -> MeasuredTable:
    rows, missed = [], []
    for size in sizes:
        run = whole_run(_firm(scratch / f"{size.accounts}", size))
        rows.append(
            (
                f"{size.accounts:,} accounts",
                f"{size.lots // size.accounts:,}",
                f"{size.lots:,}",
                f"{run.seconds:.1f}",
                f"{size.accounts / run.seconds:,.0f}",
                f"{size.lots / run.seconds:,.0f}",
                f"{run.memory:.2f}",
            )
        )
        missed += _too_much_memory(f"{size.accounts:,} accounts", run)
    header = ("firm", "lots each", "lots", "s", "accounts/s", "lots/s", "peak GiB")
    note = "Accounts of 60 names, 30 held; start of Python, reading and writing included."
    return MeasuredTable("Growth of the whole process", header, rows, note, missed)


def _mixed(sizes: tuple[FirmSize, ...], scratch: Path) -> MeasuredTable:
    """Households of one to six accounts, each one portfolio."""
    rows, missed = [], []
    for size in sizes:
        folder = _firm(scratch / f"mixed-{size.accounts}", size)
        households = pl.scan_parquet(folder / "households.parquet").select(pl.len()).collect().item()
        run = whole_run(folder)
        solved = run.phases.get("solve", float("nan"))
        rows.append(
            (
                f"{households:,}",
                f"{size.accounts:,}",
                f"{size.lots:,}",
                f"{run.seconds:.1f}",
                f"{solved:.1f}",
                f"{households / run.seconds:,.0f}",
                f"{size.accounts / run.seconds:,.0f}",
                f"{run.memory:.2f}",
            )
        )
        missed += _too_much_memory(f"{households:,} mixed households", run)
    header = ("households", "accounts", "lots", "s", "of it solving", "households/s", "accounts/s", "peak GiB")
    note = (
        f"Households of 1 to {_TOGETHER} accounts, taxable, traditional and Roth, each household one portfolio of 100"
        " names, 60 held by an account; solved again at other rates where netting asks for it."
    )
    return MeasuredTable("Mixed households, whole process", header, rows, note, missed)


def _starts(scratch: Path) -> MeasuredTable:
    """A tiny firm with an empty cache of compiled kernels, then with a full one."""
    folder = _firm(scratch / "tiny", _TINY)
    cache = {"LOTWISE_CACHE": str(scratch / "cache")}
    cold, warm = whole_run(folder, cache), whole_run(folder, cache)
    several = whole_run(_firm(scratch / "tiny-mixed", _TINY_MIXED), cache)
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "lotwise", "--help"], check=True, capture_output=True, env={**os.environ, **cache}
    )
    help_seconds = time.perf_counter() - begin
    rows = [
        ("first run on a machine: everything is compiled", f"{cold.seconds:.1f}", f"{cold.processor:.1f}"),
        ("every later run", f"{warm.seconds:.1f}", f"{warm.processor:.1f}"),
        (
            "the first with households of several accounts",
            f"{several.seconds:.1f}",
            f"{several.processor:.1f}",
        ),
        ("lotwise --help", f"{help_seconds:.1f}", ""),
    ]
    header = ("two accounts of 30 names", "s", "processor s")
    return MeasuredTable("Cold and warm start", header, rows, "`lotwise rebalance` of a tiny firm, from start to end.")


def process_tables(*, full: bool, accounts: int | None = None, folder: Path | None = None) -> list[MeasuredTable]:
    """Measure; `accounts` and `folder` choose the firm of the phases (one already in the folder is used)."""
    size = FirmSize(accounts or (5_000 if full else 1_000))
    with TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        whole_run(_firm(scratch / "warm-up", _WARM_UP))
        whole_run(_firm(scratch / "warm-up-mixed", _WARM_UP_MIXED))
        tables = [_phases(size, _firm(folder or scratch / "firm", size))]
        if accounts is None and folder is None:
            tables.append(_growth(_GROWTH_FULL if full else _GROWTH_QUICK, scratch))
            tables.append(_mixed(_MIXED_FULL if full else _MIXED_QUICK, scratch))
            tables += [_starts(scratch)] if full else []
    return tables
