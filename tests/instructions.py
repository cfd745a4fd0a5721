#!/usr/bin/env python3
"""Counts the instructions per item of the hot paths and compares them with the committed baseline.

Seconds are not stable on shared machines; instructions under callgrind are. A path that costs more than 3 % over its
baseline fails; one that costs more than 3 % less fails too, so that the gain is written down:

    tests/instructions.py --update
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BASELINE = ROOT / "bench" / "instructions" / "baseline.json"
TOLERANCE = 0.03


def instructions(program: pathlib.Path, path: str, rounds: int) -> int:
    """All instructions of one run."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(program), path, str(rounds)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600)
    collected = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not collected:
        sys.exit(f"cannot count {path}: {run.stderr[-2000:]}")
    return int(collected.group(1))


def per_item(program: pathlib.Path, path: str, items: int) -> float:
    """The cost of an item: what ten more rounds cost, without what every run costs."""
    return (instructions(program, path, 12) - instructions(program, path, 2)) / 10 / items


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/bench/instructions/hot_paths")
    parser.add_argument("--update", action="store_true", help="write what was counted as the new baseline")
    arguments = parser.parse_args()

    paths = subprocess.run([arguments.program, "list"], capture_output=True, text=True, check=True).stdout.split()
    counted = {path: round(per_item(arguments.program, path, 1000), 1) for path in paths}
    if arguments.update:
        BASELINE.write_text(json.dumps(counted, indent=2) + "\n")
    baseline = json.loads(BASELINE.read_text())

    wrong = 0
    print(f"{'hot path':<24}{'baseline':>10}{'now':>10}{'change':>9}   instructions per item")
    for path in sorted(set(counted) | set(baseline)):
        before, now = baseline.get(path), counted.get(path)
        change = (now - before) / before if before and now else None
        is_wrong = change is None or abs(change) > TOLERANCE
        wrong += is_wrong
        shown = "missing" if change is None else f"{change:+.1%}"
        print(f"{path:<24}{before or 0:>10.1f}{now or 0:>10.1f}{shown:>9}{'   <-- more than 3 % off' if is_wrong else ''}")
    if wrong:
        print("If the change is meant, run tests/instructions.py --update and commit the baseline with the reason.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
