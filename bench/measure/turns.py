"""Systems take turns, run after run, and medians make a result."""

import sys

from . import report
from .processes import Failure

# The median over the runs of each of these makes a result.
FIGURES = ("cpu_ns_per_item", "items_per_second", "rss_mib_idle", "rss_mib_peak", "bytes_per_item", "p50_ms", "p99_ms", "load_core_busy",
           "unsent_share", "accepted_share")


def say(text):
    print(text, file=sys.stderr, flush=True)


def run_case(systems, case, count, measure, figures=FIGURES):
    """All systems in turn, `count` times. One result for each system, in the form of the JSON."""
    able = [system for system in systems if not system.cannot(case.forwarding)]
    measured = {system.name: [] for system in able}
    failures = {system.name: [] for system in able}
    for number in range(count):
        say(f"{case.name}: run {number + 1} of {count}")
        for system in able:
            try:
                measured[system.name].append(measure(system, case))
            except Failure as failure:
                failures[system.name].append(str(failure))
                say(f"  {system.name}: FAILED: {failure}")
    results = []
    for system in systems:
        result = {"system": system.name, "version": system.version}
        reason = system.cannot(case.forwarding)
        if reason:
            result["left_out"] = reason
        else:
            result |= combine(measured[system.name], failures[system.name], figures)
        results.append(result)
    return {"name": case.name, "what": case.what, "results": results}


def combine(measured, failures, figures):
    """Medians of the runs that count. More failures than that is no result."""
    result = {"runs": len(measured), "failed_runs": failures}
    for figure in figures:
        values = [one[figure] for one in measured if one.get(figure) is not None]
        if values:
            result[figure] = round(report.median(values), 4)
    if measured and "cpu_ns_per_item" in measured[0]:
        result["cpu_spread_percent"] = round(report.spread_percent([one["cpu_ns_per_item"] for one in measured]), 1)
    if measured and "data_set" in measured[0]:
        result["data_set"] = measured[0]["data_set"]
    return result
