"""Real agents and a registry: those that register themselves, and those that only push telemetry.

Guarantee: an agent is in the registry without anybody's doing, comes back by itself when the registry lost everything, is offline when it
fell silent, and is one agent however it is known.
"""

import json
import shutil
import time

import pytest

from agents import SEED, agent_config, agents_of, ask, registry_config, wait_for_agents
from services.peers import free_port
from waiting import wait_until


@pytest.fixture
def registry(vigia, tmp_path):
    program = vigia(registry_config(tmp_path / "control"))
    return program, program.ports["agent_registry"]


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
    wait_until(lambda: json.loads(agent.get("http", "/health")[1])["status"] == "degraded", "the agent says that the collector is away")


def test_gateway_serves_the_registry_and_recognises(vigia):
    gateway = vigia.role("gateway", "--otlp-grpc-port", "0", "--otlp-http-port", "0")
    edge = vigia((EDGE % gateway.ports["otlp_http"]).replace("host.ip", "customer.id"))
    send_log(edge)
    wait_for_agents(gateway.ports["http"], {"prod-node-01"})
