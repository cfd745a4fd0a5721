"""The registry of agents with real agents, a real Prometheus and 10,000 made-up agents.

Guarantee: an agent is in the registry without anybody's doing, comes back by itself when the registry lost everything, is offline when it
fell silent, and is scraped by Prometheus; senders that only push telemetry are in it, too; nobody reaches another customer's agents.
"""

import http.client
import json
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.peers import free_port
from services.prometheus_process import Prometheus
from waiting import wait_until

PIPELINES = {
    "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}, "http": {"endpoint": "127.0.0.1:0"}}}},
    "exporters": {"nop": None},
    "service": {"pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["nop"]}}},
}
SEED = json.loads((Path(__file__).parent / "configs" / "agent_metadata.json").read_text())


def with_extension(name, settings):
    config = json.loads(json.dumps(PIPELINES))
    config["extensions"] = {name: settings}
    config["service"]["extensions"] = [name]
    return config


def registry_config(directory, port=0, **settings):
    return with_extension("agent_registry", {"endpoint": f"127.0.0.1:{port}", "directory": str(directory), **settings})


def agent_config(registry_port, **settings):
    return with_extension("agent_registration", {
        "endpoint": f"http://127.0.0.1:{registry_port}", "heartbeat_interval": "200ms",
        "retry": {"initial_interval": "50ms", "max_interval": "200ms"}, **settings})


def ask(port, path, body=None, method=None, headers=None):
    """Status and JSON of an answer of the API."""
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, {"Content-Type": "application/json", **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            text = response.read()
            return response.status, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def agents_of(port, query=""):
    status, answer = ask(port, f"/api/v1/agents{query}")
    assert status == 200, answer
    return {agent["agent_id"]: agent for agent in answer["agents"]}


def wait_for_agents(port, ids, query=""):
    return wait_until(lambda: agents_of(port, query) if set(agents_of(port, query)) == set(ids) else None, f"the agents are {ids}")


@pytest.fixture
def registry(vigia, tmp_path):
    program = vigia(registry_config(tmp_path / "control"))
    return program, program.ports["agent_registry"]


def test_the_documents_agent(registry):
    _, port = registry
    status, answer = ask(port, "/api/v1/agents/register", SEED)
    assert status == 201
    assert {name: answer[name] for name in SEED if not name.endswith("_at")} == {
        name: value for name, value in SEED.items() if not name.endswith("_at")}
    status, again = ask(port, "/api/v1/agents/register", SEED)
    assert status == 200 and again["registered_at"] == answer["registered_at"]
    status, beat = ask(port, f"/api/v1/agents/{SEED['agent_id']}/heartbeat", {}, "POST")
    assert status == 200 and beat["last_seen_at"] >= again["last_seen_at"]


def test_agents_come_back_when_the_registry_lost_everything(vigia, tmp_path):
    port = free_port()
    directory = tmp_path / "control"
    server = vigia(registry_config(directory, port))
    agents = [vigia(agent_config(port, customer_id=customer, directory=str(tmp_path / customer))) for customer in ("acme", "beta")]
    known = wait_until(lambda: agents_of(port) if len(agents_of(port)) == 2 else None, "both agents are registered")
    assert {agent["customer_id"] for agent in known.values()} == {"acme", "beta"}
    assert all(agent["status"] == "online" and agent["agent_type"] == "vigia-agent" for agent in known.values())
    server.kill()
    shutil.rmtree(directory)
    # They notice and go on with their work.
    for agent in agents:
        agent.wait_for_log("does not answer as it should")
        assert agent.get("metrics", "/metrics")[0] == 200
    vigia(registry_config(directory, port))
    wait_for_agents(port, known)
    for agent in agents:
        agent.wait_for_log("registers again")
        assert agent.log().count("does not answer as it should") == 1
    assert all(agent.metrics()["vigia_agent_registration_registered"] == 1 for agent in agents)


def test_a_killed_registry_remembers_who_was_answered(vigia, tmp_path):
    port = free_port()
    server = vigia(registry_config(tmp_path / "control", port))
    for number in range(200):
        status, answer = ask(port, "/api/v1/agents/register", {"agent_id": f"agent-{number}"})
        assert status == 201, answer
    server.kill()
    vigia(registry_config(tmp_path / "control", port))
    assert len(agents_of(port, "?limit=1000")) == 200


def test_silence_is_offline_and_a_restart_is_the_same_agent(vigia, tmp_path):
    server = vigia(registry_config(tmp_path / "control", offline_after="1s"))
    port = server.ports["agent_registry"]
    config = agent_config(port, directory=str(tmp_path / "agent"), node_id="node-1", customer_id="acme")
    agent = vigia(config)
    (known,) = wait_until(lambda: agents_of(port, "?status=online"), "the agent is online")
    agent.kill()
    wait_until(lambda: known in agents_of(port, "?status=offline"), "the agent is offline")
    assert server.get("metrics", "/metrics")[1].find('vigia_agent_up{customer_id="acme",node_id="node-1"') >= 0
    vigia(config)
    wait_until(lambda: known in agents_of(port, "?status=online"), "the agent is online again")
    assert len(agents_of(port)) == 1


def test_prometheus_scrapes_whom_the_registry_names(vigia, tmp_path):
    server = vigia(registry_config(tmp_path / "control", offline_after="2s"))
    port = server.ports["agent_registry"]
    agents = {}
    for node in ("node-1", "node-2"):
        metrics_port = free_port()
        agents[node] = vigia(agent_config(port, customer_id="acme", node_id=node, agent_id=node, metrics_port=metrics_port),
                             arguments=("--set", f"service.telemetry.metrics.address=127.0.0.1:{metrics_port}"))
    # Behind NAT: it cannot be scraped, and its heartbeats say that it is up.
    ask(port, "/api/v1/agents/register", {"agent_id": "hidden", "customer_id": "acme", "node_id": "node-3", "capabilities": ["otlp_grpc"]})
    wait_for_agents(port, {"node-1", "node-2", "hidden"})
    sd = {"http_sd_configs": [{"url": f"http://127.0.0.1:{port}/api/v1/sd/agents?job=customer-agents", "refresh_interval": "1s"}]}
    jobs = [{"job_name": "customer-agents", **sd},
            {"job_name": "registry", "static_configs": [{"targets": [server.address("metrics")]}]}]
    with Prometheus(tmp_path / "prometheus", scrape_configs=jobs) as prometheus:
        prometheus.wait_for('count(up{job="customer-agents",customer_id="acme"} == 1) == 2')
        assert {one["metric"]["node"] for one in prometheus.query('up{job="customer-agents"}')} == {"node-1", "node-2"}
        prometheus.wait_for('otelcol_process_uptime{job="customer-agents",node_id="node-1"}')
        prometheus.wait_for('vigia_agent_up{customer_id="acme",node_id="node-2"} == 1')
        agents["node-1"].kill()
        prometheus.wait_for('up{job="customer-agents",node_id="node-1"} == 0')
        prometheus.wait_for('vigia_agent_up{node_id="node-1"} == 0 and on() vigia_agent_up{node_id="node-2"} == 1')
        # Offline agents stay among the targets: up is 0 and does not end.
        assert prometheus.query('up{job="customer-agents",node_id="node-1"}')


def test_promtool_takes_the_targets(registry, tmp_path):
    promtool = shutil.which("promtool") or pytest.skip("needs promtool: apt install prometheus")
    _, port = registry
    ask(port, "/api/v1/agents/register", {**SEED, "metrics_port": 8888, "labels": {"odd \"label\" ñ": "a\\b"}})
    config = tmp_path / "prometheus.yml"
    config.write_text(json.dumps({"scrape_configs": [{"job_name": "a", "http_sd_configs": [{"url": f"http://127.0.0.1:{port}/api/v1/sd/agents"}]}]}))
    done = subprocess.run([promtool, "check", "service-discovery", "--timeout=5s", str(config), "a"], capture_output=True, text=True, check=False,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found[0]["labels"]["node"] == "prod-node-01", done.stdout
    assert found[0]["labels"]["customer_id"] == SEED["tenant_id"]


def test_customers_cannot_reach_each_other(registry):
    _, port = registry
    acme, beta = {"X-Tenant-Id": "acme"}, {"X-Tenant-Id": "beta"}
    assert ask(port, "/api/v1/agents/register", {"agent_id": "one", "hostname": "secret"}, headers=acme)[0] == 201
    attempts = [
        ("GET", "/api/v1/agents/one", None, 404), ("DELETE", "/api/v1/agents/one", None, 404),
        ("POST", "/api/v1/agents/one/heartbeat", {}, 404), ("GET", "/api/v1/agents?customer=acme", None, 403),
        ("POST", "/api/v1/agents/register", {"agent_id": "one", "tenant_id": "acme"}, 403),
        ("GET", "/api/v1/sd/agents?tenant=acme", None, 403),
    ]
    for method, path, body, expected in attempts:
        status, answer = ask(port, path, body, method, beta)
        assert status == expected, (path, answer)
        assert "secret" not in json.dumps(answer)
    assert ask(port, "/api/v1/agents", headers=beta) == (200, {"agents": [], "next_cursor": None})
    assert ask(port, "/api/v1/agents/one", headers=acme)[1]["hostname"] == "secret"


def test_hostile_requests_change_nothing(registry):
    program, port = registry
    bodies = [b"", b"{", b"\x00\xff", b"[" * 60_000, b'{"agent_id":' + b'"a' * 3_000, b'{"agent_id":"' + b"a" * 60_000 + b'"}', b"null", b"1e999999",
              b'{"agent_id":"a","capabilities":[' + b'"x",' * 5_000 + b'"x"]}', b'{"agent_id":"a","labels":{' + b'"k":"v",' * 5_000 + b'"k":"v"}}']
    for body in bodies:
        status, answer = ask(port, "/api/v1/agents/register", body, "POST")
        assert status == 400 and answer["error"], body[:50]
    assert ask(port, "/api/v1/agents/register", b"x" * 70_000, "POST")[0] == 413
    assert ask(port, "/api/v1/agents/register", {"agent_id": "a"}, headers={"X-Tenant-Id": "a\tb"})[0] == 400
    assert agents_of(port) == {}
    # A body that does not come, of many: others are served.
    waiting = []
    for _ in range(50):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.putrequest("POST", "/api/v1/agents/register")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", "100")
        connection.endheaders(b"{")
        waiting.append(connection)
    assert ask(port, "/api/v1/agents/register", SEED)[0] == 201
    for connection in waiting:
        connection.close()
    assert program.is_alive()


def many(port, count, work, threads=8):
    """Runs work(connection, number) for all numbers, on a few connections that stay open."""
    def run(first):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for number in range(first, count, threads):
            work(connection, number)
        connection.close()

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(run, first) for first in range(threads)]:
            done.result()


def exchange(connection, path, body, expected):
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    text = response.read()
    assert response.status == expected, text


def test_ten_thousand_agents(vigia, tmp_path):
    count = 10_000
    port = free_port()
    server = vigia(registry_config(tmp_path / "control", port))

    def register(connection, number):
        exchange(connection, "/api/v1/agents/register", {
            **SEED, "agent_id": f"agent-{number:05}", "hostname": f"host-{number}", "tenant_id": f"customer-{number % 100}",
            "ip_address": f"10.0.{number // 250}.{number % 250}", "metrics_port": 8080}, 201)

    many(port, count, register)
    many(port, count, lambda connection, number: exchange(connection, f"/api/v1/agents/agent-{number:05}/heartbeat", {}, 200))
    assert server.metrics()["vigia_agent_registry_agents"] == count
    assert server.metrics()["vigia_agent_up"] == count
    server.stop()
    server = vigia(registry_config(tmp_path / "control", port))
    seen, cursor = [], ""
    while cursor is not None:
        status, page = ask(port, f"/api/v1/agents?limit=1000{cursor and '&cursor=' + cursor}")
        assert status == 200
        seen += [(agent["customer_id"], agent["agent_id"]) for agent in page["agents"]]
        cursor = page["next_cursor"]
    assert len(seen) == count and seen == sorted(seen) and len(set(seen)) == count
    assert len(ask(port, "/api/v1/sd/agents")[1]) == count
    assert len(ask(port, "/api/v1/sd/agents?customer=customer-7")[1]) == count // 100


RECOGNISING = {
    "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0", "include_metadata": True},
                                         "http": {"endpoint": "127.0.0.1:0", "include_metadata": True}}}},
    "processors": {"agent_recognition": {"interval": "1s"}},
    "exporters": {"nop": None},
    "service": {"extensions": ["agent_registry"],
                "pipelines": {signal: {"receivers": ["otlp"], "processors": ["agent_recognition"], "exporters": ["nop"]}
                              for signal in ("traces", "metrics", "logs")}},
}
# The processors and headers of document 3's agent.
EDGE = """
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}}
processors:
  resource:
    attributes:
      - {key: host.name, value: prod-node-01, action: upsert}
      - {key: host.ip, value: 10.0.1.15, action: upsert}
  attributes:
    actions:
      - {key: telemetryflow.workspace.id, value: 550e8400-e29b-41d4-a716-446655440000, action: upsert}
      - {key: telemetryflow.tenant.id, value: 660e8400-e29b-41d4-a716-446655440001, action: upsert}
      - {key: agent.version, value: 1.0.0-CE, action: upsert}
      - {key: agent.type, value: tfo-otel-agent, action: upsert}
exporters:
  otlphttp:
    endpoint: http://127.0.0.1:%d
    headers:
      X-Workspace-Id: 550e8400-e29b-41d4-a716-446655440000
      X-Tenant-Id: 660e8400-e29b-41d4-a716-446655440001
service:
  pipelines:
    logs: {receivers: [otlp], processors: [resource, attributes], exporters: [otlphttp]}
"""


def send_log(edge):
    body = {"resourceLogs": [{"resource": {}, "scopeLogs": [{"logRecords": [{"timeUnixNano": str(time.time_ns()), "body": {"stringValue": "x"}}]}]}]}
    status, _ = ask(edge.ports["otlp_http"], "/v1/logs", body)
    assert status == 200


def test_senders_of_telemetry_are_recognised(vigia, tmp_path):
    gateway = vigia({**RECOGNISING, "extensions": {"agent_registry": {"endpoint": "127.0.0.1:0", "directory": str(tmp_path / "control")}}})
    port = gateway.ports["agent_registry"]
    edge = vigia(EDGE % gateway.ports["otlp_http"])
    send_log(edge)
    agent = wait_for_agents(port, {"prod-node-01"})["prod-node-01"]
    assert agent["source"] == "recognised"
    assert agent["agent_type"] == "tfo-otel-agent" and agent["version"] == "1.0.0-CE"
    assert agent["tenant_id"] == SEED["tenant_id"] and agent["workspace_id"] == SEED["workspace_id"]
    assert agent["capabilities"] == ["otlp_grpc", "otlp_http", "prometheus_scrape"]

    # Its data keeps its heartbeat, an interval apart.
    def has_beaten():
        send_log(edge)
        return agents_of(port)["prod-node-01"]["last_seen_at"] > agent["last_seen_at"]

    wait_until(has_beaten, "telemetry is a heartbeat")
    # Once it registers itself, it is one agent under the name that it gave itself.
    assert ask(port, "/api/v1/agents/register", SEED)[0] == 201
    wait_for_agents(port, {SEED["agent_id"]})
    seen = gateway.metrics()["vigia_agent_registry_recognised_total"]

    def is_recognised_again():
        send_log(edge)
        return gateway.metrics()["vigia_agent_registry_recognised_total"] > seen

    wait_until(is_recognised_again, "its telemetry is seen again")
    assert set(agents_of(port)) == {SEED["agent_id"]}


def test_the_agent_role_registers_by_itself(vigia, registry, tmp_path):
    _, port = registry
    agent = vigia.role("agent", "--otlp-grpc-port", "0", "--otlp-http-port", "0", "--health-port", "0", environment={
        "CUSTOMER_ID": "acme", "NODE_ID": "web-1", "NODE_REGION": "eu-west", "AGENT_IP": "10.0.1.15", "VIGIA_DATA_DIR": str(tmp_path / "data"),
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}", "VIGIA_REGISTRY_ENDPOINT": f"http://127.0.0.1:{port}"})
    (known,) = wait_until(lambda: agents_of(port).values(), "the agent is registered")
    assert (known["customer_id"], known["node_id"], known["ip_address"]) == ("acme", "web-1", "10.0.1.15")
    assert known["agent_id"] == (tmp_path / "data" / "agent-id").read_text().strip()
    assert known["resource_attributes"]["node.region"] == "eu-west" and known["resource_attributes"]["environment"] == "production"
    # The collector is away; that is another matter.
    assert json.loads(agent.get("http", "/health")[1])["status"] == "degraded"


def test_up_serves_the_registry_on_its_api_port(vigia, tmp_path):
    for attempt in range(2):
        up = vigia.role("up", "--http-port", "0", "--otlp-grpc-port", "0", "--otlp-http-port", "0", "--data-dir", str(tmp_path / "data"))
        port = up.ports["http"]
        assert ask(port, "/api/v1/agents/register", SEED)[0] == (200 if attempt else 201)
        assert json.loads(up.get("http", "/health")[1])["status"] == "healthy"
        assert "/api/v1/agents\n" in up.get("http", "/")[1]
        assert f'vigia_agent_up{{customer_id="{SEED["tenant_id"]}",node_id="prod-node-01"' in up.get("http", "/metrics")[1]
        up.stop()


def test_gateway_serves_the_registry_and_recognises(vigia):
    gateway = vigia.role("gateway", "--otlp-grpc-port", "0", "--otlp-http-port", "0")
    edge = vigia((EDGE % gateway.ports["otlp_http"]).replace("host.ip", "customer.id"))
    send_log(edge)
    wait_for_agents(gateway.ports["http"], {"prod-node-01"})


def test_a_reload_keeps_the_agents(vigia, tmp_path):
    config = registry_config(tmp_path / "control")
    server = vigia(config)
    port = server.ports["agent_registry"]
    assert ask(port, "/api/v1/agents/register", SEED)[0] == 201
    config["extensions"]["agent_registry"]["offline_after"] = "5m"
    (server.folder / "config.yaml").write_text(json.dumps(config))
    server.signal(signal.SIGHUP)
    server.wait_for_log("The new configuration is in force")
    server.is_ready()
    assert SEED["agent_id"] in agents_of(server.ports["agent_registry"])


def test_a_damaged_database_does_not_keep_the_registry_down(vigia, tmp_path):
    directory = tmp_path / "control"
    directory.mkdir()
    (directory / "control.db").write_bytes(b"no database at all" * 1000)
    server = vigia(registry_config(directory))
    assert "was set aside" in server.log()
    assert len(list(directory.glob("control.db.damaged-*"))) == 1
    assert ask(server.ports["agent_registry"], "/api/v1/agents/register", SEED)[0] == 201
