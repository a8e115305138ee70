"""Time `lotwise rebalance` as a whole: a large Parquet firm folder in, trades out, in a process of its own.

    python bench/whole_process.py [--accounts 5000] [--names 500] [--held 300] [--folder FOLDER]

Prints accounts per second over the whole process (start of Python, reading, solving, checking, writing), the
phases as the run reports them, and peak memory. A warm-up run of a few accounts comes first, so that
compiling is not counted.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # bench is a folder, not installed

from bench.large_firm import FirmSize, write_large_firm

_WARM_UP = 20  # accounts
# The run's last line: "seconds: read 1.2, risk 0.0, ...", possibly wrapped.
_PHASE = re.compile(r"([a-z][a-z -]*?)\s+(\d+(?:\.\d+)?)")


def run(folder: Path, out: Path) -> tuple[float, str]:
    """Rebalance a folder in a process of its own: seconds, and what it printed."""
    program = Path(sys.executable).with_name("lotwise")
    command = [str(program), "rebalance", str(folder), "--out", str(out)]
    begin = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own program
    seconds = time.perf_counter() - begin
    if done.returncode > 1:  # 1: some households were held back, which the run says itself
        raise RuntimeError(f"lotwise rebalance ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return seconds, done.stdout


def measure(folder: Path, size: FirmSize) -> None:
    """Warm up, run once, and print."""
    with tempfile.TemporaryDirectory() as scratch:
        small = Path(scratch) / "small"
        write_large_firm(small, FirmSize(min(_WARM_UP, size.accounts), size.names, size.held))
        run(small, Path(scratch) / "small_out")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds, printed = run(folder, Path(scratch) / "out")
        written = sum(path.stat().st_size for path in (Path(scratch) / "out").rglob("*") if path.is_file())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    kilobytes = used.ru_maxrss if sys.platform != "darwin" else used.ru_maxrss / 1024
    print(f"{size.accounts:,} accounts x {size.names} names, {size.lots:,} lots")
    print(f"whole process  {seconds:8.1f} s   {size.accounts / seconds:10.0f} accounts/s")
    print(f"processor time {processor:8.1f} s   {processor / seconds:10.2f} cores busy on average")
    print(f"peak memory    {kilobytes / 1024**2:8.2f} GiB (largest process)")
    print(f"written        {written / 1e6:8.1f} MB")
    for phase, spent in _PHASE.findall(printed[printed.rfind("seconds:") :].partition("(")[0]):
        print(f"  {phase:<28} {float(spent):8.2f} s")


def main() -> int:
    parser = argparse.ArgumentParser(description="Time `lotwise rebalance` on a large firm.")
    parser.add_argument("--accounts", type=int, default=FirmSize().accounts)
    parser.add_argument("--names", type=int, default=FirmSize().names)
    parser.add_argument("--held", type=int, default=FirmSize().held)
    parser.add_argument("--folder", type=Path, help="write the firm here and keep it; one already there is used")
    chosen = parser.parse_args()
    size = FirmSize(chosen.accounts, chosen.names, chosen.held)
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.folder or Path(scratch) / "firm"
        if not (folder / "lots.parquet").exists():
            begin = time.perf_counter()
            write_large_firm(folder, size)
            print(f"made in {time.perf_counter() - begin:.1f} s")
        measure(folder, size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
