#!/usr/bin/env python3
"""OTLP in, OTLP out: vigia, the reference Collector and Rotel side by side, in one run.

    ./dev bench pipeline [--quick] [--case NAME…] [--runs N] [--seconds N] [--systems vigia,otelcol,rotel] [--cores 0,1]

The system under test has a core for itself; the load generator (`vigia load`) and the sink (vigia, receiver to nop) share
another one. Systems take turns, run after run, and medians are shown. CPU is user and system time of the process for an item at
a fixed rate that is the same for all. A run counts only when every item that was sent has arrived at the sink.
"""

import argparse

from measure import program, report, runs, targets
from measure.cases import CEILING_CASES, DOOR_CASE, RATE_CASES, STALLED_CASE, STALLED_LIMIT_MIB
from measure.door import measure_door
from measure.turns import run_case


def parse_arguments():
    names = [case.name for case in (*RATE_CASES, *CEILING_CASES, STALLED_CASE)] + [DOOR_CASE]
    parser = argparse.ArgumentParser(prog="./dev bench pipeline", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the most telling cases, three short runs: under three minutes")
    parser.add_argument("--case", nargs="+", choices=names, metavar="NAME", help="only these: " + ", ".join(names))
    parser.add_argument("--runs", type=int, help="of each system and case; 5, or 3 with --quick")
    parser.add_argument("--seconds", type=float, help="of load in each run; 5, or 1.2 with --quick")
    parser.add_argument("--systems", default="vigia,otelcol,rotel", help="which, in the order of the table")
    parser.add_argument("--cores", default="0,1", help="of the system under test, and of load and sink")
    arguments = parser.parse_args()
    arguments.runs = arguments.runs or (3 if arguments.quick else 5)
    arguments.seconds = arguments.seconds or (1.2 if arguments.quick else 5)
    arguments.cores = [int(core) for core in arguments.cores.split(",")]
    arguments.systems = arguments.systems.split(",")
    return arguments


def is_wanted(arguments, name, is_quick):
    return name in arguments.case if arguments.case else is_quick or not arguments.quick


def print_case_table(cases):
    header = ["case", "system", "CPU ns/item", "± %", "items/s", "RSS idle", "RSS peak MiB", "B/item", "p50 ms", "p99 ms", ""]
    rows = []
    for case in cases:
        for number, result in enumerate(case["results"]):
            note = result.get("left_out") or (f"{len(result['failed_runs'])} runs FAILED" if result.get("failed_runs") else "")
            if result.get("load_core_busy", 0) > runs.BUSY_CORE:
                note += " limited by the load's core"
            if result.get("unsent_share", 0) > 0.02:
                note += f" could not hold the rate, {result['unsent_share']:.0%} unsent"
            if "accepted_share" in result:
                note += f" accepted {result['accepted_share']:.0%}"
            rows.append([case["name"] if number == 0 else "", f"{result['system']} {result['version']}", result.get("cpu_ns_per_item"),
                         result.get("cpu_spread_percent"), result.get("items_per_second"), result.get("rss_mib_idle"),
                         result.get("rss_mib_peak"), result.get("bytes_per_item"), result.get("p50_ms"), result.get("p99_ms"), note.strip()])
    print(report.table(header, rows))


def print_comparison(cases):
    """Ratios to the peers, and where we stand to what was set out."""
    print()
    for case in cases:
        ours = next((result for result in case["results"] if result["system"] == "vigia"), None)
        if case["name"] == DOOR_CASE or ours is None or not ours.get("runs"):
            continue
        others = [result for result in case["results"] if result is not ours]
        if case["name"] == STALLED_CASE.name:
            most = STALLED_LIMIT_MIB + targets.STALLED_OVER_LIMIT_MIB
            print(targets.memory_line("RSS, backend stalled", ours["rss_mib_peak"], most, most))
        elif case["name"].startswith("ceiling"):
            ratios = [f"{ours['items_per_second'] / other['items_per_second']:.1f}× {other['system']}'s" for other in others
                      if other.get("items_per_second")]
            print(f"{case['name']:<26}  {ours['items_per_second']:,.0f} items/s: {', '.join(ratios)}")
            if case["name"] == "ceiling-grpc":
                print(targets.memory_line("RSS, saturated", ours["rss_mib_peak"], *targets.SATURATED_MIB))
        elif line := targets.cpu_line(case["name"], ours, others):
            print(line)
            if case["name"] == "grpc":
                print(targets.memory_line("RSS, idle", ours["rss_mib_idle"], *targets.IDLE_MIB))


def measure_all(arguments, systems, bench):
    cases = []
    for case in RATE_CASES:
        if is_wanted(arguments, case.name, case.is_quick):
            cases.append(run_case(systems, case, arguments.runs, lambda system, case: runs.measure_at_rate(bench, system, case)))
    for case in CEILING_CASES:
        if is_wanted(arguments, case.name, case.is_quick):
            count = 1 if arguments.quick else arguments.runs
            cases.append(run_case(systems, case, count, lambda system, case: runs.measure_ceiling(bench, system, case, arguments.quick)))
    if is_wanted(arguments, STALLED_CASE.name, STALLED_CASE.is_quick):
        count = 1 if arguments.quick else arguments.runs
        cases.append(run_case(systems, STALLED_CASE, count, lambda system, case: runs.measure_stalled(bench, system, case)))
    if is_wanted(arguments, DOOR_CASE, True):
        if door := measure_door(arguments.cores[0], 1 if arguments.quick else arguments.runs):
            cases.append(door)
    return cases


def main():
    arguments = parse_arguments()
    cases = program.measured(arguments, measure_all)
    print_case_table(cases)
    print_comparison(cases)
    return program.write("pipeline", cases, {"runs": arguments.runs, "seconds": arguments.seconds})


if __name__ == "__main__":
    program.run(main)
