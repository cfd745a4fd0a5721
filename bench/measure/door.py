"""What validation at the door costs, as its own line: a program that does nothing else, on the benchmark's data.

The program is built with the release preset (`door_bench`). Run with a signal it validates requests of the data set for a
second and prints one JSON line: {"ns_per_item": …, "bytes_per_item": …}.
"""

import json
import subprocess
import sys

from . import report
from .cases import DOOR_CASE
from .systems import ROOT, SIGNALS

PROGRAM = "door_bench"


def find_program():
    return next((path for path in (ROOT / "build/release").rglob(PROGRAM) if path.is_file()), None)


def measure_once(program, core, signal):
    done = subprocess.run(["taskset", "-c", str(core), program, signal], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout.splitlines()[-1])


def measure_door(core, run_count):
    """One result for each signal, or None when the program is not built."""
    program = find_program()
    if program is None:
        print(f"{DOOR_CASE}: left out: {PROGRAM} is not built", file=sys.stderr)
        return None
    results = []
    for signal in SIGNALS:
        measured = [measure_once(program, core, signal) for _ in range(run_count)]
        costs = [one["ns_per_item"] for one in measured]
        results.append({"system": "vigia", "version": signal, "runs": run_count, "cpu_ns_per_item": round(report.median(costs), 2),
                        "cpu_spread_percent": round(report.spread_percent(costs), 1), "bytes_per_item": measured[0].get("bytes_per_item")})
    return {"name": DOOR_CASE, "what": "validation of a whole request, alone", "results": results}
