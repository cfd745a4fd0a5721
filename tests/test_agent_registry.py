"""The registry of agents under operators, a real Prometheus, bad intentions and 10,000 made-up agents.

Guarantee: what was answered survives, Prometheus scrapes whom the registry names, and nobody reaches another customer's agents.
"""

import http.client
import json
import shutil
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from agents import SEED, agent_config, agents_of, ask, registry_config, wait_for_agents
from services.peers import free_port
from services.prometheus_process import Prometheus
from waiting import wait_until


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
    assert status == 201 and again["registered_at"] == answer["registered_at"]
    status, beat = ask(port, f"/api/v1/agents/{SEED['agent_id']}/heartbeat", {}, "POST")
    assert status == 200 and beat["last_seen_at"] >= again["last_seen_at"]


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
        prometheus.wait_for('count(up{job="customer-agents",customer_id="acme",node_id=~"node-[12]"} == 1) == 2')

        def has_beaten():
            ask(port, "/api/v1/agents/hidden/heartbeat", {}, "POST")
            return prometheus.query('up{job="customer-agents",customer_id="acme",node_id="node-3"} == 1')

        wait_until(has_beaten, "its heartbeats are its up")
        assert {one["metric"]["node"] for one in prometheus.query('up{job="customer-agents"}')} == {"node-1", "node-2", "node-3"}
        prometheus.wait_for('otelcol_process_uptime{job="customer-agents",node_id="node-1"}')
        prometheus.wait_for('vigia_agent_up{customer_id="acme",node_id="node-2"} == 1')
        prometheus.wait_for('up{job="customer-agents",node_id="node-3"} == 0')
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


def test_a_killed_registry_remembers_who_was_answered(vigia, tmp_path):
    port = free_port()
    server = vigia(registry_config(tmp_path / "control", port))
    for number in range(200):
        status, answer = ask(port, "/api/v1/agents/register", {"agent_id": f"agent-{number}"})
        assert status == 201, answer
    server.kill()
    vigia(registry_config(tmp_path / "control", port))
    assert len(agents_of(port, "?limit=1000")) == 200


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


def test_up_serves_the_registry_on_its_api_port(vigia, tmp_path):
    for _ in range(2):
        up = vigia.role("up", "--http-port", "0", "--otlp-grpc-port", "0", "--otlp-http-port", "0", "--data-dir", str(tmp_path / "data"))
        port = up.ports["http"]
        assert ask(port, "/api/v1/agents/register", SEED)[0] == 201
        assert json.loads(up.get("http", "/health")[1])["status"] == "healthy"
        assert "/api/v1/agents\n" in up.get("http", "/")[1]
        assert f'vigia_agent_up{{customer_id="{SEED["tenant_id"]}",node_id="prod-node-01"' in up.get("http", "/metrics")[1]
        up.stop()


def test_a_damaged_database_does_not_keep_the_registry_down(vigia, tmp_path):
    directory = tmp_path / "control"
    directory.mkdir()
    (directory / "control.db").write_bytes(b"no database at all" * 1000)
    server = vigia(registry_config(directory))
    assert "was set aside" in server.log()
    assert len(list(directory.glob("control.db.damaged-*"))) == 1
    assert ask(server.ports["agent_registry"], "/api/v1/agents/register", SEED)[0] == 201
