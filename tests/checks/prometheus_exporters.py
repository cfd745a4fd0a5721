#!/usr/bin/env python3
"""The exporters `prometheus` and `prometheusremotewrite` against the reference Collector's own: the same requests through the same section of both.

Guarantee: the same series with the same values, types and helps on the page, and the same series, samples, native histograms and exemplars in
the requests of remote write, but for what is listed here as a difference on purpose:

- A label with an empty value is none (the Collector writes `otel_scope_version=""`, which Prometheus reads as none).
- target_info is shown where a resource says something besides job and instance, and has one of these (the Collector's page wants both).
- Attributes whose names become the same label are joined on the page, too (the Collector drops the point there).
- A point without a time is left out of remote write, and so is a second sample of a series at the same time.

The requests: the contrib repository's golden data set, and metrics of our load generator's kinds.

    ./dev check prometheus_exporters [arguments of pytest…]
"""

import os
import re
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

if __name__ == "__main__":
    # The fixtures come from tests/conftest.py, above this file.
    sys.exit(pytest.main([os.path.abspath(__file__), "-q", "-p", "no:cacheprovider", *sys.argv[1:]]))

from configurations import otlp_receiver
from metric_requests import DELTA, Metrics
from services.golden import golden_requests
from services.peers import ReferenceCollector, free_port
from services.remote_write import series_of
from waiting import wait_until

NOW = 1_700_000_000_000_000_000
NO_PROMOTION = {"resource_constant_labels": {"included": ["nothing.at.all"]}}


# --- What is sent ---

def odd_requests():
    """What the golden data set does not have: names and labels of every kind, bounds, temporalities, exemplars."""
    t = NOW
    yield (Metrics({"service.name": "s", "service.instance.id": "i", "a.b": "1", "a_b": "2"}, "lib.x")
           .gauge("cpu.utilization", 0.5, t, {"1st": "x", "_p": "y", "a.b": "1", "a_b": "2", "n": 4, "f": 1.5, "b": True, "é": "v"}, unit="1")
           .gauge("battery", 50, t, unit="%").gauge("speed", 3, t, unit="m/s").gauge("disk.io", 3, t, unit="By/s").gauge("9lives", 1, t)
           .gauge("a__b..c", 1, t).gauge("débit", 1, t, unit="GiBy").gauge("seconds.slept", 1, t, unit="s").gauge("x", 1, t, unit="{thing}/min")
           .counter("hits.total.count", 3, t, unit="1").counter("sent", 1e6, t, unit="By", trace_id=b"\x07" * 16)
           .histogram("h", [0.005, 1, 2.5, 1e6], [1, 2, 3, 4, 5], 9.5, t, unit="s")
           .exponential("e", 3, 2, -5, [1, 0, 0, 0, 0, 7, 2], 30, t, unit="By").exponential("fine", 12, 0, 100, [1] * 40, 3, t)
           .summary("q", {0.5: 1, 0.999: 2}, 3, 4, t))
    yield Metrics({"service.name": "s", "service.namespace": "ns", "host.name": "h"}).gauge("only.job", 1, t)
    yield Metrics({"service.instance.id": "i", "host.name": "h"}).gauge("only.instance", 1, t)
    yield Metrics({}).gauge("nobody", 1, t)
    yield Metrics({"service.name": "d", "service.instance.id": "1"}).counter("delta", 5, t + 10, start_ns=t, temporality=DELTA)
    yield Metrics({"service.name": "d", "service.instance.id": "1"}).counter("delta", 7, t + 20, start_ns=t + 10, temporality=DELTA)
    yield Metrics({"service.name": "d", "service.instance.id": "1"}).gauge("moves", 1, t + 20)
    yield Metrics({"service.name": "d", "service.instance.id": "1"}).gauge("moves", 2, t + 10)


def all_requests():
    return [*(metrics.request for metrics in odd_requests()), *golden_requests()["metrics"]]


def send(port, request):
    answer = requests.post(f"http://127.0.0.1:{port}/v1/metrics", data=request.SerializeToString(), timeout=60,
                           headers={"Content-Type": "application/x-protobuf"})
    assert answer.status_code == 200, answer.text


# --- The page ---

SAMPLE = re.compile(r'([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: #.*)?$')
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')


def parsed_page(text):
    """{(name, labels): value}, {name: type}. Labels without empty ones."""
    samples, types = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            types[name] = kind
        if not line or line.startswith("#"):
            continue
        name, labels, value = SAMPLE.match(line).groups()
        pairs = tuple(sorted((key, text) for key, text in LABEL.findall(labels or "") if text))
        samples[(name, pairs)] = float(value)
    return samples, types


def page_of(port, accept):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=20) as response:
        return parsed_page(response.read().decode())


def comparable_page(samples):
    """Without what differs on purpose."""
    def is_shown_by_both(name, labels):
        names = {label for label, _ in labels}
        if name.endswith("target_info"):
            return {"job", "instance"} < names
        return not any(";" in value for _, value in labels)

    return {key: value for key, value in samples.items() if is_shown_by_both(*key)}


PAGE_SETTINGS = {
    "defaults": {},
    "open metrics": {"enable_open_metrics": True},
    "namespace": {"namespace": "ns", "const_labels": {"region": "eu"}},
    "without suffixes": {"translation_strategy": "UnderscoreEscapingWithoutSuffixes"},
    "without scope": {"without_scope_info": True},
    "resource": {"resource_to_telemetry_conversion": {"enabled": True, "exclude_service_attributes": True}},
}


@pytest.mark.parametrize("name", PAGE_SETTINGS)
def test_the_pages_agree(vigia, tmp_path, name):
    accept = "application/openmetrics-text;version=1.0.0" if name == "open metrics" else "text/plain"
    settings = {**({} if "resource_to_telemetry_conversion" in PAGE_SETTINGS[name] else NO_PROMOTION), **PAGE_SETTINGS[name]}
    theirs = {key: value for key, value in settings.items() if key != "resource_constant_labels"}
    ours_port, theirs_port = free_port(), free_port()
    process = vigia({"receivers": otlp_receiver(), "exporters": {"prometheus": {"endpoint": f"127.0.0.1:{ours_port}", **settings}},
                     "service": {"pipelines": {"metrics": {"receivers": ["otlp"], "exporters": ["prometheus"]}}}})
    service = {"pipelines": {"metrics": {"receivers": ["otlp"], "exporters": ["prometheus"]}}}
    with ReferenceCollector(tmp_path, {"prometheus": {"endpoint": f"127.0.0.1:{theirs_port}", **theirs}}, service=service) as collector:
        for request in all_requests():
            send(process.ports["otlp_http"], request)
            send(collector.http_port, request)
        expected, expected_types = page_of(theirs_port, accept)
    actual, actual_types = page_of(ours_port, accept)
    process.stop()
    joined = [key for key in actual if any(";" in value for _, value in key[1]) and not key[0].endswith("target_info")]
    assert joined and not any(key in expected for key in joined)
    assert comparable_page(actual) == comparable_page(expected)
    for name in set(actual_types) - set(expected_types):
        samples = [labels for sample, labels in actual if sample.startswith(name)]
        assert name.endswith("target_info") or all(any(";" in value for _, value in labels) for labels in samples), name
    assert {name: actual_types.get(name) for name in expected_types} == expected_types


# --- Remote write ---

class WriteSink:
    """What remote write brings: {labels: samples, histograms and exemplars}."""

    def __init__(self):
        self.series = {}
        self._lock = threading.Lock()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with sink._lock:
                    for labels, series in series_of(body, "v2" in self.headers["Content-Type"]).items():
                        known = sink.series.setdefault(labels, {"samples": [], "histograms": [], "exemplars": []})
                        for kind, values in series.items():
                            known[kind].extend(values)
                self.send_response(204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/api/v1/write"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def comparable(series):
    """Without what differs on purpose."""
    result = {}
    for labels, one in series.items():
        samples = {}
        for at, value in sorted(one["samples"], key=lambda sample: sample[0]):
            if at != 0:
                samples.setdefault(at, value)
        histograms = {}
        for at, *rest in one["histograms"]:
            if at != 0:
                histograms.setdefault(at, rest)
        if samples or histograms:
            result[labels] = {"samples": samples, "histograms": histograms, "exemplars": sorted(one["exemplars"], key=str) if samples or histograms else []}
    return result


WRITE_SETTINGS = {
    "version 1": {},
    "namespace": {"namespace": "ns", "external_labels": {"region": "eu", "n": "outside"}},
    "without suffixes": {"translation_strategy": "UnderscoreEscapingWithoutSuffixes", "disable_scope_info": True},
    "no target_info": {"target_info": {"enabled": False}, "add_metric_suffixes": False},
    "resource": {"resource_to_telemetry_conversion": {"enabled": True}},
    "custom buckets": {"convert_explicit_histograms_to_nhcb": True, "keep_classic_histograms": True},
}


@pytest.mark.parametrize("name", WRITE_SETTINGS)
def test_the_requests_agree(vigia, tmp_path, name):
    settings = {**({} if "resource_to_telemetry_conversion" in WRITE_SETTINGS[name] else NO_PROMOTION), **WRITE_SETTINGS[name]}
    theirs = {key: value for key, value in settings.items() if key != "resource_constant_labels"}
    sent = all_requests()
    with WriteSink() as expected, WriteSink() as actual:
        process = vigia({"receivers": otlp_receiver(), "exporters": {"prometheusremotewrite": {"endpoint": actual.url, **settings}},
                         "service": {"pipelines": {"metrics": {"receivers": ["otlp"], "exporters": ["prometheusremotewrite"]}}}})
        exporter = {"endpoint": expected.url, "remote_write_queue": {"enabled": False}, **theirs}
        service = {"pipelines": {"metrics": {"receivers": ["otlp"], "exporters": ["prometheusremotewrite"]}}}
        with ReferenceCollector(tmp_path, {"prometheusremotewrite": exporter}, service=service) as collector:
            for request in sent:
                send(process.ports["otlp_http"], request)
                send(collector.http_port, request)
        wait_until(lambda: process.metrics()["otelcol_exporter_in_flight_requests"] == 0 and process.metrics()["otelcol_exporter_queue_size"] == 0,
                   "all was written", 60)
        process.stop()
        assert comparable(actual.series) == comparable(expected.series)
