#!/usr/bin/env python3
"""The prometheus receiver makes the same points as the reference Collector's: both scrape the same pages, and what comes out is compared one by
one: resources, scopes, names, types, units, help, labels, values, exemplars.

Guarantee: it is the same, except for what DIFFERENCES lists as different on purpose.

    ./dev check prometheus [arguments of pytest…]
"""

import os
import sys

import pytest

if __name__ == "__main__":
    # The fixtures come from tests/conftest.py, above this file.
    sys.exit(pytest.main([os.path.abspath(__file__), "-q", "-p", "no:cacheprovider", *sys.argv[1:]]))

from exposition_target import OPENMETRICS, TEXT, ExpositionTarget
from otlp_sinks import HttpSink, leaves
from services.collector_process import CollectorProcess
from waiting import wait_until

# Different from scrape to scrape.
UNSTEADY = {"scrape_duration_seconds", "scrape_series_added"}

CLASSIC = """# HELP http_requests_total Requests\\nserved, \\\\ all.
# TYPE http_requests_total counter
http_requests_total{code="200",path="/a \\"b\\""} 10
http_requests_total{code="500",path=""} 1.5e3
# TYPE temperature gauge
temperature{room="x"} -2.5
temperature{room="y"} +Inf
# TYPE plain untyped
plain 7
nothing_known 8
# TYPE latency histogram
latency_bucket{le="0.1"} 1
latency_bucket{le="1"} 4
latency_bucket{le="+Inf"} 5
latency_sum 3.25
latency_count 5
latency_bucket{p="1",le="1"} 2
latency_bucket{p="1",le="+Inf"} 2
latency_sum{p="1"} 1
latency_count{p="1"} 2
# TYPE size summary
size{quantile="0.5"} 10
size{quantile="0.9"} 20
size_sum 100
size_count 12
# TYPE dated gauge
dated 5 1700000000123
"""
MODERN = """# TYPE jobs counter
# HELP jobs Jobs "done".
jobs_total{x="1"} 5 # {trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331",k="v"} 2.5 1700000000.5
jobs_created{x="1"} 1600000000.25
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
wait_seconds_bucket{le="0.5"} 1 # {trace_id="ab"} 0.25
wait_seconds_bucket{le="+Inf"} 2
wait_seconds_sum 3
wait_seconds_count 2
wait_seconds_created 1600000001
# TYPE build info
build_info{version="1"} 1
# TYPE state stateset
state{state="a"} 1
state{state="b"} 0
# TYPE s summary
s{quantile="0.5"} 1
s_sum 2
s_count 3
s_created 1600000002
# TYPE u unknown
u 1
# EOF
"""
SCOPED = """target_info{service_version="1.2",region="x"} 1
otel_scope_info{otel_scope_name="lib",otel_scope_version="1",team="t"} 1
# TYPE a_total counter
a_total{otel_scope_name="lib",otel_scope_version="1"} 1
a_total{otel_scope_name="other",otel_scope_version="2"} 2
a_total 3
"""
FEDERATED = """a{job="j1",instance="i1:1"} 1
a{job="j2",instance="i2"} 2
a{job="j1",instance="[::1]:3"} 3
"""

# name: content type, page, keys of the job
CASES = {
    "classic": (TEXT, CLASSIC, {}),
    "modern": (OPENMETRICS, MODERN, {}),
    "labels": (TEXT, 'a{env="x",job="y",instance="z",exported_env="w"} 1\n', {"labels": {"env": "prod", "zone": "1"}}),
    "honored": (TEXT, 'a{env="x"} 1\n', {"labels": {"env": "prod"}, "honor_labels": True}),
    "undated": (TEXT, CLASSIC, {"honor_timestamps": False}),
    "scoped": (TEXT, SCOPED, {}),
    "federated": (TEXT, FEDERATED, {"honor_labels": True}),
    "relabelled": (TEXT, CLASSIC, {"metric_relabel_configs": [
        {"source_labels": ["__name__"], "regex": "latency.*|size.*", "action": "drop"},
        {"source_labels": ["code"], "regex": "(.)..", "target_label": "class", "replacement": "$${1}xx"},
        {"regex": "path", "action": "labeldrop"},
        {"source_labels": ["__name__"], "regex": "temperature", "target_label": "__name__", "replacement": "heat"},
        {"source_labels": ["room"], "target_label": "shard", "modulus": 8, "action": "hashmod"}]}),
    "broken": (TEXT, "a 1\nb{\n", {}),
    "limited": (TEXT, CLASSIC, {"sample_limit": 3}),
    "extra": (TEXT, "a 1\n", {"extra_scrape_metrics": True}),
}
# Different on purpose. Scoped: we take otel_scope_info for what it was made for, attributes of its scope; to today's Collector it is a gauge.
DIFFERENCES = {"scoped": {"otel_scope_info", "a_total"}}


def jobs_of(targets):
    jobs = []
    for name, target in targets.items():
        keys = dict(CASES[name][2])
        labels = keys.pop("labels", {})
        jobs.append({"job_name": name, "static_configs": [{"targets": [target.address], "labels": labels}], **keys})
    return jobs


def config_of(sink, targets):
    return {
        "receivers": {"prometheus": {"config": {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs_of(targets)}}},
        "exporters": {"otlphttp": {"endpoint": sink.url, "compression": "none"}},
        "service": {"pipelines": {"metrics": {"receivers": ["prometheus"], "exporters": ["otlphttp"]}}},
    }


def pairs(attributes):
    return tuple(sorted((pair.key, pair.value.string_value) for pair in attributes if pair.value.string_value))


def value_of(metric, kind, point):
    if kind in ("gauge", "sum"):
        value = (point.flags, repr(point.as_double))
    elif kind == "histogram":
        value = (point.flags, point.count, point.sum, tuple(point.explicit_bounds), tuple(point.bucket_counts))
    else:
        value = (point.flags, point.count, point.sum, tuple((one.quantile, one.value) for one in point.quantile_values))
    exemplars = tuple((one.as_double, one.trace_id.hex(), one.span_id.hex(), pairs(one.filtered_attributes)) for one in getattr(point, "exemplars", ()))
    return (*value, exemplars, point.start_time_unix_nano, getattr(getattr(metric, kind), "is_monotonic", None))


def points_of(sink, job):
    """{what is known of a point: its value} of the last complete scrape of each, without the moment."""
    found = {}
    for message in sink.messages("metrics"):
        for group, scope, metric in leaves(message):
            resource = pairs(group.resource.attributes)
            kind = metric.WhichOneof("data")
            for point in getattr(metric, kind).data_points:
                scope_key = (scope.scope.name, pairs(scope.scope.attributes))
                key = (resource, scope_key, metric.name, metric.description, metric.unit, pairs(metric.metadata), kind, pairs(point.attributes))
                if metric.name not in UNSTEADY:
                    found[key] = value_of(metric, kind, point)
    return {key: value for key, value in found.items() if belongs_to(key[0], job)}


def belongs_to(resource, job):
    names = {"federated": {"federated", "j1", "j2"}}.get(job, {job})
    return dict(resource).get("service.name") in names


def has_scraped_twice(sink, job):
    ups = [point for message in sink.messages("metrics") for group, _, metric in leaves(message)
           if metric.name == "up" and dict(pairs(group.resource.attributes)).get("service.name") == job for point in metric.gauge.data_points]
    return len(ups) >= 2


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """{job: (ours, theirs)}"""
    from conftest import Starter

    targets = {name: ExpositionTarget(body, content_type) for name, (content_type, body, _) in CASES.items()}
    folder = tmp_path_factory.mktemp("differential")
    starter = Starter(folder)
    with HttpSink() as ours, HttpSink() as theirs:
        reference = None
        try:
            starter(config_of(ours, targets))
            reference = CollectorProcess(folder, config_of(theirs, targets))
            reference.wait_ready()
            for sink in (ours, theirs):
                for name in CASES:
                    wait_until(lambda sink=sink, name=name: has_scraped_twice(sink, name), f"{name} has been scraped twice", 30)
        finally:
            if reference:
                reference.kill()
            starter.stop_all()
        yield {name: (points_of(ours, name), points_of(theirs, name)) for name in CASES}
    for target in targets.values():
        target.close()


@pytest.mark.parametrize("name", CASES)
def test_points_are_those_of_the_collector(outcomes, name):
    ours, theirs = outcomes[name]
    assert theirs, "the Collector gave nothing"
    on_purpose = DIFFERENCES.get(name, set())
    missing = {key: value for key, value in theirs.items() if key not in ours and key[2] not in on_purpose}
    more = {key: value for key, value in ours.items() if key not in theirs and key[2] not in on_purpose}
    different = {key: (ours[key], theirs[key]) for key in ours.keys() & theirs.keys() if ours[key] != theirs[key]}
    assert not missing and not more and not different, f"only theirs: {missing}\nonly ours: {more}\nours and theirs: {different}"
