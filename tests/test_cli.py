"""The program's face: what scripts, unit files and dashboards rely on.

Guarantee: the commands answer as documented; readiness, health and self-metrics are there from the start; signals do what they do for the
Collector.
"""

import json
import os
import signal
import socket
import threading

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
                      "file", "nop", "forward", "health_check", "bearertokenauth", "basicauth", "pprof", "file_storage"):
        assert component in done.stdout, component


@pytest.mark.parametrize("role", ["up", "edge", "gateway"])
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


def test_no_secret_of_a_url_is_shown(tmp_path):
    config = forwarding({"otlphttp": {"endpoint": "http://127.0.0.1:1/?token=s3cret", "proxy_url": "http://s3cret@127.0.0.1:2"}})
    (tmp_path / "config.yaml").write_text(json.dumps(config))
    done = run_vigia("print-config", f"--config={tmp_path / 'config.yaml'}")
    assert done.returncode == 0
    assert "s3cret" not in done.stdout and "http://127.0.0.1:1/?token=" in done.stdout
    done = run_vigia("validate", f"--config={tmp_path / 'config.yaml'}", "--set", "exporters.otlphttp.endpoint=ftp://h/?token=s3cret")
    assert done.returncode == 1
    assert "s3cret" not in done.stderr and "ftp://h/?token=" in done.stderr


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


def test_health_asks_the_agents_port_where_that_is_set(vigia):
    process = vigia.role("up", "--http-port", "0", "--otlp-grpc-port", "0", "--otlp-http-port", "0")
    done = run_vigia("health", environment={"HEALTH_CHECK_PORT": str(process.ports["http"])})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "healthy"


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


def test_a_later_source_takes_a_protocol_back(vigia):
    process = vigia(forwarding({"nop": None}), arguments=("--set", "receivers.otlp.protocols.grpc.enabled=false"))
    assert "otlp_http" in process.ports and "otlp_grpc" not in process.ports


def test_null_keeps_the_key_and_warns(tmp_path):
    (tmp_path / "config.yaml").write_text(json.dumps(forwarding({"nop": None})))
    done = run_vigia("print-config", f"--config={tmp_path / 'config.yaml'}", "--set", "receivers.otlp.protocols.grpc=null")
    assert "grpc: null" in done.stdout
    done = run_vigia(f"--config={tmp_path / 'config.yaml'}", "--set", "receivers.otlp.protocols.grpc=null",
                     "--set", "service.telemetry.metrics.level=none", "--set", "receivers.otlp.protocols.http.endpoint=127.0.0.1:4317")
    assert "127.0.0.1:4317 is taken by receivers::otlp::protocols::grpc" in done.stderr


def self_metrics_on(port):
    return {"readers": [{"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": port}}}}]}


def reload(process, config, answer="The new configuration is in force"):
    seen = process.log().count(answer)
    (process.folder / "config.yaml").write_text(json.dumps(config))
    process.signal(signal.SIGHUP)
    wait_until(lambda: process.log().count(answer) > seen, f"the log says {answer!r} once more")


def test_a_reload_changes_level_encoding_and_place_of_the_log(vigia, tmp_path):
    config = forwarding({"nop": None})
    config["service"]["telemetry"] = {"logs": {"output_paths": [str(tmp_path / "first.log")]}}
    process = vigia(config)
    second = tmp_path / "second.log"
    config["service"]["telemetry"]["logs"] = {"output_paths": [str(second)], "encoding": "json", "initial_fields": {"place": "here"}}
    (process.folder / "config.yaml").write_text(json.dumps(config))
    process.signal(signal.SIGHUP)
    wait_until(lambda: second.exists() and "The new configuration is in force" in second.read_text(), "the second log says so")
    assert all(json.loads(line)["context"]["place"] == "here" for line in second.read_text().splitlines())

    config["service"]["telemetry"]["logs"] |= {"level": "error"}
    config["exporters"]["nop/other"] = None  # so that there is something to see
    for pipeline in config["service"]["pipelines"].values():
        pipeline["exporters"] = ["nop/other"]
    (process.folder / "config.yaml").write_text(json.dumps(config))
    process.signal(signal.SIGHUP)
    wait_until(lambda: 'exporter="nop/other"' in process.get("metrics", "/metrics")[1], "the new exporter is there")
    process.stop()
    # Nothing that is told at level info comes after the change.
    assert second.read_text().count("The new configuration is in force") == 1
    assert "Shutdown complete." not in second.read_text()


def test_a_reload_that_cannot_open_its_log_says_so_in_the_old_one(vigia):
    config = forwarding({"nop": None})
    process = vigia(config)
    config["service"]["telemetry"] = {"logs": {"output_paths": ["/nowhere/vigia.log"]}}
    reload(process, config, "The rest of the new configuration is in force")
    assert "service::telemetry::logs" in process.log() and "/nowhere/vigia.log" in process.log()


def test_a_reload_moves_the_self_metrics(vigia):
    config = forwarding({"nop": None})
    config["service"]["telemetry"] = {"metrics": self_metrics_on(0), "resource": {"room": "1"}}
    process = vigia(config)
    first = process.ports["metrics"]
    config["service"]["telemetry"]["resource"] = {"room": "2"}
    reload(process, config)
    assert 'room="2"' in process.get("metrics", "/metrics")[1]  # not moved for nothing

    with socket.create_server(("127.0.0.1", 0)) as taken:
        config["service"]["telemetry"]["metrics"] = self_metrics_on(taken.getsockname()[1])
        reload(process, config, "The rest of the new configuration is in force")
        assert "service::telemetry::metrics::readers" in process.log()
        assert process.get("metrics", "/metrics")[0] == 200
    second = config["service"]["telemetry"]["metrics"]["readers"][0]["pull"]["exporter"]["prometheus"]["port"]
    reload(process, config)
    assert json.loads(process.ports_file.read_text())["metrics"] == second
    process.ports["metrics"] = second
    assert process.get("metrics", "/metrics")[0] == 200
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", first), timeout=5).close()

    # The same port on another address: the old listener has to make room.
    config["service"]["telemetry"]["metrics"]["readers"][0]["pull"]["exporter"]["prometheus"]["host"] = "0.0.0.0"
    reload(process, config)
    assert process.get("metrics", "/metrics")[0] == 200

    config["service"]["telemetry"]["metrics"] = {"level": "none"}
    reload(process, config)
    assert "metrics" not in json.loads(process.ports_file.read_text())
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", second), timeout=5).close()


@pytest.mark.parametrize("source", ["/dev/zero", "yaml:receivers::otlp: ${file:/dev/zero}"])
def test_a_file_without_end_is_refused(source):
    done = run_vigia("validate", f"--config={source}")
    assert done.returncode == 1
    assert "cannot read /dev/zero: it is larger than 16 MiB" in done.stderr


def test_a_pipe_is_a_file_like_any_other(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_text(json.dumps(forwarding({"nop": None}))), daemon=True)
    writer.start()
    assert run_vigia("validate", f"--config={fifo}").returncode == 0


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
