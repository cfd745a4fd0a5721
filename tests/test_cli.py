"""The program's face: what scripts, unit files and dashboards rely on.

Guarantee: the commands answer as documented; readiness, health and self-metrics are there from the start; signals do what they do for the
Collector.
"""

import json
import signal

import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from configurations import forwarding
from telemetry import full_request, many_spans
from vigia_process import run_vigia
from waiting import wait_until

FREE_LISTENERS = [word for key in ("receivers.otlp.protocols.grpc.endpoint", "receivers.otlp.protocols.http.endpoint",
                                   "extensions.health_check.endpoint", "service.telemetry.metrics.address")
                  for word in ("--set", f"{key}=127.0.0.1:0")]
SIGNAL_ITEMS = ("spans", "metric_points", "log_records")


def post(process, signal_name, request):
    return requests.post(f"http://{process.address('otlp_http')}/v1/{signal_name}", data=request.SerializeToString(),
                         headers={"Content-Type": "application/x-protobuf"}, timeout=10)


def test_version():
    done = run_vigia("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("vigia ")


def test_an_unknown_command_points_to_the_help():
    done = run_vigia("fly")
    assert done.returncode == 1
    assert '"fly"' in done.stderr and "vigia help" in done.stderr
    assert "validate" in run_vigia("help").stdout


def test_components_lists_what_this_build_has():
    done = run_vigia("components")
    assert done.returncode == 0
    for component in ("otlp", "batch", "memory_limiter", "resource", "attributes", "filter", "probabilistic_sampler", "otlphttp", "debug",
                      "file", "nop", "forward", "health_check", "bearertokenauth", "basicauth", "pprof"):
        assert component in done.stdout, component


@pytest.mark.parametrize("role", ["up", "gateway"])
def test_print_config_of_a_role_is_a_valid_configuration(tmp_path, role):
    done = run_vigia("print-config", role)
    assert done.returncode == 0
    (tmp_path / "role.yaml").write_text(done.stdout)
    assert run_vigia("validate", f"--config={tmp_path / 'role.yaml'}").returncode == 0


def test_print_config_hides_secrets(tmp_path):
    config = forwarding({"otlphttp": {"endpoint": "http://127.0.0.1:1", "headers": {"authorization": "Bearer s3cret"}}})
    (tmp_path / "config.yaml").write_text(json.dumps(config))
    done = run_vigia("print-config", f"--config={tmp_path / 'config.yaml'}")
    assert done.returncode == 0
    assert "s3cret" not in done.stdout and "authorization" in done.stdout


def test_up_listens_on_loopback_and_takes_data(vigia):
    process = vigia.role("up", "--http-port", "0", "--otlp-grpc-port", "0", "--otlp-http-port", "0", "--data-dir", vigia.folder / "data")
    assert {"http", "otlp_grpc", "otlp_http", "metrics"} <= set(process.ports)
    assert all(0 < port < 65536 for port in process.ports.values())
    assert post(process, "traces", full_request("traces")).status_code == 200
    assert process.get("http", "/health")[0] == 200
    wait_until(lambda: process.metrics()["otelcol_receiver_accepted_spans"] == 2, "two spans are counted")


def test_gateway_refuses_data_without_a_customer(vigia):
    process = vigia.role("gateway", *FREE_LISTENERS)
    answer = post(process, "traces", full_request("traces"))
    assert answer.status_code == 200
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert partial.rejected_spans == 2
    assert "customer.id" in partial.error_message


def test_health_check_answers_as_the_collectors_does(vigia):
    process = vigia(forwarding({"nop": None}, extensions={"health_check": {"endpoint": "127.0.0.1:0"}}))
    for path in ("/", "/health"):
        status, body = process.get("health_check", path)
        assert status == 200
        assert json.loads(body)["status"] == "Server available"
        assert {"upSince", "uptime"} <= set(json.loads(body))


def test_self_metrics_are_all_there_from_the_start_with_zero(vigia):
    process = vigia(forwarding({"otlphttp": {"endpoint": "http://127.0.0.1:1"}}, processors=["memory_limiter", "batch"]) | {
        "processors": {"memory_limiter": {"check_interval": "1s", "limit_mib": 4000}, "batch": None}})
    metrics = process.metrics()
    for item in SIGNAL_ITEMS:
        for name in ("receiver_accepted", "receiver_refused", "exporter_sent", "exporter_send_failed", "exporter_enqueue_failed",
                     "processor_accepted", "processor_refused", "processor_dropped"):
            assert metrics[f"otelcol_{name}_{item}"] == 0, (name, item)
    assert metrics["otelcol_exporter_queue_size"] == 0
    assert metrics["otelcol_exporter_queue_capacity"] > 0
    for name in ("process_uptime", "process_cpu_seconds", "process_memory_rss", "process_runtime_heap_alloc_bytes",
                 "process_runtime_total_alloc_bytes", "process_runtime_total_sys_memory_bytes", "processor_batch_batch_send_size_count",
                 "processor_batch_timeout_trigger_send", "processor_batch_batch_size_trigger_send"):
        assert f"otelcol_{name}" in metrics, name


def test_counts_follow_the_data(vigia, http_sink):
    process = vigia(forwarding({"otlphttp": {"endpoint": http_sink.url}}))
    assert post(process, "traces", many_spans(7)).status_code == 200
    assert post(process, "metrics", full_request("metrics")).status_code == 200
    http_sink.wait_for("traces", 7)
    http_sink.wait_for("metrics", 5)
    wait_until(lambda: process.metrics()["otelcol_exporter_sent_metric_points"] == 5, "the exporter has counted")
    metrics = process.metrics()
    assert metrics["otelcol_receiver_accepted_spans"] == metrics["otelcol_exporter_sent_spans"] == 7
    assert metrics["otelcol_receiver_accepted_metric_points"] == 5


def test_sighup_takes_the_new_file_and_keeps_the_old_when_it_is_bad(vigia, http_sink):
    config = forwarding({"otlphttp": {"endpoint": http_sink.url}})
    process = vigia(config)
    file = process.folder / "config.yaml"
    grpc_port = process.ports["otlp_grpc"]

    file.write_text(file.read_text() + "\nbroken: [")
    process.signal(signal.SIGHUP)
    process.wait_for_log("config.yaml:")
    assert post(process, "traces", many_spans(1)).status_code == 200

    config["exporters"]["otlphttp"]["headers"] = {"x-generation": "2"}
    file.write_text(json.dumps(config))
    process.signal(signal.SIGHUP)

    def new_headers_arrive():
        assert post(process, "traces", many_spans(1)).status_code == 200
        return any(one.headers.get("x-generation") == "2" for one in http_sink.received("traces"))

    wait_until(new_headers_arrive, "requests carry the new header")
    assert process.ports["otlp_grpc"] == grpc_port  # the receiver did not change and was not restarted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_gracefully(vigia, number):
    process = vigia(forwarding({"nop": None}))
    process.signal(number)
    assert process.process.wait(20) == 0


def test_debug_exporter_prints_what_the_collectors_does(vigia):
    process = vigia(forwarding({"debug": {"verbosity": "detailed"}}))
    assert post(process, "traces", full_request("traces")).status_code == 200
    process.wait_for_log("Span #1")
    for line in ("ResourceSpans #0", "ScopeSpans #0", "Span #0", "full", "000102030405060708090a0b0c0d0e0f"):
        assert line in process.log(), line
