"""The keys of agent-config.yaml in the running program.

Guarantee: each of them has the effect that its name promises, seen from outside: at the collector, at the ports for applications, in the log.
"""

import re
import socket
import threading
import time

import grpc
import pytest
import requests
import yaml

from authority import Authority
from durable import numbered_spans
from otlp_sinks import GrpcSink, HttpSink, leaves
from waiting import wait_until

FREE_PORTS = ("--otlp-grpc-port", "0", "--otlp-http-port", "0", "--health-port", "0")
RETRY = "Will retry the request after interval"
# Only its figures, sent at once: whatever else it says would come in between.
FIGURES_ALONE = {"telemetry": {"traces": {"enabled": False}, "logs": {"enabled": False}}, "buffer": {"flush_interval": "50ms"}}


@pytest.fixture
def start(vigia, tmp_path):
    """An agent of customer acme on node web-1 that has these keys, and sends every second."""

    def start_agent(endpoint, keys, environment=None):
        file = tmp_path / "agent-config.yaml"
        file.write_text(yaml.safe_dump(keys))
        told = {"CUSTOMER_ID": "acme", "NODE_ID": "web-1", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "METRICS_INTERVAL": "1s",
                "VIGIA_DATA_DIR": str(tmp_path / "data"), "REGISTRATION_ENABLED": "false", **(environment or {})}
        return vigia.role("agent", *FREE_PORTS, "--agent-config", file, environment=told)

    return start_agent


def over(base, **sections):
    """The same keys, and these sections with what they say."""
    return {**base, **{name: {**base.get(name, {}), **keys} for name, keys in sections.items()}}


def connectivity(process):
    return requests.get(f"http://{process.address('http')}/health", timeout=10).json()["checks"]["collector_connectivity"]


def send(process, signal, body=b""):
    return requests.post(f"http://{process.address('otlp_http')}/v1/{signal}", body, headers={"Content-Type": "application/x-protobuf"},
                         timeout=20).status_code


def retry_waits_s(process):
    """How long it said it would wait, before each try but the first."""
    return [float(wait) for wait in re.findall(rf'{RETRY}.*?"?interval"?[:=] ?([0-9.e+-]+)', process.log())]


def retries(**keys):
    return over(FIGURES_ALONE, collector={"retry": keys})


class SilentCollector:
    """Takes connections and requests and never answers."""

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._taken = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def _take(self):
        try:
            while True:
                self._taken.append(self._listener.accept()[0])
        except OSError:
            pass

    def __exit__(self, *_):
        self._listener.close()
        for one in self._taken:
            one.close()


def test_timeout(start):
    with SilentCollector() as collector:
        process = start(collector.url, over(FIGURES_ALONE, collector={"protocol": "http/protobuf", "timeout": "300ms"}))
        # The default would be 10 s.
        failed = wait_until(lambda: (found := connectivity(process))["status"] == "unhealthy" and found, "the try is given up", 8)
        assert "300ms" in failed["error"]


class TestRetry:
    def test_enabled(self, start):
        with GrpcSink() as sink:
            sink.answers = [grpc.StatusCode.UNAVAILABLE]
            process = start(f"http://{sink.endpoint}", retries(enabled=False))
            process.wait_for_log("retry_on_failure is off")
            sink.wait_for("metrics", 1)
            assert RETRY not in process.log(), "what is on the disk comes again later, but nothing is retried"

    def test_initial_interval(self, start):
        with GrpcSink() as sink:
            sink.answers = [grpc.StatusCode.UNAVAILABLE]
            process = start(f"http://{sink.endpoint}", retries(initial_interval="100ms"))
            sink.wait_for("metrics", 1)
            assert 0.05 <= retry_waits_s(process)[0] <= 0.15, "half of it off at most; the default would be 0.5 to 1.5"

    def test_max_interval(self, start):
        with GrpcSink() as sink:
            sink.answers = [grpc.StatusCode.UNAVAILABLE] * 8
            process = start(f"http://{sink.endpoint}", retries(initial_interval="100ms", max_interval="110ms"))
            sink.wait_for("metrics", 1)
            # After these the breaker lets nothing but probes through. A half more at most; without the limit the fourth would be 0.168 at least.
            assert max(retry_waits_s(process)[:4]) <= 0.166

    def test_max_elapsed_time(self, start):
        with GrpcSink() as sink:
            sink.answers = [grpc.StatusCode.UNAVAILABLE] * 1_000
            process = start(f"http://{sink.endpoint}", retries(initial_interval="50ms", max_interval="100ms", max_elapsed_time="400ms"))
            process.wait_for_log("max_elapsed_time is over", 8)  # by default after 5 minutes
            assert "The data stays on disk" in process.log()
            sink.answers.clear()
            sink.wait_for("metrics", 1)


class TestLogs:
    def levels(self, sink):
        return {record.severity_text for message in sink.messages("logs") for _, _, record in leaves(message)}

    def test_level(self, start):
        with GrpcSink() as sink:
            sink.answers = [grpc.StatusCode.UNAVAILABLE]
            process = start(f"http://{sink.endpoint}", {"telemetry": {"logs": {"level": "warn"}}, "buffer": {"flush_interval": "50ms"}})
            sink.wait_for("logs", 1)
            assert self.levels(sink) == {"WARN"}, "of what is sent"
            assert "Everything is ready" not in process.log(), "and of what is written"

    def test_a_lower_level(self, start):
        with GrpcSink() as sink:
            start(f"http://{sink.endpoint}", {"telemetry": {"logs": {"level": "info"}}, "buffer": {"flush_interval": "50ms"}})
            sink.wait_for("logs", 1)
            assert "INFO" in self.levels(sink)


@pytest.mark.parametrize("off", ["metrics", "logs", "traces"])
def test_a_signal_that_is_turned_off(start, off):
    """Nothing of it is taken from applications, and the agent makes none; the others go on."""
    with GrpcSink() as sink:
        process = start(f"http://{sink.endpoint}", {"telemetry": {off: {"enabled": False}}, "buffer": {"flush_interval": "50ms"}})
        others = {"traces", "metrics", "logs"} - {off}
        for signal in others:
            sink.wait_for(signal, 1)
            assert send(process, signal) == 200
        wait_until(lambda: max(len(sink.messages(signal)) for signal in others) >= 3, "three rounds: so it would have come, too")
        assert send(process, off) == 404
        assert sink.item_count(off) == 0


def test_flush_interval(start):
    with GrpcSink() as sink:
        process = start(f"http://{sink.endpoint}", {"telemetry": {"metrics": {"enabled": False}, "logs": {"enabled": False}},
                                                    "buffer": {"flush_interval": "50ms"}})
        count = lambda: sum(1 for message in sink.messages("traces") for _, _, span in leaves(message) if span.name == "numbered")
        begin = time.monotonic()
        for number in range(1, 4):
            assert send(process, "traces", numbered_spans(number, 1).SerializeToString()) == 200
            wait_until(lambda number=number: count() == number, "the span arrives")
        assert time.monotonic() - begin < 5, "by default the second would wait for 5 s, and so would the third"


def test_who_and_where(start):
    keys = over(FIGURES_ALONE, customer={"name": "Empresa XYZ"}, node={"environment": "staging", "region": "us-east-1"})
    with GrpcSink() as sink:
        process = start(f"http://{sink.endpoint}", {**keys, "telemetry": {"logs": {"enabled": False}}})
        sink.wait_for("metrics", 1)
        request = numbered_spans(1, 1)
        request.resource_spans[0].resource.attributes.add(key="environment").value.string_value = "of the application"
        assert send(process, "traces", request.SerializeToString()) == 200

        def attributes(signal, is_wanted=lambda leaf: True):
            return [{one.key: one.value.string_value for one in group.resource.attributes}
                    for message in sink.messages(signal) for group, _, leaf in leaves(message) if is_wanted(leaf)]

        for resource in attributes("metrics"):
            assert (resource["customer.name"], resource["environment"], resource["node.region"]) == ("Empresa XYZ", "staging", "us-east-1")
        (resource,) = wait_until(lambda: attributes("traces", lambda span: span.name == "numbered"), "the span arrives")
        assert (resource["customer.name"], resource["environment"]) == ("Empresa XYZ", "of the application"), "which knows better where it is"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def of_collector(authority):
    return authority.issue()


@pytest.fixture(scope="module")
def of_agent(authority):
    return authority.issue()


class TestTls:
    """Towards the collector, which shows a certificate of an authority of its own, and wants one."""

    def test_by_variables_over_grpc(self, start, authority, of_collector, of_agent):
        with GrpcSink(of_collector, client_authority=authority.certificate) as sink:
            process = start(f"https://{sink.endpoint}", FIGURES_ALONE, {
                "OTEL_EXPORTER_OTLP_CERTIFICATE": str(authority.certificate), "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(of_agent.certificate),
                "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(of_agent.key)})
            sink.wait_for("metrics", 1)
            assert connectivity(process)["status"] == "healthy"

    def test_by_the_file_over_http(self, start, authority, of_collector, of_agent):
        tls = {"ca_file": str(authority.certificate), "cert_file": str(of_agent.certificate), "key_file": str(of_agent.key)}
        with HttpSink(certificates=of_collector, client_authority=authority.certificate) as sink:
            start(sink.url, over(FIGURES_ALONE, collector={"protocol": "http/protobuf", "tls": tls}))
            sink.wait_for("metrics", 1)

    @pytest.mark.parametrize("left_out, said", [("ca_file", "the server's certificate was refused"), ("cert_file", "closed the connection")])
    def test_what_is_left_out_is_missed(self, start, authority, of_collector, of_agent, left_out, said):
        tls = {"ca_file": str(authority.certificate), "cert_file": str(of_agent.certificate), "key_file": str(of_agent.key)}
        del tls[left_out]
        if left_out == "cert_file":
            del tls["key_file"]
        with GrpcSink(of_collector, client_authority=authority.certificate) as sink:
            process = start(f"https://{sink.endpoint}", over(FIGURES_ALONE, collector={"tls": tls}))
            failed = wait_until(lambda: (found := connectivity(process))["status"] == "unhealthy" and found, "it cannot send")
            assert said in failed["error"], failed
            assert sink.item_count("metrics") == 0


def test_a_signals_variables_count_more_than_the_general_ones(start):
    with HttpSink() as sink, GrpcSink() as for_logs:
        start(sink.url, {"buffer": {"flush_interval": "50ms"}}, {
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_HEADERS": "x-of=all,x-key=1",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "x-of=traces", "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "none",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": f"http://{for_logs.endpoint}", "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "grpc"})
        for signal in ("traces", "metrics"):
            sink.wait_for(signal, 1)
        for_logs.wait_for("logs", 1)
        of = {signal: sink.received(signal)[0].headers for signal in ("traces", "metrics")}
        assert (of["traces"]["x-of"], of["metrics"]["x-of"]) == ("traces", "all")
        assert "x-key" not in of["traces"] and of["metrics"]["x-key"] == "1"
        assert "content-encoding" not in of["traces"] and of["metrics"]["content-encoding"] == "gzip"
        assert sink.item_count("logs") == 0 and for_logs.received("logs")[0].headers["x-of"] == "all"
