#!/usr/bin/env python3
"""The hostmetrics receiver gives what the reference Collector's gives: the same metrics, units, kinds, types, attributes, resources and scopes.

Guarantee: by default and with everything enabled, both programs on the same machine give the same set of points, but for what is listed here. Their values
are compared with node_exporter's in tests/test_hostmetrics.py.

    ./dev check hostmetrics [arguments of pytest…]
"""

import os
import sys

import pytest

if __name__ == "__main__":
    # The fixtures come from tests/conftest.py, above this file.
    sys.exit(pytest.main([os.path.abspath(__file__), "-q", "-p", "no:cacheprovider", *sys.argv[1:]]))

from host_points import pipeline_config, points_of
from otlp_sinks import HttpSink
from services.collector_process import CollectorProcess
from waiting import wait_until

HUGE_PAGES = "system.memory.linux.hugepages."
OPTIONAL = {
    "cpu": ["system.cpu.frequency", "system.cpu.physical.count", "system.cpu.utilization"],
    "disk": [],
    "filesystem": ["system.filesystem.utilization"],
    "load": [],
    "memory": ["system.linux.memory.available", "system.linux.memory.dirty", "system.memory.limit", "system.memory.linux.shared", "system.memory.page_size",
               "system.memory.utilization", *(HUGE_PAGES + name for name in ("limit", "page_size", "reserved", "surplus", "usage", "utilization"))],
    "network": ["system.network.conntrack.count", "system.network.conntrack.max"],
    "paging": ["system.paging.utilization"],
    "processes": [],
    "process": [f"process.{name}" for name in ("context_switches", "cpu.utilization", "disk.operations", "memory.utilization", "open_file_descriptors",
                                               "paging.faults", "signals_pending", "threads", "uptime")],
    "system": [],
}
# What a process is called and where it runs differs from one to the next, and which states there are from one moment to the next.
CHANGING = ("process.", "system.processes.count")
# The Collector misspells two of the states it has listed, so that it gives them besides; it gives them only when there are such connections.
MISSPELT = {"FIN_WAIT1", "FIN_WAIT2"}


def section(scrapers):
    return {"collection_interval": "1s", "initial_delay": "0s", "scrapers": scrapers}


def everything():
    scrapers = {name: {"metrics": {metric: {"enabled": True} for metric in metrics}} for name, metrics in OPTIONAL.items()}
    scrapers["cpu"]["metrics"]["system.cpu.time"] = {"attributes": ["cpu", "state"]}
    scrapers["cpu"]["metrics"]["system.cpu.utilization"]["attributes"] = ["cpu", "state"]
    scrapers["filesystem"]["include_virtual_filesystems"] = True
    scrapers["process"]["resource_attributes"] = {"process.cgroup": {"enabled": True}, "process.linux.cgroup": {"enabled": True}}
    return section(scrapers)


CASES = {
    "defaults": section({name: None for name in OPTIONAL}),
    "everything": everything(),
    "filters": section({
        "disk": {"include": {"devices": ["^vd", "^sd", "^nvme"], "match_type": "regexp"}},
        "filesystem": {"include_virtual_filesystems": True, "exclude_fs_types": {"fs_types": ["tmpfs", "proc"], "match_type": "strict"},
                       "exclude_mount_points": {"mount_points": ["^/sys"], "match_type": "regexp"}},
        "network": {"exclude": {"interfaces": ["lo"], "match_type": "strict"},
                    "metrics": {"system.network.io": {"attributes": ["direction"]}, "system.network.connections": {"enabled": False}}},
        "process": {"include": {"names": ["^python", "pytest"], "match_type": "regexp"}, "mute_process_all_errors": True},
        "paging": {"metrics": {"system.paging.operations": {"attributes": ["type"], "aggregation_strategy": "max"}}},
    }),
}


def comparable(points):
    shapes = set()
    for point in points:
        if point.attribute("state") in MISSPELT:
            continue
        if not point.metric.startswith(CHANGING):
            assert not point.resource
            shapes.add(point.shape())
            continue
        keys = frozenset(key for key, _ in point.attributes)
        shapes.add((point.metric, point.unit, point.kind, point.is_monotonic, point.type, keys if point.metric == "system.processes.count" else point.attributes,
                    point.scope, frozenset(key for key, _ in point.resource)))
    return shapes


def rounds_of(sink):
    # Shares are there from the second round on.
    wait_until(lambda: len(sink.messages("metrics")) >= 3, "three rounds")
    return points_of(sink.messages("metrics"))


@pytest.mark.parametrize("case", CASES)
def test_same_points(case, vigia, tmp_path):
    with HttpSink() as sink:
        collector = CollectorProcess(tmp_path, pipeline_config(CASES[case], sink.url)).wait_ready()
        try:
            expected = rounds_of(sink)
        finally:
            collector.stop()
    with HttpSink() as sink:
        vigia(pipeline_config(CASES[case], sink.url))
        actual = rounds_of(sink)
    theirs, ours = comparable(expected), comparable(actual)
    # A gauge of nothing, as of a file system without any space, is no number there and 0 here.
    assert sorted(map(str, theirs - ours)) == [], "only the Collector gives these"
    assert sorted(map(str, ours - theirs)) == [], "only vigia gives these"
