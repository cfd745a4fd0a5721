#!/usr/bin/env python3
"""The scenarios of the Collector's contrib testbed, with vigia as the agent, started the way the testbed starts its own:
`<program> --config <file>` with the configuration that the testbed writes (empty sections and values, single-item lists, pprof with
save_to_file), ended by SIGTERM within ten seconds.

Guarantee: the golden data set arrives field by field as it was sent; at 10,000 items a second everything arrives within the
testbed's limits of CPU and memory; errors of the backend reach the sender as what they are.

    ./dev check testbed [arguments of pytest…]

TESTBED_AGENT=<program> runs another agent, such as the reference Collector, through the same; TESTBED_SECONDS is how long a rate
is held, 15 unless set.
"""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import grpc
import pytest
import requests

if __name__ == "__main__":
    # The fixtures come from tests/conftest.py, above this file.
    sys.exit(pytest.main([os.path.abspath(__file__), "-q", "-p", "no:cacheprovider", "--durations=3", *sys.argv[1:]]))

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from otlp_sinks import REQUEST_TYPES, GrpcSink, HttpSink, items, leaves
from services.golden import golden_requests
from services.peers import accepts_connections, free_port
from vigia_process import binary
from waiting import wait_until

SECONDS = float(os.environ.get("TESTBED_SECONDS", "15"))
RATE = 10_000
TICK_S = 1.0  # how often CPU and memory are looked at
STUBS = {"traces": TraceServiceStub, "metrics": MetricsServiceStub}

BATCH = "\n  batch:\n"
CONFIG = """
receivers:
  otlp:
    protocols:
      {protocol}:
        endpoint: "127.0.0.1:{port}"
exporters:
  {exporter}:
    endpoint: "{endpoint}"
    {retry}
    {queue}
    tls:
      insecure: true
    compression: "{compression}"
processors:
  {processors}

extensions:
  pprof:
    save_to_file: {folder}/cpu.prof


service:
  telemetry:
    metrics:
      level: none
  extensions: [pprof, ]
  pipelines:
    {signal}:
      receivers: [otlp]
      processors: [{processor_names}]
      exporters: [{exporter}]
"""


class Agent:
    """The program under test, and how much CPU and memory it takes while it runs."""

    def __init__(self, folder, signal, sink, *, protocol="grpc", compression="none", processors=None, retry="", queue=""):
        self.protocol, self.signal, self.port = protocol, signal, free_port()
        self.folder = Path(folder)
        processors = processors or {}
        is_grpc = isinstance(sink, GrpcSink)
        self.config_file = self.folder / "agent.yaml"
        self.config_file.write_text(CONFIG.format(
            protocol=protocol, port=self.port, exporter="otlp" if is_grpc else "otlp_http", endpoint=sink.endpoint if is_grpc else sink.url,
            compression=compression, processors="\n".join(processors.values()), processor_names=",".join(processors), folder=self.folder,
            signal=signal, retry=retry, queue=queue))
        self.cpu_percent, self.rss_mib = [], []

    def __enter__(self):
        program = os.environ.get("TESTBED_AGENT") or binary()
        with open(self.folder / "agent.log", "wb") as log:
            self.process = subprocess.Popen([program, "--config", self.config_file], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self._is_ready, "the agent listens")
        return self

    def _is_ready(self):
        assert self.process.poll() is None, self.log()
        return accepts_connections(self.port)

    def log(self):
        return (self.folder / "agent.log").read_text(errors="replace")[-8000:]

    def watch(self, seconds):
        """Looks at the process for so long."""
        end, before = time.monotonic() + seconds, (time.monotonic(), self._cpu_s())
        while time.monotonic() < end:
            threading.Event().wait(TICK_S)
            now = (time.monotonic(), self._cpu_s())
            self.cpu_percent.append((now[1] - before[1]) / (now[0] - before[0]) * 100)
            self.rss_mib.append(int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20))
            before = now

    def _cpu_s(self):
        # Behind the name, which may hold spaces: fields 14 and 15 of the line are user and system time.
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def send(self, request):
        """One request; True when it was taken, False when it shall be sent again. A permanent error raises."""
        if self.protocol == "grpc":
            try:
                with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
                    STUBS[self.signal](channel).Export(request, timeout=10)
                return True
            except grpc.RpcError as error:
                if error.code() == grpc.StatusCode.UNAVAILABLE:
                    return False
                raise
        answer = requests.post(f"http://127.0.0.1:{self.port}/v1/{self.signal}", data=request.SerializeToString(),
                               headers={"Content-Type": "application/x-protobuf"}, timeout=10)
        if answer.status_code in (429, 502, 503, 504):
            return False
        answer.raise_for_status()
        return True

    def stop(self):
        self.process.terminate()
        assert self.process.wait(10) == 0, self.log()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        print(f"--- log of the agent ---\n{self.log()}")


# --- The correctness tests ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def golden():
    return golden_requests()


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("exporter", ["grpc", "http"])
@pytest.mark.parametrize("receiver", ["grpc", "http"])
@pytest.mark.parametrize("signal", ["traces", "metrics"])
def test_golden_data_arrives_unchanged(tmp_path, golden, signal, receiver, exporter, compression):
    processors = {"batch": "\n  batch:\n    send_batch_size: 1024\n"}
    expected = items(golden[signal])
    assert len(expected) > 20
    with (GrpcSink() if exporter == "grpc" else HttpSink()) as sink:
        with Agent(tmp_path, signal, sink, protocol=receiver, compression=compression, processors=processors) as agent:
            for request in golden[signal]:
                assert agent.send(request)
            assert items(sink.wait_for(signal, len(expected))) == expected
            agent.stop()


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INVALID_ARGUMENT], ids=["transient", "permanent"])
@pytest.mark.parametrize("receiver", ["grpc", "http"])
def test_errors_of_the_backend_reach_the_sender(tmp_path, golden, receiver, code):
    """Without queue and retry of our own: what may be tried again is, by the sender, and nothing is lost or doubled; what may not is told."""
    retry, queue = "retry_on_failure:\n      enabled: false", "sending_queue:\n      enabled: false"
    arrived, permanent = [], 0
    with GrpcSink() as sink, Agent(tmp_path, "traces", sink, protocol=receiver, retry=retry, queue=queue) as agent:
        full = [request for request in golden["traces"] if items([request])]  # an empty one has no errors to meet
        for number, request in enumerate(full):
            sink.answers = [code] if number % 3 == 0 else []
            try:
                wait_until(lambda sent=request: agent.send(sent), "the request is taken", 10)
                arrived.append(request)
            except (grpc.RpcError, requests.HTTPError):
                permanent += 1
        expected = items(arrived)
        assert items(sink.wait_for("traces", len(expected))) == expected
        assert permanent == (0 if code == grpc.StatusCode.UNAVAILABLE else (len(full) + 2) // 3)


# --- The load scenarios -------------------------------------------------------------------------------------------------


class CountingSink:
    """Counts instead of remembering: ten thousand items a second are too many to keep."""

    def record(self, received):
        with self._changed:
            self.count = getattr(self, "count", 0) + sum(self._count(received.message, received.signal))

    @staticmethod
    def _count(message, signal):
        for _, _, leaf in leaves(message):
            yield len(getattr(leaf, leaf.WhichOneof("data")).data_points) if signal == "metrics" else 1


class CountingGrpcSink(CountingSink, GrpcSink):
    pass


class CountingHttpSink(CountingSink, HttpSink):
    pass


def offer(agent, signal, protocol):
    """Ten thousand items a second in hundreds, for SECONDS, while the agent is watched. Returns the summary."""
    command = [binary(), "load", signal, "--endpoint", f"127.0.0.1:{agent.port}", "--protocol", protocol, "--rate", str(RATE), "--batch", "100",
               "--duration", f"{SECONDS:g}s"]
    load = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    agent.watch(SECONDS)
    out, error = load.communicate(timeout=30)
    assert load.returncode == 0, error + out
    return json.loads(out)


def assert_within(agent, max_cpu_percent, max_rss_mib, record_property):
    """The testbed's limits hold at every look."""
    record_property("cpu_percent_max", max(agent.cpu_percent))
    record_property("rss_mib_max", max(agent.rss_mib))
    print(f"CPU {max(agent.cpu_percent):.1f} % of {max_cpu_percent}, RSS {max(agent.rss_mib):.1f} MiB of {max_rss_mib}")
    # ./dev check runs the release build; with a sanitizer in it a program needs more.
    assert max(agent.cpu_percent) <= max_cpu_percent
    assert max(agent.rss_mib) <= max_rss_mib


@pytest.mark.parametrize("signal, protocol, compression, max_cpu_percent, max_rss_mib", [
    ("traces", "grpc", "none", 20, 100),
    ("traces", "grpc", "gzip", 30, 100),
    ("traces", "http", "none", 20, 100),
    ("traces", "http", "gzip", 25, 100),
    ("metrics", "grpc", "none", 60, 105),
    ("metrics", "http", "none", 60, 100),
    ("logs", "grpc", "none", 30, 99),
    ("logs", "http", "none", 30, 95),
])
def test_10k_items_a_second(tmp_path, record_property, signal, protocol, compression, max_cpu_percent, max_rss_mib):
    with (CountingGrpcSink() if protocol == "grpc" else CountingHttpSink()) as sink:
        with Agent(tmp_path, signal, sink, protocol=protocol, compression=compression, processors={"batch": BATCH}) as agent:
            summary = offer(agent, signal, protocol)
            assert summary["accepted"] == summary["sent"] >= RATE * SECONDS * 0.95
            wait_until(lambda: getattr(sink, "count", 0) >= summary["sent"], "all items arrived", 10)
            assert_within(agent, max_cpu_percent, max_rss_mib, record_property)
            agent.stop()
            assert sink.count == summary["sent"]
            assert (tmp_path / "cpu.prof").stat().st_size > 0


def test_idle_mode(tmp_path, record_property):
    with GrpcSink() as sink, Agent(tmp_path, "traces", sink) as agent:
        agent.watch(min(SECONDS, 10))
        assert_within(agent, 20, 83, record_property)
        agent.stop()


# --- The processor scenarios --------------------------------------------------------------------------------------------


def text_attributes(owner):
    return {attribute.key: attribute.value.string_value for attribute in owner.attributes}


def one_span(service, name):
    request = REQUEST_TYPES["traces"]()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = service
    group.scope_spans.add().spans.add(trace_id=bytes(15) + b"\1", span_id=bytes(7) + b"\1", name=name)
    return request


def test_attributes_processor(tmp_path):
    processors = {"batch": BATCH, "attributes": """
  attributes:
    include:
      match_type: regexp
      services: ["service-to-add.*"]
      span_names: ["span-to-add-.*"]
    actions:
      - action: insert
        key: "new_attr"
        value: "string value"
"""}
    cases = [("service-to-add-attr", "span-to-add-attr", True), ("service-not-to-add-attr", "span-to-add-attr", False),
             ("service-to-add-attr", "span-not-to-add-attr", False)]
    with GrpcSink() as sink, Agent(tmp_path, "traces", sink, processors=processors) as agent:
        for number, (service, name, is_changed) in enumerate(cases):
            assert agent.send(one_span(service, name))
            ((group, _, span),) = leaves(sink.wait_for("traces", number + 1)[number])
            assert (text_attributes(group.resource), span.name) == ({"service.name": service}, name)
            assert text_attributes(span) == ({"new_attr": "string value"} if is_changed else {})
        agent.stop()


def one_point(attributes):
    request = REQUEST_TYPES["metrics"]()
    group = request.resource_metrics.add()
    for key, value in attributes.items():
        group.resource.attributes.add(key=key).value.string_value = value
    metric = group.scope_metrics.add().metrics.add(name="metric-name", description="metric-description", unit="metric-unit")
    metric.gauge.data_points.add(as_int=0)
    return request


@pytest.mark.parametrize("section, before, after", [
    ("""
  resource:
    attributes:
    - key: label-key
      value: new-label-value
      action: update
    - key: resource-type
      from_attribute: opencensus.resourcetype
      action: upsert
    - key: opencensus.resourcetype
      action: delete
""", {"opencensus.resourcetype": "host", "label-key": "label-value"}, {"resource-type": "host", "label-key": "new-label-value"}),
    ("""
  resource:
    attributes:
    - key: additional-label-key
      value: additional-label-value
      action: insert

""", {}, {"additional-label-key": "additional-label-value"}),
], ids=["update_and_rename_existing_attributes", "set_attribute_on_empty_resource"])
def test_resource_processor(tmp_path, section, before, after):
    with GrpcSink() as sink, Agent(tmp_path, "metrics", sink, processors={"resource": section}) as agent:
        assert agent.send(one_point(before))
        (message,) = sink.wait_for("metrics", 1)
        (group,) = message.resource_metrics
        assert text_attributes(group.resource) == after
        assert group.scope_metrics[0].metrics == one_point({}).resource_metrics[0].scope_metrics[0].metrics
        agent.stop()
