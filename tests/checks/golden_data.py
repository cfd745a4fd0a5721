#!/usr/bin/env python3
"""The contrib repository's golden data set through vigia, on every protocol and compression of both sides; the testbed itself sends
it over gRPC alone.

Guarantee: it arrives field by field as it was sent; errors of the backend reach the sender as what they are.

    ./dev check golden_data [arguments of pytest…]

TESTBED_AGENT=<program> runs another agent, such as the reference Collector, through the same. Needs Go.
"""

import os
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
import requests

if __name__ == "__main__":
    # The fixtures come from tests/conftest.py, above this file.
    sys.exit(pytest.main([os.path.abspath(__file__), "-q", "-p", "no:cacheprovider", "--durations=3", *sys.argv[1:]]))

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from otlp_sinks import GrpcSink, HttpSink, items
from services.golden import golden_requests
from services.peers import accepts_connections, free_port
from vigia_process import binary
from waiting import wait_until

STUBS = {"traces": TraceServiceStub, "metrics": MetricsServiceStub}

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
    """The program under test, with a configuration such as the testbed writes."""

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
