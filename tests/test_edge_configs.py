"""Every collector configuration of the edge guide, as its users have it on disk (tests/configs/edge).

Guarantee: what uses only components of this build starts unmodified and does its work; what names others is refused at once, by name
and position, all of them together. Fragments of the guide are merged behind its minimal configuration, as `--config` twice does.
The listeners are moved to free ports by --set, which leaves the files alone; one test runs without that.
"""

import socket
from pathlib import Path

import pytest
import requests
import yaml

from otlp_sinks import items, leaves
from telemetry import full_request, many_spans
from vigia_process import run_vigia
from waiting import wait_until

EDGE = Path(__file__).resolve().parent / "configs" / "edge"
WORKSPACE = "550e8400-e29b-41d4-a716-446655440000"
TENANT = "660e8400-e29b-41d4-a716-446655440001"
FREE = ("--set", "receivers.otlp.protocols.grpc.endpoint=127.0.0.1:0", "--set", "receivers.otlp.protocols.http.endpoint=127.0.0.1:0",
        "--set", "extensions.health_check.endpoint=127.0.0.1:0")
FRAGMENTS = ("debug-level", "retry", "best-retry", "smaller-batches", "lower-limit", "faster-batches", "headers", "longer-queue",
             "more-consumers", "compression", "batching", "low-resource", "high-throughput")


def guide_environment(endpoint):
    return {"TELEMETRYFLOW_ENDPOINT": endpoint, "TELEMETRYFLOW_WORKSPACE_ID": WORKSPACE, "TELEMETRYFLOW_TENANT_ID": TENANT,
            "HOSTNAME": "prod-node-01", "HOST_IP": "10.0.1.15", "K8S_NODE_NAME": "prod-node-01"}


def embedded_config(folder):
    """The collector's file out of the ConfigMap of the Kubernetes manifests."""
    manifests = yaml.safe_load_all((EDGE / "kubernetes-daemonset.yaml").read_text())
    config_map = next(manifest for manifest in manifests if manifest["kind"] == "ConfigMap")
    path = folder / "config.yaml"
    path.write_text(config_map["data"]["config.yaml"])
    return path


def without_disk(path, folder):
    """The same configuration with its queue in memory."""
    config = yaml.safe_load(path.read_text())
    del config["extensions"]["file_storage"]
    config["service"]["extensions"].remove("file_storage")
    for exporter in config["exporters"].values():
        exporter.get("sending_queue", {}).pop("storage", None)
    reduced = folder / "reduced.yaml"
    reduced.write_text(yaml.safe_dump(config, sort_keys=False))
    return reduced


def without_kubernetes_discovery(path, folder):
    """The same configuration without the one job whose targets only Kubernetes knows."""
    config = yaml.safe_load(path.read_text())
    jobs = config["receivers"]["prometheus"]["config"]["scrape_configs"]
    jobs[:] = [job for job in jobs if "kubernetes_sd_configs" not in job]
    reduced = folder / "reduced.yaml"
    reduced.write_text(yaml.safe_dump(config, sort_keys=False))
    return reduced


def post(vigia, signal, request):
    answer = requests.post(f"http://{vigia.address('otlp_http')}/v1/{signal}", data=request.SerializeToString(),
                           headers={"Content-Type": "application/x-protobuf"}, timeout=10)
    assert answer.status_code == 200, answer.text


def attributes_of(leaf):
    return {attribute.key: attribute.value.string_value for attribute in leaf.attributes}


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True


def validate(*files, environment):
    return run_vigia("validate", *[f"--config={path}" for path in files], environment=environment)


def refused(*files, environment):
    done = validate(*files, environment=environment)
    assert done.returncode == 1
    return done.stderr


# --- What starts ---


def test_minimal_does_its_work(vigia, http_sink):
    process = vigia(files=[EDGE / "minimal.yaml"], arguments=FREE, environment=guide_environment(http_sink.url))
    assert process.get("health_check")[0] == 200
    post(process, "traces", many_spans(512))  # a full batch leaves at once
    messages = http_sink.wait_for("traces", 512, deadline_s=8)
    received = http_sink.received("traces")[0]
    assert received.headers["x-workspace-id"] == WORKSPACE
    assert received.headers["x-tenant-id"] == TENANT
    assert received.headers["content-encoding"] == "gzip"
    for _, _, span in leaves(messages[0]):
        assert attributes_of(span) == {"telemetryflow.workspace.id": WORKSPACE, "telemetryflow.tenant.id": TENANT}


def test_minimal_runs_unmodified_on_its_own_ports(vigia, http_sink):
    if not all(is_free(port) for port in (4317, 4318, 13133)):
        pytest.skip("4317, 4318 or 13133 is in use on this machine")
    process = vigia(files=[EDGE / "minimal.yaml"], environment=guide_environment(http_sink.url))
    assert (process.ports["otlp_grpc"], process.ports["otlp_http"], process.ports["health_check"]) == (4317, 4318, 13133)
    assert process.get("health_check")[0] == 200


def test_the_batch_that_was_waiting_leaves_at_shutdown(vigia, http_sink):
    process = vigia(files=[EDGE / "minimal.yaml"], arguments=FREE, environment=guide_environment(http_sink.url))
    post(process, "logs", full_request("logs"))
    process.stop()
    assert http_sink.item_count("logs") == 2


def test_production_without_its_disk(vigia, http_sink, tmp_path):
    file = without_disk(EDGE / "production.yaml", tmp_path)
    process = vigia(files=[file], arguments=FREE, environment=guide_environment(http_sink.url))
    post(process, "traces", many_spans(2000))
    messages = http_sink.wait_for("traces", 1024, deadline_s=8)
    assert max(sum(1 for _ in leaves(message)) for message in messages) <= 1024
    resource, _, span = next(leaves(messages[0]))
    assert attributes_of(resource.resource) == {"service.name": "many", "host.name": "prod-node-01", "host.ip": "10.0.1.15"}
    assert attributes_of(span)["agent.version"] == "1.0.0-CE"
    process.stop()
    assert http_sink.item_count("traces") == 2000
    assert len(items(http_sink.messages("traces"))) == len(set(items(http_sink.messages("traces"))))


def test_the_daemonset_does_all_its_work(vigia, http_sink, tmp_path):
    pod = tmp_path / "pods" / "shop_cart-1"
    pod.mkdir(parents=True)
    file = without_kubernetes_discovery(embedded_config(tmp_path), tmp_path)
    process = vigia(files=[file], environment=guide_environment(http_sink.url), arguments=(
        *FREE, "--set", f"extensions.file_storage.directory={tmp_path}", "--set", f"receivers.filelog.include=[{tmp_path}/pods/**/*.log]",
        "--set", "receivers.prometheus.config.global.scrape_interval=1s"))
    post(process, "metrics", full_request("metrics"))
    with (pod / "0.log").open("a") as log:
        for number in range(20):
            log.write(f'{{"time": "2026-11-26T10:00:{number:02}.250Z", "order": {number}}}\n')
            log.flush()
    names = lambda: {metric.name for message in http_sink.messages("metrics") for _, _, metric in leaves(message)}
    wait_until(lambda: "up" in names(), "the node's exporter is scraped")
    wait_until(lambda: http_sink.item_count("logs") == 20, "the pod's lines arrive")
    resource, _, record = next(leaves(http_sink.messages("logs")[0]))
    assert attributes_of(resource.resource)["k8s.node.name"] == "prod-node-01"
    attributes = attributes_of(record)
    assert attributes["log.file.path"] == str(pod / "0.log") and attributes["time"] == "2026-11-26T10:00:00.250Z"
    assert record.time_unix_nano == 1_795_687_200_250_000_000
    # `loglevel: info` of the old logging exporter prints one line for each batch.
    assert "metrics" in process.log().lower()


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_fragments_merge_into_the_minimal_configuration(vigia, http_sink, fragment):
    files = [EDGE / "minimal.yaml", EDGE / f"fragment-{fragment}.yaml"]
    environment = guide_environment(http_sink.url)
    done = validate(*files, environment=environment)
    assert (done.returncode, done.stdout) == (0, "")
    process = vigia(files=files, arguments=FREE, environment=environment)
    post(process, "traces", many_spans(3))
    process.stop()
    assert http_sink.item_count("traces") == 3


def test_debug_logging_goes_to_stdout_and_to_the_file(vigia, http_sink, tmp_path):
    environment = guide_environment(http_sink.url)
    files = [EDGE / "minimal.yaml", EDGE / "fragment-logging.yaml"]
    assert validate(*files, environment=environment).returncode == 0
    log = tmp_path / "agent.log"
    process = vigia(files=files, arguments=(*FREE, "--set", f"service.telemetry.logs.output_paths=[stdout, {log}]"), environment=environment)
    process.stop()
    lines = [yaml.safe_load(line) for line in log.read_text().splitlines()]
    assert {"timestamp", "level", "service", "message"} <= set(lines[0])
    assert log.read_text() in process.log()


# --- With a disk ---


def test_production_wants_the_directory_of_its_storage(http_sink):
    errors = refused(EDGE / "production.yaml", environment=guide_environment(http_sink.url))
    line = 1 + (EDGE / "production.yaml").read_text().splitlines().index("    directory: /var/lib/otel-agent/queue")
    assert (f"production.yaml:{line}:16: extensions::file_storage::directory: cannot use /var/lib/otel-agent/queue for storage: it does not exist; "
            "create it or set create_directory: true") in errors
    assert "not in this build" not in errors


@pytest.mark.parametrize("folder, more", [("there", ()), ("to be made", ("--set", "extensions.file_storage.create_directory=true"))])
def test_production_with_its_disk(vigia, http_sink, tmp_path, folder, more):
    queue = tmp_path / folder
    if not more:
        queue.mkdir()
    process = vigia(files=[EDGE / "production.yaml"], arguments=(*FREE, "--set", f"extensions.file_storage.directory={queue}", *more),
                    environment=guide_environment(http_sink.url))
    post(process, "traces", many_spans(3))
    process.stop()
    assert http_sink.item_count("traces") == 3
    assert queue.is_dir()
    assert "compaction is not needed: finished files are deleted whole" in process.log()


def test_the_queue_fragment_has_to_list_its_storage(vigia, http_sink, tmp_path):
    files = [EDGE / "minimal.yaml", EDGE / "fragment-persistent-queue.yaml"]
    errors = refused(*files, environment=guide_environment(http_sink.url))
    assert "exporters::otlphttp::sending_queue::storage: the extension \"file_storage\" is not listed under service::extensions" in errors
    process = vigia(files=files, environment=guide_environment(http_sink.url), arguments=(
        *FREE, "--set", "service.extensions=[health_check, file_storage]", "--set", f"extensions.file_storage.directory={tmp_path}"))
    post(process, "traces", many_spans(3))
    process.stop()
    assert http_sink.item_count("traces") == 3


# --- What a later build will start ---


def test_the_daemonset_lacks_only_kubernetes_discovery(http_sink, tmp_path):
    file = embedded_config(tmp_path)
    errors = refused(file, environment=guide_environment(http_sink.url))
    line = 1 + next(number for number, text in enumerate(file.read_text().splitlines()) if "kubernetes_sd_configs" in text)
    assert f"config.yaml:{line}:" in errors and "kubernetes_sd_configs" in errors
    assert "filelog" not in errors


def test_the_gateway_names_what_it_forgot(http_sink):
    errors = refused(EDGE / "edge-gateway.yaml", environment=guide_environment(http_sink.url))
    line = 1 + (EDGE / "edge-gateway.yaml").read_text().splitlines().index("  extensions: [health_check, file_storage]")
    assert f"edge-gateway.yaml:{line}:16: service::extensions[0]: the extension \"health_check\" is not defined" in errors
    # The missing check_interval is not an error: the memory limiter warns and uses a second.
    assert "check_interval" not in errors


@pytest.mark.parametrize("fragment, component", [("loadbalancing", "loadbalancing exporter")])
def test_fragments_of_later_builds_are_refused_by_name(http_sink, fragment, component):
    errors = refused(EDGE / "minimal.yaml", EDGE / f"fragment-{fragment}.yaml", environment=guide_environment(http_sink.url))
    assert f"{component}: not in this build" in errors
    assert f"fragment-{fragment}.yaml:" in errors


def test_a_refused_file_does_not_start(http_sink):
    done = run_vigia(f"--config={EDGE / 'production.yaml'}", environment=guide_environment(http_sink.url))
    assert done.returncode == 1
    assert "file_storage" in done.stderr
