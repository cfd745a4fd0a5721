"""Configurations of registries and of agents, and the questions that tests have for a registry."""

import json
import urllib.error
import urllib.request
from pathlib import Path

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
