#!/usr/bin/env python3
"""What an agent costs: vigia, the reference Collector and node_exporter side by side.

    ./dev bench agent [--quick] [--case NAME…] [--runs N] [--seconds N] [--systems vigia,otelcol] [--cores 0,1]

idle: host metrics every 15 s and one scrape of a node_exporter; CPU in percent of a core, and memory. node_exporter stands beside it, for
answering that scrape. filelog: a file of JSON lines is read, parsed and sent by OTLP; megabytes for a second of CPU. scrape: a target with
100,000 series every two seconds; CPU for a sample, and the memory that a series takes. CPU is user and system time of the process; systems
take turns, and medians are shown.
"""

import argparse
import re
import shutil
import tempfile
import urllib.request
from pathlib import Path

from measure import agent_work, program, report
from measure.processes import Failure, Pinned, free_port, pause, wait_until
from measure.systems import Ports, Vigia, all_systems, vigia_binary
from measure.turns import combine, say

CASES = ("idle", "filelog", "scrape")
FIGURES = ("cpu_percent", "cpu_ns_per_item", "mb_per_cpu_second", "rss_mib_idle", "rss_mib_peak", "bytes_per_series", "items")
MAX_IDLE_PERCENT, MAX_IDLE_MIB, MIN_LOG_RATIO, MIN_SCRAPE_RATIO = 0.3, 20 / 1.048576, 6, 8


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench agent", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one run of each, shorter")
    parser.add_argument("--case", nargs="+", choices=CASES, default=list(CASES), help="only these")
    parser.add_argument("--runs", type=int, help="of each system and case; 3, or 1 with --quick")
    parser.add_argument("--seconds", type=float, help="of idle and scrape; 60 and 20, or 30 and 10 with --quick")
    parser.add_argument("--lines", type=int, help="of the log; 1,000,000, or 200,000 with --quick")
    parser.add_argument("--systems", default="vigia,otelcol", help="which, in the order of the table")
    parser.add_argument("--cores", default="0,1", help="of the system under test, and of what it talks to")
    arguments = parser.parse_args()
    arguments.runs = arguments.runs or (1 if arguments.quick else 3)
    arguments.lines = arguments.lines or (200_000 if arguments.quick else 1_000_000)
    arguments.cores = [int(core) for core in arguments.cores.split(",")]
    return arguments


class Sink:
    """Takes what is sent and says how many items came."""

    def __init__(self, core, folder):
        self.ports = Ports.free()
        self.process = Vigia(vigia_binary()).start_sink(self.ports, core, folder)

    def received(self, item):
        page = urllib.request.urlopen(f"http://127.0.0.1:{self.ports.metrics}/metrics", timeout=10).read().decode()
        return sum(float(value) for value in re.findall(rf"^otelcol_receiver_accepted_{item}(?:_total)?{{[^}}]*}} (\S+)", page, re.MULTILINE))


class Work:
    """One run of one case for one system."""

    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, Path(folder)
        self.sink = Sink(arguments.cores[1], folder)

    def start(self, system, config):
        path = self.folder / f"{system.name}.json"
        path.write_text(config)
        return Pinned(system.name, [system.binary, f"--config={path}"], self.arguments.cores[0], self.folder)

    def seconds(self, usual, quick):
        return self.arguments.seconds or (quick if self.arguments.quick else usual)

    def idle(self, system):
        exporter_port = free_port()
        command = [node_exporter(), f"--web.listen-address=127.0.0.1:{exporter_port}"]
        with Pinned("node_exporter", command, self.arguments.cores[1], self.folder) as exporter:
            exporter.wait_for_ports([exporter_port])
            if system.name == "node_exporter":
                return self._observe(exporter, lambda: urllib.request.urlopen(f"http://127.0.0.1:{exporter_port}/metrics", timeout=10).read())
            receivers = {"hostmetrics": agent_work.host_metrics("15s"), "prometheus": agent_work.scrape(exporter_port, "15s")}
            with self.start(system, agent_work.configuration(receivers, "metrics", self.sink.ports.grpc)) as process:
                before = self.sink.received("metric_points")
                wait_until(lambda: self.sink.received("metric_points") > before, f"{system.name} sends metrics", 40)
                return self._observe(process, None)

    def _observe(self, process, ask):
        """CPU and memory over the time, in rounds of 15 s."""
        seconds = self.seconds(60, 30)
        if ask:
            ask()
        pause(3)
        begin = process.cpu_ns()
        for _ in range(max(1, round(seconds / 15))):
            if ask:
                ask()
            pause(15)
        now, highest = process.memory_mib()
        return {"cpu_percent": (process.cpu_ns() - begin) / 1e7 / (15 * max(1, round(seconds / 15))), "rss_mib_idle": now, "rss_mib_peak": highest}

    def filelog(self, system):
        log = self.folder / "shop.log"
        size = log.stat().st_size if log.exists() else agent_work.write_log(log, self.arguments.lines)
        before = self.sink.received("log_records")
        with self.start(system, agent_work.configuration({"filelog": agent_work.log_reader(log)}, "logs", self.sink.ports.grpc)) as process:
            wait_until(lambda: self.sink.received("log_records") - before >= self.arguments.lines, f"{system.name} reads all lines", 300, 0.2)
            cpu_s = process.cpu_ns() / 1e9
            arrived = self.sink.received("log_records") - before
            if arrived != self.arguments.lines:
                raise Failure(f"{arrived:.0f} records of {self.arguments.lines} lines")
            return {"mb_per_cpu_second": size / 1e6 / cpu_s, "cpu_ns_per_item": cpu_s * 1e9 / self.arguments.lines, "items": arrived,
                    "rss_mib_peak": process.memory_mib()[1]}

    def scrape(self, system, series=100_000):
        seconds = self.seconds(20, 10)
        empty = self._scraped(system, agent_work.exposition(100), 100, 4)
        full = self._scraped(system, agent_work.exposition(series), series, seconds)
        return {"cpu_ns_per_item": full["cpu_ns"] / full["items"], "rss_mib_peak": full["rss_mib"], "items": full["items"],
                "bytes_per_series": (full["rss_mib"] - empty["rss_mib"]) * 1048576 / series}

    def _scraped(self, system, page, series, seconds):
        with agent_work.Target(page) as target:
            config = agent_work.configuration({"prometheus": agent_work.scrape(target.port, "2s")}, "metrics", self.sink.ports.grpc)
            begin_count = self.sink.received("metric_points")
            with self.start(system, config) as process:
                wait_until(lambda: self.sink.received("metric_points") - begin_count >= 2 * series, f"{system.name} scrapes", 60)
                before, begin = self.sink.received("metric_points"), process.cpu_ns()
                pause(seconds)
                return {"items": self.sink.received("metric_points") - before, "cpu_ns": process.cpu_ns() - begin, "rss_mib": process.memory_mib()[1]}


def node_exporter():
    return shutil.which("prometheus-node-exporter") or (_ for _ in ()).throw(Failure("apt install prometheus-node-exporter"))


class NodeExporter:
    name = "node_exporter"
    version = "Debian's"


def measure(arguments, work, name, systems):
    taking_part = [*systems, NodeExporter()] if name == "idle" else systems
    measured, failures = {one.name: [] for one in taking_part}, {one.name: [] for one in taking_part}
    for number in range(arguments.runs):
        say(f"{name}: run {number + 1} of {arguments.runs}")
        for system in taking_part:
            try:
                measured[system.name].append(getattr(work, name)(system))
            except Failure as failure:
                failures[system.name].append(str(failure))
                say(f"  {system.name}: FAILED: {failure}")
    return {"name": name, "what": __doc__.split(f"{name}: ")[1].split(". ")[0].replace("\n", " "),
            "results": [{"system": one.name, "version": one.version, **combine(measured[one.name], failures[one.name], FIGURES)} for one in taking_part]}


def rows(cases):
    for case in cases:
        for number, result in enumerate(case["results"]):
            yield [case["name"] if number == 0 else "", f"{result['system']} {result['version']}", *(result.get(figure) for figure in FIGURES),
                   f"{len(result['failed_runs'])} runs FAILED" if result["failed_runs"] else ""]


def verdicts(cases):
    found = {(case["name"], result["system"]): result for case in cases for result in case["results"]}

    def ratio(case, figure, less_is_better=True):
        ours, theirs = found.get((case, "vigia"), {}).get(figure), found.get((case, "otelcol"), {}).get(figure)
        return None if not ours or not theirs else theirs / ours if less_is_better else ours / theirs

    idle = found.get(("idle", "vigia"), {})
    yield "CPU of a core, %", idle.get("cpu_percent"), lambda value: value <= MAX_IDLE_PERCENT, f"≤ {MAX_IDLE_PERCENT}"
    yield "RSS, MiB", idle.get("rss_mib_idle"), lambda value: value <= MAX_IDLE_MIB, f"≤ {MAX_IDLE_MIB:.1f}"
    yield "filelog, times the MB for a CPU second", ratio("filelog", "mb_per_cpu_second", False), lambda value: value >= MIN_LOG_RATIO, f"≥ {MIN_LOG_RATIO}"
    yield "scrape, times less CPU", ratio("scrape", "cpu_ns_per_item"), lambda value: value >= MIN_SCRAPE_RATIO, f"≥ {MIN_SCRAPE_RATIO}"
    yield "scrape, times less memory a series", ratio("scrape", "bytes_per_series"), lambda value: value >= MIN_SCRAPE_RATIO, f"≥ {MIN_SCRAPE_RATIO}"


def main():
    arguments = parse_arguments()
    systems = all_systems(arguments.systems.split(","))
    with tempfile.TemporaryDirectory(prefix="vigia-bench-") as folder:
        work = Work(arguments, folder)
        with work.sink.process:
            cases = [measure(arguments, work, name, systems) for name in arguments.case]
    print(report.table(["case", "system", "CPU %", "CPU ns/item", "MB/CPU s", "RSS MiB", "peak", "B/series", "items", ""], rows(cases)))
    print()
    for what, value, holds, limit in verdicts(cases):
        if value is not None:
            print(f"{what}: {report.text_of(value)} ({limit}: {'reached' if holds(value) else 'MISSED'})")
    return program.write("agent", cases, {"runs": arguments.runs, "lines": arguments.lines})


program.run(main)
