"""What a queue on the disk costs, and how gigabytes of backlog are lived with: vigia and the reference Collector side by side.

    ./dev bench queue [--quick] [--case NAME…] [--runs N] [--seconds N] [--systems vigia,otelcol] [--cores 0,1] [--folder DIR]

memory, durable, durable-nosync: the same traffic at the same rate with the queue in memory, on the disk and synced before every
answer, and on the disk and synced when the system likes; CPU is user and system time of the process for a span. memory-gzip,
durable-gzip: the same at a lower rate, from senders that compress their requests with gzip; what goes out is not compressed.
memory-fast, durable-fast, memory-gzip-fast, durable-gzip-fast: the same at rates that only vigia can hold. Next to the differences stands what the system alone takes to
write and sync the same bytes at the same rate. backlog: the backend is away until the queue holds 5 GB (500 MB with --quick), the program is killed and started again, the backend comes
back, and live traffic at half of the highest rate goes on while the backlog drains. Systems take turns, and medians are shown.
"""

import argparse

from measure import backlog, disk, program, report, runs
from measure.cases import LARGE, Case
from measure.systems import Forwarding
from measure.turns import run_case

RATE = 50_000  # spans a second: what the Collector keeps up with when it syncs every request
GZIP_RATE = 30_000  # and when it has to inflate it, too
FAST_RATE = 600_000
FAST_GZIP_RATE = 600_000
QUEUE_BYTES = 20_000_000_000
RATE_CASES = [
    Case("memory", "gRPC → gRPC, 1000-span requests, queue in memory", rate=RATE),
    Case("durable", "the same through file_storage, synced before the answer", rate=RATE, forwarding=Forwarding(sync="always", queue_bytes=QUEUE_BYTES)),
    Case("memory-gzip", "memory, from senders that compress with gzip", compression="gzip", rate=GZIP_RATE),
    Case("durable-gzip", "durable, from senders that compress with gzip", compression="gzip", rate=GZIP_RATE,
         forwarding=Forwarding(sync="always", queue_bytes=QUEUE_BYTES)),
    Case("memory-fast", "memory, at a rate for vigia alone", rate=FAST_RATE),
    Case("durable-fast", "durable, at a rate for vigia alone", rate=FAST_RATE, forwarding=Forwarding(sync="always", queue_bytes=QUEUE_BYTES)),
    Case("memory-gzip-fast", "memory-gzip, at a rate for vigia alone", compression="gzip", rate=FAST_GZIP_RATE),
    Case("durable-gzip-fast", "durable-gzip, at a rate for vigia alone", compression="gzip", rate=FAST_GZIP_RATE,
         forwarding=Forwarding(sync="always", queue_bytes=QUEUE_BYTES)),
    Case("durable-nosync", "durable, never synced", rate=RATE, forwarding=Forwarding(sync="never", queue_bytes=QUEUE_BYTES)),
]
BACKLOG_CASE = Case("backlog", "drains after a kill while live traffic goes on", rate=RATE,
                    forwarding=Forwarding(sync="always", queue_bytes=QUEUE_BYTES))

FAST_CASES = ("memory-fast", "durable-fast", "memory-gzip-fast", "durable-gzip-fast")
# Each with what it is compared with, and the bytes of a request that go to the disk.
DIFFERENCES = [("durable", "memory", 434_000), ("durable-gzip", "memory-gzip", 52_000), ("durable-fast", "memory-fast", 434_000),
               ("durable-gzip-fast", "memory-gzip-fast", 52_000)]
RAW_WRITES = 300

MAX_DURABLE_NS = 150  # a span, more than in memory
MIN_TIMES_LESS_CPU = 8
MAX_READY_S, MAX_MEMORY_MB, MIN_DELIVERED_SHARE, MAX_DISK_SHARE = 2, 64, 0.8, 0.01


def parse_arguments():
    names = [case.name for case in (*RATE_CASES, BACKLOG_CASE)]
    parser = argparse.ArgumentParser(prog="./dev bench queue", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="short runs and a backlog of 500 MB")
    parser.add_argument("--case", nargs="+", choices=names, metavar="NAME", help="only these: " + ", ".join(names))
    parser.add_argument("--runs", type=int, help="of each system and case; 5 (backlog: 3), or 3 (backlog: 1) with --quick")
    parser.add_argument("--seconds", type=float, help="of load in each run; 5, or 2 with --quick")
    parser.add_argument("--backlog-mb", type=int, help="how much waits; 5000, or 500 with --quick")
    parser.add_argument("--systems", default="vigia,otelcol", help="which, in the order of the table")
    parser.add_argument("--cores", default="0,1", help="of the system under test, and of load and sink")
    parser.add_argument("--folder", help="on which disk: a new folder is made in it (the system's folder for temporary files)")
    arguments = parser.parse_args()
    arguments.rate_runs = arguments.runs or (3 if arguments.quick else 5)
    arguments.backlog_runs = arguments.runs or (1 if arguments.quick else 3)
    arguments.seconds = arguments.seconds or (2 if arguments.quick else 5)
    arguments.backlog_mb = arguments.backlog_mb or (500 if arguments.quick else 5000)
    arguments.cores = [int(core) for core in arguments.cores.split(",")]
    arguments.systems = arguments.systems.split(",")
    return arguments


def measure_all(arguments, systems, bench):
    wanted = arguments.case or [case.name for case in (*RATE_CASES, BACKLOG_CASE)]
    cases = [run_case(able_to(case, systems), case, arguments.rate_runs, lambda system, case: runs.measure_at_rate(bench, system, case))
             for case in RATE_CASES if case.name in wanted]
    if BACKLOG_CASE.name in wanted:
        size = arguments.backlog_mb * 1_000_000
        cases.append(run_case(systems, BACKLOG_CASE, arguments.backlog_runs,
                              lambda system, case: backlog.measure_backlog(bench, system, case, size, arguments.quick), backlog.FIGURES))
    return cases


def able_to(case, systems):
    return [system for system in systems if system.name == "vigia"] if case.name in FAST_CASES else systems


def note(result):
    return result.get("left_out") or (f"{len(result['failed_runs'])} runs FAILED" if result.get("failed_runs") else "")


def rate_rows(cases):
    for case in cases:
        for number, result in enumerate(case["results"]):
            late = f" could not hold the rate, {result['unsent_share']:.0%} unsent" if result.get("unsent_share", 0) > 0.02 else ""
            yield [case["name"] if number == 0 else "", f"{result['system']} {result['version']}", result.get("cpu_ns_per_item"),
                   result.get("cpu_spread_percent"), result.get("items_per_second"), result.get("rss_mib_idle"), result.get("rss_mib_peak"),
                   result.get("p50_ms"), result.get("p99_ms"), (note(result) + late).strip()]


def backlog_rows(results):
    for result in results:
        yield [f"{result['system']} {result['version']}", result.get("backlog_bytes", 0) / 1e6, result.get("fill_per_second"),
               result.get("ready_s"), result.get("rss_mib_peak"), result.get("anonymous_mib_peak"), result.get("live_per_second"),
               result.get("drained_per_second"), result.get("max_live_per_second"), percent(result.get("delivered_share")),
               percent(result.get("disk_share_full")), percent(result.get("disk_share_after")), whole(result.get("duplicates")), note(result)]


def percent(share):
    return None if share is None else f"{share:.1%}"


def whole(number):
    return None if number is None else f"{number:,.0f}"


def print_tables(cases):
    if at_rate := [case for case in cases if case["name"] != BACKLOG_CASE.name]:
        print(report.table(["case", "system", "CPU ns/item", "± %", "items/s", "RSS idle", "RSS peak MiB", "p50 ms", "p99 ms", ""], rate_rows(at_rate)))
    for case in cases:
        if case["name"] == BACKLOG_CASE.name:
            print(report.table(["backlog", "MB", "filled/s", "ready s", "RSS peak MiB", "anonymous", "live/s", "drained/s", "max live/s", "delivered",
                                "disk full", "disk after", "duplicates", ""], backlog_rows(case["results"])))


def verdicts(cases):
    """A line for each thing that was set out: (what, value, whether it holds, the limit)."""
    found = {(case["name"], result["system"]): result for case in cases for result in case["results"] if result.get("runs")}

    def cpu(case, system):
        return found.get((case, system), {}).get("cpu_ns_per_item")

    for durable, memory, _ in DIFFERENCES:
        if cpu(durable, "vigia") and cpu(memory, "vigia"):
            more = cpu(durable, "vigia") - cpu(memory, "vigia")
            yield f"CPU of {durable} beyond {memory}, ns a span", more, more <= MAX_DURABLE_NS, f"≤ {MAX_DURABLE_NS}"
    for case in [case.name for case in RATE_CASES]:
        if cpu(case, "vigia") and cpu(case, "otelcol"):
            ratio = cpu(case, "otelcol") / cpu(case, "vigia")
            yield f"times less CPU than otelcol, {case}", ratio, ratio >= MIN_TIMES_LESS_CPU, f"≥ {MIN_TIMES_LESS_CPU}"
    if result := found.get(("backlog", "vigia")):
        memory_mb = result["rss_mib_peak"] * 1.048576
        yield "ready after the start, s", result["ready_s"], result["ready_s"] <= MAX_READY_S, f"≤ {MAX_READY_S}"
        yield "RSS while draining, MB", memory_mb, memory_mb <= MAX_MEMORY_MB, f"≤ {MAX_MEMORY_MB}"
        share = result["delivered_share"]
        yield "delivered while draining, of the highest live rate", share, share >= MIN_DELIVERED_SHARE, f"≥ {MIN_DELIVERED_SHARE}"
        disk = result["disk_share_after"]
        yield "disk after draining, of the backlog", disk, disk < MAX_DISK_SHARE, f"< {MAX_DISK_SHARE}"


def print_raw_writes(arguments, cases):
    measured = {case["name"] for case in cases}
    rates = {case.name: case.rate for case in RATE_CASES}
    for durable, _, size in DIFFERENCES:
        if durable in measured:
            per_second = rates[durable] / LARGE
            ns = disk.raw_write_ns(arguments.folder, arguments.cores[0], size, per_second, RAW_WRITES) / LARGE
            print(f"{f'of which to write and sync {size // 1000} KB {per_second:.0f} times a second':<52} {report.text_of(ns):>8}   ({durable})")


def main():
    arguments = parse_arguments()
    cases = program.measured(arguments, measure_all, arguments.folder)
    print_tables(cases)
    print()
    print_raw_writes(arguments, cases)
    for what, value, is_reached, limit in verdicts(cases):
        print(f"{what:<52} {report.text_of(value):>8}   [{'reached' if is_reached else 'MISSED'}: {limit}]")
    return program.write("queue", cases, {"rate_runs": arguments.rate_runs, "backlog_runs": arguments.backlog_runs,
                                          "seconds": arguments.seconds, "backlog_mb": arguments.backlog_mb})


if __name__ == "__main__":
    program.run(main)
