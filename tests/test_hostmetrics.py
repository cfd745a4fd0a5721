"""What the hostmetrics receiver reads is what Debian's prometheus-node-exporter reads in the same second.

Guarantee: each counter lies between two of ours when it is scraped between two of our rounds; what does not change is equal; the rest is near. Each process is
described as the process itself knows it. With root_path the same machine is found in another place.
"""

import os
import pwd
import re
import shutil
import subprocess
import time
import urllib.request

import pytest

from host_points import pipeline_config, points_of
from otlp_sinks import HttpSink
from services.peers import free_port
from waiting import wait_until

SCRAPERS = {name: None for name in ("cpu", "disk", "filesystem", "load", "memory", "network", "paging", "processes", "system")}
MIB = 1 << 20


class NodeExporter:
    def __init__(self, folder):
        program = shutil.which("prometheus-node-exporter")
        assert program, "prometheus-node-exporter is missing: ./dev test installs it"
        self.port = free_port()
        self.log_file = folder / "node_exporter.log"
        self.command = [program, f"--web.listen-address=127.0.0.1:{self.port}", "--collector.disable-defaults",
                        *(f"--collector.{name}" for name in ("cpu", "diskstats", "filesystem", "loadavg", "meminfo", "netdev", "stat", "vmstat"))]

    def __enter__(self):
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self._is_ready, "node_exporter answers")
        return self

    def _is_ready(self):
        assert self.process.poll() is None, self.log_file.read_text()
        try:
            return self.scrape()
        except OSError:
            return None

    def scrape(self):
        """{(name, frozenset of labels): value}"""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as response:
            text = response.read().decode()
        series = {}
        for line in text.splitlines():
            match = re.match(r"(\w+)(?:\{(.*)\})? (\S+)$", line)
            if match:
                name, labels, value = match.groups()
                series[name, frozenset(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or ""))] = float(value)
        return series

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def rounds(sink):
    return [points_of([message]) for message in sink.messages("metrics")]


def wait_for_round_after(sink, time_ns):
    """The first round that was begun after a moment."""
    def begun_after():
        return next((points for points in rounds(sink) if points and min(point.time_ns for point in points) > time_ns), None)

    return wait_until(begun_after, "another round")


class Comparison:
    """Two rounds of ours and what node_exporter said in between."""

    def __init__(self, before, between, after):
        self.before, self.between, self.after = before, between, after

    def ours(self, points, metric, **attributes):
        wanted = {(key, value) for key, value in attributes.items()}
        found = [point.value for point in points if point.metric == metric and wanted <= point.attributes]
        assert found, f"no {metric} {attributes}"
        return sum(found)

    def theirs(self, name, **labels):
        wanted = set(labels.items())
        found = [value for (one, series), value in self.between.items() if one == name and wanted <= series]
        assert found, f"no {name} {labels}"
        return sum(found)

    def counter(self, theirs, metric, slack=1e-6, **attributes):
        low, high = self.ours(self.before, metric, **attributes), self.ours(self.after, metric, **attributes)
        assert low - slack <= theirs <= high + slack, f"{metric} {attributes}: {low} … {high}, node_exporter says {theirs}"

    def near(self, theirs, metric, slack, **attributes):
        ours = (self.ours(self.before, metric, **attributes), self.ours(self.after, metric, **attributes))
        assert min(ours) - slack <= theirs <= max(ours) + slack, f"{metric} {attributes}: {ours}, node_exporter says {theirs}"


@pytest.fixture(name="comparison", scope="module")
def compare(tmp_path_factory, module_vigia):
    folder = tmp_path_factory.mktemp("hostmetrics")
    with HttpSink() as sink, NodeExporter(folder) as exporter:
        module_vigia(pipeline_config({"collection_interval": "300ms", "initial_delay": "0s", "scrapers": SCRAPERS}, sink.url))
        before = wait_for_round_after(sink, time.time_ns())
        between = exporter.scrape()
        yield Comparison(before, between, wait_for_round_after(sink, time.time_ns()))


def test_processor_times(comparison):
    modes = {"user": "user", "system": "system", "nice": "nice", "interrupt": "irq", "softirq": "softirq", "steal": "steal"}
    for state, mode in modes.items():
        comparison.counter(comparison.theirs("node_cpu_seconds_total", mode=mode), "system.cpu.time", state=state)
    # The kernel itself lets these go back a little.
    for state, mode in {"idle": "idle", "wait": "iowait"}.items():
        comparison.counter(comparison.theirs("node_cpu_seconds_total", mode=mode), "system.cpu.time", slack=1, state=state)
    assert comparison.ours(comparison.after, "system.cpu.logical.count") == sum(
        1 for name, labels in comparison.between if name == "node_cpu_seconds_total" and ("mode", "user") in labels)


def test_memory(comparison):
    theirs = {name: comparison.theirs(f"node_memory_{name}_bytes") for name in ("MemTotal", "MemFree", "Buffers", "Cached", "SReclaimable", "SUnreclaim")}
    # Other work on this machine takes and gives memory meanwhile.
    slack = theirs["MemTotal"] / 20
    comparison.near(theirs["MemFree"], "system.memory.usage", slack, state="free")
    comparison.near(theirs["Buffers"], "system.memory.usage", 16 * MIB, state="buffered")
    comparison.near(theirs["Cached"] + theirs["SReclaimable"], "system.memory.usage", slack, state="cached")
    comparison.near(theirs["SReclaimable"], "system.memory.usage", 64 * MIB, state="slab_reclaimable")
    comparison.near(theirs["SUnreclaim"], "system.memory.usage", 64 * MIB, state="slab_unreclaimable")
    parts = ("used", "free", "buffered", "cached")
    assert sum(comparison.ours(comparison.after, "system.memory.usage", state=state) for state in parts) == theirs["MemTotal"]


def test_file_systems(comparison):
    mounts = {point.attribute("mountpoint") for point in comparison.after if point.metric == "system.filesystem.usage"}
    assert "/" in mounts
    for mount in mounts:
        labels = {"mountpoint": mount}
        size, free, available = (comparison.theirs(f"node_filesystem_{name}_bytes", **labels) for name in ("size", "free", "avail"))
        assert comparison.ours(comparison.after, "system.filesystem.usage", **labels) == size
        comparison.near(size - free, "system.filesystem.usage", 1024 * MIB, state="used", **labels)
        comparison.near(available, "system.filesystem.usage", 1024 * MIB, state="free", **labels)
        comparison.near(free - available, "system.filesystem.usage", 16 * MIB, state="reserved", **labels)
        assert comparison.ours(comparison.after, "system.filesystem.inodes.usage", **labels) == comparison.theirs("node_filesystem_files", **labels)


def test_network(comparison):
    devices = {point.attribute("device") for point in comparison.after if point.metric == "system.network.io"}
    theirs = {dict(labels)["device"] for name, labels in comparison.between if name == "node_network_receive_bytes_total"}
    # Some kernels tell node_exporter nothing about the loopback.
    assert theirs and devices | {"lo"} == theirs | {"lo"}
    for device in theirs:
        for direction in ("receive", "transmit"):
            for metric, name in {"io": "bytes", "packets": "packets", "errors": "errs"}.items():
                comparison.counter(comparison.theirs(f"node_network_{direction}_{name}_total", device=device), f"system.network.{metric}",
                                   device=device, direction=direction)


def test_disks(comparison):
    devices = {point.attribute("device") for point in comparison.after if point.metric == "system.disk.io"}
    compared = [device for device in devices if ("node_disk_read_bytes_total", frozenset({("device", device)})) in comparison.between]
    assert compared
    names = {"io": ("read_bytes", "written_bytes"), "operations": ("reads_completed", "writes_completed"), "merged": ("reads_merged", "writes_merged"),
             "operation_time": ("read_time_seconds", "write_time_seconds")}
    for device in compared:
        for metric, both in names.items():
            for direction, name in zip(("read", "write"), both):
                comparison.counter(comparison.theirs(f"node_disk_{name}_total", device=device), f"system.disk.{metric}", device=device, direction=direction)
        comparison.counter(comparison.theirs("node_disk_io_time_seconds_total", device=device), "system.disk.io_time", device=device)
        comparison.counter(comparison.theirs("node_disk_io_time_weighted_seconds_total", device=device), "system.disk.weighted_io_time", device=device)


def test_load_paging_and_processes(comparison):
    for ours, theirs in {"1m": "1", "5m": "5", "15m": "15"}.items():
        comparison.near(comparison.theirs(f"node_load{theirs}"), f"system.cpu.load_average.{ours}", 0.5)
    comparison.counter(comparison.theirs("node_vmstat_pgmajfault"), "system.paging.faults", type="major")
    comparison.counter(comparison.theirs("node_vmstat_pgfault"), "system.paging.faults")
    for direction, name in {"page_in": "in", "page_out": "out"}.items():
        comparison.counter(comparison.theirs(f"node_vmstat_pswp{name}"), "system.paging.operations", direction=direction, type="major")
        comparison.counter(comparison.theirs(f"node_vmstat_pgpg{name}"), "system.paging.operations", direction=direction, type="minor")
    comparison.counter(comparison.theirs("node_forks_total"), "system.processes.created")
    boot_time = comparison.theirs("node_boot_time_seconds")
    assert {point.start_ns for point in comparison.after} == {int(boot_time) * 10**9}
    comparison.near(time.time() - boot_time, "system.uptime", 60)


def test_each_process_is_described_as_it_knows_itself(vigia):
    with HttpSink() as sink:
        process = vigia(pipeline_config({"collection_interval": "300ms", "initial_delay": "0s", "scrapers": {"process": {
            "metrics": {"process.threads": {"enabled": True}, "process.open_file_descriptors": {"enabled": True}}}}}, sink.url))
        points = wait_for_round_after(sink, time.time_ns())
    own = [point for point in points if dict(point.resource)["process.pid"] == process.pid]
    resource = dict(own[0].resource)
    arguments = open(f"/proc/{process.pid}/cmdline", encoding="utf-8").read().rstrip("\0").split("\0")
    assert resource == {"process.pid": process.pid, "process.parent_pid": os.getpid(), "process.executable.name": "vigia", "process.executable.path":
                        os.path.realpath(arguments[0]), "process.command": arguments[0], "process.command_line": " ".join(arguments),
                        "process.owner": pwd.getpwuid(os.getuid()).pw_name}
    values = {point.metric: point.value for point in own}
    assert abs(values["process.threads"] - len(os.listdir(f"/proc/{process.pid}/task"))) <= 1
    assert values["process.open_file_descriptors"] >= 3
    assert abs(values["process.memory.usage"] / MIB - process.rss_mib()) < 32
    assert os.getpid() in {dict(point.resource)["process.pid"] for point in points}


def test_with_root_path_the_same_machine_is_found_elsewhere(vigia, tmp_path):
    root = tmp_path / "hostfs"
    root.mkdir()
    for folder in ("proc", "sys", "etc", "dev"):
        (root / folder).symlink_to(f"/{folder}")
    scrapers = {**SCRAPERS, "process": None}
    shapes = {}
    for root_path in ("", str(root)):
        with HttpSink() as sink:
            process = vigia(pipeline_config({"collection_interval": "300ms", "initial_delay": "0s", "root_path": root_path, "scrapers": scrapers}, sink.url))
            points = wait_for_round_after(sink, time.time_ns())
            shapes[root_path] = {point.shape() for point in points if point.attribute("mountpoint") in (None, "/") and not point.resource}
            # The first process may be forbidden ground even for root.
            assert not [line for line in process.log().splitlines() if "Cannot scrape" in line and '"scraper":"process"' not in line]
    ours, elsewhere = shapes.values()
    assert {shape for shape in ours ^ elsewhere if shape[0] != "system.processes.count"} == set()
