"""What validation at the door costs, as its own line: a program that does nothing else (bench/door), on the benchmark's data."""

import json
import subprocess
import sys

from . import report
from .cases import DOOR_CASE
from .systems import ROOT, SIGNALS

PROGRAM = "door_bench"


def built_program():
    """The program of the release build, brought up to date, or None when there is no such build here."""
    folder = ROOT / "build/release"
    if not (folder / "build.ninja").exists():
        return None
    done = subprocess.run(["ninja", "-C", folder, PROGRAM], stdout=subprocess.DEVNULL, check=False)
    return next((path for path in folder.rglob(PROGRAM) if path.is_file()), None) if done.returncode == 0 else None


def measure_once(program, core, signal):
    done = subprocess.run(["taskset", "-c", str(core), program, signal], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout.splitlines()[-1])


def measure_door(core, run_count):
    """One result for each signal, or None when the program is not built."""
    program = built_program()
    if program is None:
        print(f"{DOOR_CASE}: left out: build/release cannot build {PROGRAM}", file=sys.stderr)
        return None
    results = []
    for signal in SIGNALS:
        measured = [measure_once(program, core, signal) for _ in range(run_count)]
        costs = [one["ns_per_item"] for one in measured]
        results.append({"system": "vigia", "version": signal, "runs": run_count, "cpu_ns_per_item": round(report.median(costs), 2),
                        "cpu_spread_percent": round(report.spread_percent(costs), 1), "bytes_per_item": measured[0].get("bytes_per_item")})
    return {"name": DOOR_CASE, "what": "validation of a whole request, alone", "results": results}
