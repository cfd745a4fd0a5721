"""`vigia agent`: what a node tells of itself, how it is told what to do, and what its health page says.

Guarantee: three settings are enough; figures, logs and traces arrive with whose and which node they are; while the collector is away the
page says "degraded" and nothing that was taken is lost; whatever is wrong with the settings is said in one line, and the program ends.
"""

import json
import re
import signal
import socket

import pytest
import requests

from durable import arrived_numbers, numbered_spans
from otlp_sinks import GrpcSink, HttpSink, leaves
from returning_backend import ReturningBackend
from services.prometheus_process import Prometheus, scrape_job
from vigia_process import run_vigia
from waiting import wait_until

FREE_PORTS = ("--otlp-grpc-port", "0", "--otlp-http-port", "0", "--health-port", "0")
# What is only a matter of patience is made quick.
QUICK = ("--set", "processors.batch.timeout=100ms", "--set", "exporters.otlp.retry_on_failure.initial_interval=50ms",
         "--set", "exporters.otlp.retry_on_failure.max_interval=200ms")
FIGURES = {"system_cpu_usage", "system_memory_usage_bytes", "system_memory_usage_percent", "system_disk_usage_bytes", "system_network_io_bytes",
           "agent_buffer_size", "agent_buffer_usage_percent", "agent_collector_reachable", "agent_collector_latency_ms",
           "agent_spans_sent_total", "agent_spans_dropped_total", "agent_memory_usage_mb"}


@pytest.fixture
def start(vigia, tmp_path):
    """An agent of customer acme on node web-1."""

    def start_agent(endpoint, *flags, environment=None, quick=QUICK, ports=FREE_PORTS):
        told = {"CUSTOMER_ID": "acme", "NODE_ID": "web-1", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "METRICS_INTERVAL": "1s",
                "VIGIA_DATA_DIR": str(tmp_path / "data"), "REGISTRATION_ENABLED": "false", **(environment or {})}
        return vigia.role("agent", *ports, *flags, *quick, environment={name: text for name, text in told.items() if text is not None})

    return start_agent


def attributes(carrier):
    return {one.key: one.value.string_value for one in carrier.attributes}


def health(process, path="/health"):
    status, text = process.get("http", path)
    return status, json.loads(text)


def figure(process, name):
    """{labels as text: value} of one name on /metrics."""
    text = process.get("http", "/metrics")[1]
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name + "{")}


def send_spans(process, first, count):
    answer = requests.post(f"http://{process.address('otlp_http')}/v1/traces", numbered_spans(first, count).SerializeToString(),
                           headers={"Content-Type": "application/x-protobuf"}, timeout=20)
    return answer.status_code


def pushed_metrics(sink):
    return {metric.name: (group, metric) for message in sink.messages("metrics") for group, _, metric in leaves(message)}


def test_three_settings_are_enough(start):
    with GrpcSink() as sink:
        process = start(f"http://{sink.endpoint}")
        wait_until(lambda: FIGURES | {"system.cpu.time", "system.filesystem.usage"} <= pushed_metrics(sink).keys(), "all figures arrive")
        pushed = pushed_metrics(sink)
        for name in FIGURES:
            group, metric = pushed[name]
            assert metric.unit == ""
            points = (metric.sum if metric.HasField("sum") else metric.gauge).data_points
            for point in points:
                labels = attributes(point)
                assert (labels["customer_id"], labels["node_id"]) == ("acme", "web-1")
            resource = attributes(group.resource)
            assert (resource["customer.id"], resource["node.id"], resource["environment"]) == ("acme", "web-1", "production")
        assert {attributes(point)["direction"] for point in pushed["system_network_io_bytes"][1].gauge.data_points} == {"rx", "tx"}
        assert "system.memory.usage" not in pushed, "its Prometheus name is taken by the agent's own"
        # Its own log and its own sends are telemetry, too.
        sink.wait_for("logs", 1)
        sink.wait_for("traces", 1)
        span = next(leaves(sink.messages("traces")[0]))[2]
        assert span.name.startswith("export ")
        for name in FIGURES:
            assert figure(process, name), name
            assert all('customer_id="acme"' in labels and 'node_id="web-1"' in labels for labels in figure(process, name))


def test_pushed_figures_keep_their_names_in_prometheus(start, vigia):
    """Through a collector with Prometheus' names: the series that the documents' rules and dashboards ask for, and no others of these names."""
    collector = vigia({"receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}}}}, "exporters": {"prometheus": {"endpoint": "127.0.0.1:0"}},
                       "service": {"pipelines": {"metrics": {"receivers": ["otlp"], "exporters": ["prometheus"]}}}})
    start(f"http://{collector.address('otlp_grpc')}", environment={"TRACES_ENABLED": "false", "LOGS_ENABLED": "false"})

    def series():
        page = requests.get(f"http://{collector.address('prometheus')}/metrics", timeout=10).text
        found = [re.match(r"(\w+)\{(.*)\} \S+$", line) for line in page.splitlines() if line and not line.startswith("#")]
        return [(one.group(1), dict(re.findall(r'(\w+)="([^"]*)"', one.group(2)))) for one in found]

    wait_until(lambda: FIGURES | {"system_cpu_time_seconds_total"} <= {name for name, _ in series()}, "all figures arrive, and host metrics")
    labels_of = {name: [labels for other, labels in series() if other == name] for name in FIGURES}
    assert all((labels["customer_id"], labels["node_id"]) == ("acme", "web-1") for found in labels_of.values() for labels in found)
    assert {labels["direction"] for labels in labels_of["system_network_io_bytes"]} == {"rx", "tx"}
    assert all(labels["mount_point"].startswith("/") for labels in labels_of["system_disk_usage_bytes"])
    for name in FIGURES - {"system_network_io_bytes", "system_disk_usage_bytes"}:
        assert len(labels_of[name]) == 1, name


def test_the_pages(start):
    with GrpcSink() as sink:
        process = start(f"http://{sink.endpoint}")
        sink.wait_for("metrics", 1)
        wait_until(lambda: health(process)[1]["checks"]["collector_connectivity"]["last_successful_send"], "a send has succeeded")
        status, page = health(process)
        assert status == 200 and page["status"] == "healthy" and page["collector_reachable"] is True
        assert list(page["checks"]) == ["application", "collector_connectivity", "buffer", "system_resources"]
        assert page["checks"]["collector_connectivity"]["endpoint"] == sink.endpoint
        assert page["checks"]["buffer"]["max_size"] == 2048
        for path, state in (("/health/live", "alive"), ("/health/liveness", "alive"), ("/health/ready", "ready"), ("/health/readiness", "ready")):
            assert health(process, path) == (200, {"status": state})
        url = f"http://{process.address('http')}/health"
        assert requests.head(url, timeout=10).status_code == 200
        exposition = requests.get(url, headers={"Accept": "text/plain;version=0.0.4"}, timeout=10)
        assert "agent_collector_reachable{" in exposition.text
        done = run_vigia("health", environment={"HEALTH_CHECK_PORT": str(process.ports["http"])})
        assert done.returncode == 0 and json.loads(done.stdout)["status"] == "healthy"


def test_the_collector_goes_away_and_comes_back(start):
    with ReturningBackend() as backend:
        backend.come()
        process = start(f"http://{backend.endpoint}")
        backend.wait_for("metrics", 1)
        backend.leave()
        wait_until(lambda: health(process)[1]["status"] == "degraded", "the agent notices")
        taken = [number for number in range(200) if send_spans(process, 1_000 * (number + 1), 10) == 200]
        assert taken == list(range(200)), "the disk takes them"
        wait_until(lambda: list(figure(process, "agent_collector_reachable").values()) == [0], "the alert's expression is true")
        page = health(process)[1]
        connectivity = page["checks"]["collector_connectivity"]
        assert connectivity["status"] == "unhealthy" and connectivity["retry_attempts"] >= 1
        assert connectivity["error"].count(backend.endpoint) == 1, "it is said once who cannot be reached"
        assert page["collector_reachable"] is False and page["checks"]["buffer"]["current_size"] > 0
        assert health(process, "/health/ready")[0] == 200, "away is not unready"
        backend.come()
        wait_until(lambda: health(process)[1]["status"] == "healthy", "the agent is well again")
        wait_until(lambda: health(process)[1]["checks"]["buffer"]["current_size"] == 0, "the buffer drains")
        wanted = {1_000 * (number + 1) + offset for number in taken for offset in range(10)}
        wait_until(lambda: wanted <= set(arrived_numbers(backend)), "every span arrives")


def test_a_collector_that_refuses_everything_is_told(start):
    """It answers, so it is reached; but nothing arrives, and that is not healthy."""
    with HttpSink() as sink:
        sink.answers = [(400, {})] * 100_000
        process = start(sink.url, quick=("--set", "processors.batch.timeout=100ms"), environment={"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"})
        page = wait_until(lambda: (found := health(process)[1])["status"] == "degraded" and found, "the page says so", 40)
        connectivity = page["checks"]["collector_connectivity"]
        assert list(connectivity) == ["status", "endpoint", "last_successful_send", "error", "retry_attempts"], "as when it is away"
        assert (connectivity["status"], connectivity["last_successful_send"], connectivity["retry_attempts"]) == ("unhealthy", None, 0)
        assert re.search(r"the last \d+ sends were all refused for good: HTTP 400", connectivity["error"])
        assert page["collector_reachable"] is True and health(process, "/health/ready")[0] == 200
        sink.answers = []
        wait_until(lambda: health(process)[1]["status"] == "healthy", "the first send that is taken makes it well again")


def test_a_full_buffer_is_unhealthy_and_not_ready(start):
    process = start("http://127.0.0.1:1", environment={"BUFFER_MAX_SIZE": "4", "METRICS_ENABLED": "false", "LOGS_ENABLED": "false"})
    answers = [send_spans(process, 1_000 * (number + 1), 500) for number in range(10)]
    assert answers[:3] == [200] * 3 and answers.count(200) <= 4 and 503 in answers, "four batches of 512; the agent's own are among them"
    wait_until(lambda: send_spans(process, 1, 1) == 503, "there is no room for a single span")
    assert health(process)[1]["checks"]["buffer"]["status"] == "unhealthy"
    wait_until(lambda: health(process, "/health/ready")[0] == 503, "it takes nothing any more")
    assert health(process)[0] == 200, "restarting would not help"
    wait_until(lambda: max(figure(process, "agent_buffer_usage_percent").values()) >= 90, "the figure says so")


def test_real_prometheus_scrapes_health_and_metrics(start, tmp_path):
    with GrpcSink() as sink:
        process = start(f"http://{sink.endpoint}")
        address = process.address("http")
        jobs = [scrape_job("customer-agents", address, metrics_path="/health"), scrape_job("pages", address)]
        with Prometheus(tmp_path / "prometheus", jobs) as prometheus:
            for job in ("customer-agents", "pages"):
                prometheus.wait_for(f'up{{job="{job}"}} == 1')
                prometheus.wait_for(f'agent_collector_reachable{{job="{job}",customer_id="acme",node_id="web-1"}} == 1')
                prometheus.wait_for(f'system_cpu_usage{{job="{job}"}} >= 0')


@pytest.mark.parametrize("words, environment, said", [
    ((), {"CUSTOMER_ID": None}, "CUSTOMER_ID"),
    ((), {"OTEL_EXPORTER_OTLP_ENDPOINT": None}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
    ((), {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector"}, "the variable OTEL_EXPORTER_OTLP_ENDPOINT"),
    (("--health-port", "x"), {}, "--health-port"),
    ((), {"TRACES_ENABLED": "false", "METRICS_ENABLED": "false", "LOGS_ENABLED": "false"}, "there is nothing to send"),
    (("--customer-di", "x"), {}, "did you mean --customer-id?"),
    (("--agent-config", "/nowhere.yaml"), {}, "/nowhere.yaml"),
    ((), {"METRICS_INTERVAL": "soon"}, "the variable METRICS_INTERVAL"),
])
def test_what_is_wrong_is_said_in_one_line(tmp_path, words, environment, said):
    told = {"CUSTOMER_ID": "acme", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "VIGIA_DATA_DIR": str(tmp_path), **environment}
    done = run_vigia("agent", *words, environment={name: text for name, text in told.items() if text is not None})
    assert done.returncode == 1
    assert said in done.stderr.splitlines()[0], done.stderr


def test_an_agent_does_not_send_to_itself(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    done = run_vigia("agent", "--customer-id", "acme", "--collector-endpoint", f"http://localhost:{port}", "--otlp-grpc-port", port,
                     "--data-dir", tmp_path, "--health-port", "0")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"http://localhost:{port} is where this agent itself listens" in line and "--otlp-grpc-port" in line


def test_ports_of_the_node_that_are_taken_are_done_without(start):
    with GrpcSink() as sink, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start(f"http://{sink.endpoint}", environment={"VIGIA_OTLP_GRPC_PORT": None}, quick=(*QUICK, "--set",
                        f"receivers.otlp.protocols.grpc.endpoint=127.0.0.1:{taken.getsockname()[1]}"))
        sink.wait_for("metrics", 1)
        process.wait_for_log("Going on without this listener")
        assert "otlp_grpc" not in process.ports and send_spans(process, 1_000, 1) == 200


def test_a_collector_on_the_same_node_keeps_its_port(start):
    with GrpcSink() as sink:
        port = sink.endpoint.rsplit(":", 1)[1]
        process = start(f"http://localhost:{port}", ports=("--otlp-grpc-port", port, "--otlp-http-port", "0", "--health-port", "0"))
        sink.wait_for("metrics", 1)
        assert f"The collector listens on port {port} of this node" in process.log()
        assert "otlp_grpc" not in process.ports and send_spans(process, 1_000, 1) == 200


class TestKeysHaveTheirEffect:
    """What only the running program shows; the rest is in agent_settings_test.cpp."""

    def test_signals_that_are_turned_off(self, start):
        with GrpcSink() as sink:
            process = start(f"http://{sink.endpoint}", environment={"TRACES_ENABLED": "false"})
            assert send_spans(process, 1_000, 1) == 404
            sink.wait_for("metrics", 1)
            assert sink.item_count("traces") == 0

    def test_sample_rate(self, start):
        with GrpcSink() as sink:
            process = start(f"http://{sink.endpoint}", environment={"TRACES_SAMPLE_RATE": "0.25"})
            from random import Random
            random = Random(1)
            for _ in range(20):
                request = numbered_spans(0, 100)
                for span in request.resource_spans[0].scope_spans[0].spans:
                    span.trace_id = random.randbytes(16)
                assert requests.post(f"http://{process.address('otlp_http')}/v1/traces", request.SerializeToString(),
                                     headers={"Content-Type": "application/x-protobuf"}, timeout=20).status_code == 200
            numbered = lambda: sum(1 for message in sink.messages("traces") for _, _, span in leaves(message) if span.name == "numbered")
            wait_until(lambda: numbered() > 350, "about a quarter arrives")
            assert numbered() < 650

    def test_path_and_token_of_the_page(self, start, tmp_path):
        file = tmp_path / "agent-config.yaml"
        file.write_text("health_check: {path: /salud, token: secret}\n")
        process = start("http://127.0.0.1:1", "--agent-config", file)
        url = f"http://{process.address('http')}/salud"
        assert requests.get(url, timeout=10).status_code == 401
        assert requests.get(url, headers={"Authorization": "Bearer wrong"}, timeout=10).status_code == 401
        answer = requests.get(url, headers={"Authorization": "Bearer secret"}, timeout=10)
        assert answer.status_code == 200 and answer.json()["checks"]["application"]["status"] == "healthy"

    def test_the_health_command_knows_the_token_of_the_page(self, start):
        told = {"HEALTH_CHECK_TOKEN": "secret"}
        process = start("http://127.0.0.1:1", environment=told)
        asked = {"HEALTH_CHECK_PORT": str(process.ports["http"])}
        assert run_vigia("health", environment=asked).returncode == 1
        assert run_vigia("health", environment={**asked, **told}).returncode == 0
        assert run_vigia("health", "--endpoint", process.address("http"), "--token", "secret").returncode == 0

    def test_a_page_with_tls(self, start, tmp_path, certificates):
        file = tmp_path / "agent-config.yaml"
        file.write_text(f"health_check: {{tls: {{cert_file: {certificates.certificate}, key_file: {certificates.key}}}}}\n")
        process = start("http://127.0.0.1:1", "--agent-config", file)
        url = f"https://localhost:{process.ports['http']}/health"
        assert requests.get(url, verify=str(certificates.certificate), timeout=10).json()["checks"]["application"]["status"] == "healthy"

    def test_its_own_series_stay_the_same_after_a_restart(self, start):
        seen = []
        for _ in range(2):
            process = start("http://127.0.0.1:1")
            wait_until(lambda process=process: figure(process, "agent_collector_reachable"), "the figure is there")
            seen.append(list(figure(process, "agent_collector_reachable")))
            process.stop()
        assert seen[0] == seen[1] and 'service_name="vigia-agent"' in seen[0][0] and 'service_instance_id="web-1"' in seen[0][0]

    def test_http_with_headers_and_compression(self, start):
        with HttpSink() as sink:
            start(sink.url, quick=("--set", "processors.batch.timeout=100ms"),
                  environment={"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=k%201",
                               "TELEMETRYFLOW_WORKSPACE_ID": "0b8f6b1e-3a52-4d52-9c7b-0f3f2f8f9a10"})
            sink.wait_for("metrics", 1)
            headers = sink.received("metrics")[0].headers
            assert headers["x-api-key"] == "k 1" and headers["content-encoding"] == "gzip"
            assert headers["x-workspace-id"] == "0b8f6b1e-3a52-4d52-9c7b-0f3f2f8f9a10" and headers["x-tenant-id"] == "acme"


def test_a_reload_reads_the_file_again(start, tmp_path):
    file = tmp_path / "agent-config.yaml"
    file.write_text("node: {region: here}\n")
    with GrpcSink() as sink:
        process = start(f"http://{sink.endpoint}", "--agent-config", file)
        regions = lambda: {attributes(group.resource)["node.region"] for message in sink.messages("metrics") for group, _, _ in leaves(message)}
        wait_until(lambda: regions() == {"here"}, "the first region arrives")

        def reload(text):
            file.write_text(text)
            process.signal(signal.SIGHUP)

        reload("node: {regoin: there}\n")
        process.wait_for_log("unknown key")
        reload("health_check: {path: /salud}\n")
        process.wait_for_log("cannot change without a restart")
        assert health(process)[0] == 200 and regions() == {"here"}
        reload("node: {region: there}\n")
        wait_until(lambda: "there" in regions(), "the new region arrives")


def test_log_files_and_pages_of_the_node(start, tmp_path):
    log = tmp_path / "app.log"
    log.write_text("before\n")
    with GrpcSink() as sink, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        process = start(f"http://{sink.endpoint}", "--logs", log, "--scrape", f"127.0.0.1:{nobody.getsockname()[1]}")
        process.wait_for_log("Everything is ready")
        sink.wait_for("metrics", 1)
        with log.open("a") as file:
            for number in range(100):
                file.write(f"line {number}\n")
        lines = lambda: [record.body.string_value for message in sink.messages("logs") for _, _, record in leaves(message)]
        wait_until(lambda: {f"line {number}" for number in range(100)} <= set(lines()), "every line arrives")
        assert "before" not in lines()
        wait_until(lambda: "up" in pushed_metrics(sink), "the page that is not there is told of")
        assert pushed_metrics(sink)["up"][1].gauge.data_points[0].as_double == 0


def test_print_config_shows_what_it_came_to():
    done = run_vigia("print-config", "agent", environment={"CUSTOMER_ID": "acme", "METRICS_INTERVAL": "30s",
                                                           "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=hush",
                                                           "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example.com:4317"})
    assert done.returncode == 0, done.stderr
    assert "collector.example.com:4317" in done.stdout and "customer_id: acme" in done.stdout and "30000ms" in done.stdout
    assert "hush" not in done.stdout
    assert done.stdout.startswith("# Besides, /health and /metrics are served on 0.0.0.0:8080.\n")
    assert run_vigia("print-config", "agent").returncode == 0, "also before anything is set"
