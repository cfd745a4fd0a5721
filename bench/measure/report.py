"""Tables for people and JSON for programs."""

import datetime
import json
import platform
import re
import statistics
import subprocess
from pathlib import Path

from .systems import ROOT


def median(values):
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def spread_percent(values):
    """Half the distance between the extremes, relative to the median: how far to trust it."""
    known = [value for value in values if value is not None]
    middle = median(known)
    return (max(known) - min(known)) / 2 / middle * 100 if middle else 0.0


def machine():
    text = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*:\s*(.+)", text)
    memory_kib = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1))
    return {"cpu": model.group(1) if model else platform.processor(), "cores": text.count("\nprocessor") + text.startswith("processor"),
            "memory_mib": memory_kib // 1024, "kernel": platform.release()}


def commit():
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def text_of(value, digits=None):
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if digits is None:
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def table(header, rows):
    """Columns as wide as they need; the first to the left, the others to the right."""
    lines = [header, *[[text_of(cell) for cell in row] for row in rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]

    def shown(line):
        return "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))).rstrip()

    return "\n".join([shown(header), "  ".join("-" * width for width in widths), *[shown(line) for line in lines[1:]]])


def write_results(bench, cases, extra=None):
    """bench/results/<bench>.json in the form that DESIGN describes. Returns the path."""
    folder = ROOT / "bench/results"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{bench}.json"
    date = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    path.write_text(json.dumps({"bench": bench, "date": date, "commit": commit(), "machine": machine(), **(extra or {}), "cases": cases}, indent=1,
                               ensure_ascii=False) + "\n")
    return path
