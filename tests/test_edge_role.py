"""`vigia edge`: the gateway of a place whose network comes and goes.

Guarantee: what was answered with OK is delivered, through an outage of the backend and a kill of the program, for all three signals. When
a quota is full, traces and metrics give way, the oldest first, logs are refused, and no signal takes another's room.
"""

import pytest
import requests
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from durable import metric, numbered_spans, numbers_in
from otlp_sinks import HttpSink, leaves
from returning_backend import ReturningBackend
from waiting import wait_until

SIGNALS = ("traces", "metrics", "logs")
# What is only a matter of patience is made quick.
QUICK = [word for signal in SIGNALS for key in ("initial_interval=50ms", "max_interval=200ms")
         for word in ("--set", f"exporters.otlphttp/{signal}.retry_on_failure.{key}")] + ["--set", "processors.batch.timeout=100ms"]
FREE_PORTS = ("--otlp-grpc-port", "0", "--otlp-http-port", "0")


@pytest.fixture
def http_backend():
    """Away until it is told to come."""
    with ReturningBackend(front=HttpSink) as backend:
        yield backend


def numbered(signal, number, padding=0):
    """A request with one item that carries a number."""
    if signal == "traces":
        return numbered_spans(number, 1, padding=padding)
    text = str(number).ljust(padding)
    if signal == "metrics":
        request = ExportMetricsServiceRequest()
        metric_of_request = request.resource_metrics.add().scope_metrics.add().metrics.add(name="numbered", description=text)
        metric_of_request.gauge.data_points.add(as_int=number)
    else:
        request = ExportLogsServiceRequest()
        request.resource_logs.add().scope_logs.add().log_records.add().body.string_value = text
    return request


def arrived(backend, signal):
    """The numbers of all that arrived, sorted, with duplicates."""
    number_of = {"metrics": lambda leaf: int(leaf.description), "logs": lambda leaf: int(leaf.body.string_value)}
    found = []
    for message in backend.messages(signal):
        found += numbers_in(message) if signal == "traces" else [number_of[signal](leaf) for _, _, leaf in leaves(message)]
    return sorted(found)


def send(process, signal, numbers, padding=0):
    """The numbers that were answered with OK; whatever was not, was refused for now."""
    taken = []
    with requests.Session() as session:
        for number in numbers:
            answer = session.post(f"http://{process.address('otlp_http')}/v1/{signal}", numbered(signal, number, padding).SerializeToString(),
                                  headers={"Content-Type": "application/x-protobuf"}, timeout=20)
            assert answer.status_code in (200, 429, 503), answer.text
            if answer.status_code == 200:
                taken.append(number)
            else:
                assert int(answer.headers["Retry-After"]) >= 1
    return taken


def wait_until_drained(process):
    for signal in SIGNALS:
        wait_until(lambda: metric(process, "vigia_exporter_queue_bytes", data_type=signal) == 0, f"no {signal} wait", 30)


def dropped(process, signal):
    return metric(process, "vigia_exporter_queue_dropped_items", data_type=signal)


@pytest.mark.parametrize("settings", ["flags", "environment"])
def test_all_signals_survive_an_outage_and_a_kill(vigia, http_backend, tmp_path, settings):
    endpoint = f"http://{http_backend.endpoint}"
    flags, environment = ["--endpoint", endpoint, "--data-dir", tmp_path / "data"], {}
    if settings == "environment":
        flags, environment = [], {"TELEMETRYFLOW_ENDPOINT": endpoint, "VIGIA_DATA_DIR": str(tmp_path / "data")}

    def start():
        return vigia.role("edge", *FREE_PORTS, *flags, *QUICK, environment=environment)

    http_backend.come()
    process = start()
    for signal in SIGNALS:
        assert send(process, signal, range(0, 20)) == list(range(0, 20))
        http_backend.wait_for(signal, 20)
    wait_until_drained(process)
    http_backend.leave()
    for signal in SIGNALS:
        assert send(process, signal, range(20, 120)) == list(range(20, 120))
    process.kill()
    process = start()
    assert (tmp_path / "data" / "queue").is_dir()
    for signal in SIGNALS:
        assert send(process, signal, range(120, 140)) == list(range(120, 140)), "it takes data while the backend is away"
    http_backend.come()
    for signal in SIGNALS:
        wait_until(lambda: set(arrived(http_backend, signal)) == set(range(140)), f"all {signal} have arrived", 30)
    wait_until_drained(process)


def test_logs_are_refused_while_traces_and_metrics_give_way(vigia, http_backend, tmp_path):
    quotas = {"VIGIA_LOGS_QUEUE_BYTES": "16777216", "VIGIA_TRACES_QUEUE_BYTES": "41943040", "VIGIA_METRICS_QUEUE_BYTES": "41943040"}
    process = vigia.role("edge", *FREE_PORTS, "--endpoint", f"http://{http_backend.endpoint}", "--data-dir", tmp_path, *QUICK, environment=quotas)
    numbers = range(60)  # about 60 MiB of each
    taken = {signal: send(process, signal, numbers, padding=1 << 20) for signal in ("logs", "traces", "metrics")}
    assert taken["logs"] == list(range(15)), "as much as fits, and then no more"
    assert taken["traces"] == taken["metrics"] == list(numbers), "always taken, also while there is no room for logs"
    assert metric(process, "vigia_exporter_queue_bytes") <= sum(int(quota) for quota in quotas.values())
    assert dropped(process, "logs") == 0

    http_backend.come()
    wait_until_drained(process)
    assert arrived(http_backend, "logs") == taken["logs"], "nothing that was taken is given up"
    for signal in ("traces", "metrics"):
        numbers_left = arrived(http_backend, signal)
        assert 30 <= len(numbers_left) < 40, signal
        assert numbers_left[-1] == numbers[-1], "the newest are kept"
        assert len(numbers_left) + dropped(process, signal) == len(numbers), "what went is counted"

