"""What benchmarks share: interleaved rounds, peak memory of a fresh process, JSON results.

A benchmark module has `main`, runs as ``python -m benchmarks.NAME --json FILE`` and writes one
object: ``{"benchmark", "machine", "figures", "baselines", "ratios"}``.
"""

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def arguments(description: str) -> argparse.ArgumentParser:
    """Parser with ``--json FILE`` and ``--rounds N``; a benchmark may add its own options."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds (default: 3)")
    return parser


def interleaved(runs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median CPU seconds of each run, measured in turns: A B C, A B C, ...

    Turns spread a disturbance of the machine over all of them; CPU time instead of wall time
    leaves out what other processes take.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.process_time()
            run()
            seconds[name].append(time.process_time() - start)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def in_fresh_process(work: Callable[..., T], *args: Any) -> tuple[T, float]:
    """``work(*args)`` in a new interpreter: its result and that process's peak memory in MB.

    ``work`` must be importable (a function of a module), its arguments and result picklable.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_with_peak, (work, args))


def _with_peak(work: Callable[..., T], args: tuple[Any, ...]) -> tuple[T, float]:
    result = work(*args)
    return result, peak_memory()


def peak_memory() -> float:
    """Peak resident memory of this process in MB (10^6 bytes)."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would also count the parent, from which this process was forked.
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    import resource  # absent on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def report(
    benchmark: str,
    path: Path | None,
    figures: Mapping[str, Any],
    baselines: Mapping[str, Any],
    ratios: Mapping[str, float],
) -> None:
    """Print the figures, the baselines' and their ratios; write them to ``path`` if given."""
    for title, values in (("figures", figures), ("baselines", baselines), ("ratios", ratios)):
        print(f"{benchmark}: {title}")
        for name, value in values.items():
            shown = f"{value:,.3g}" if isinstance(value, float) and value < 100 else value
            shown = f"{value:,.0f}" if isinstance(value, float) and value >= 100 else shown
            print(f"  {name:<44} {shown}")
    if path is not None:
        machine = {
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
        }
        result = {
            "benchmark": benchmark,
            "machine": machine,
            "figures": dict(figures),
            "baselines": dict(baselines),
            "ratios": dict(ratios),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
