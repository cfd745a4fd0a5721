"""Nodes with agents, the gateway they send to and register with, and a Prometheus that finds them there and judges them by our alert rules: all of
them the real programs, with shorter intervals.

The gateway keeps its addresses over its lives, as the nodes do.
"""

import json
import threading
from pathlib import Path

import grpc
import requests
import yaml

from agents import agents_of
from deployment import DEPLOY, document
from durable import Client, numbered_spans
from otlp_sinks import leaves
from services.peers import free_port
from services.prometheus_process import Prometheus
from waiting import wait_until

OFFLINE_AFTER = "3s"
QUICK_RETRY = {"initial_interval": "100ms", "max_interval": "300ms"}
# Of a buffer: so many batches of so many items for each signal.
BUFFER_BATCHES, BATCH_SIZE = 100, 100
# What depends on how busy this machine is, and on what a sanitizer costs.
OF_THE_MACHINE = {"HighCPUUsage", "HighMemoryUsage", "AgentHighMemory", "EdgeAgentHighMemory"}


def gateway_overlay(sink_endpoint, folder, prometheus_port):
    """What is laid over the built-in gateway: where it sends, durably, what it shows to Prometheus, and less patience."""
    shown = document(DEPLOY / "docker" / "gateway.yaml")["exporters"]["prometheus"]
    return {
        "processors": {"batch": {"timeout": "50ms"}},
        "exporters": {"otlp": {"endpoint": f"http://{sink_endpoint}", "sending_queue": {"storage": "file_storage"},
                               "retry_on_failure": {**QUICK_RETRY, "max_elapsed_time": "0s"}},
                      "prometheus": {**shown, "endpoint": f"127.0.0.1:{prometheus_port}"}},
        "extensions": {"file_storage": {"directory": str(folder / "gateway-queue"), "create_directory": True},
                       "agent_registry": {"offline_after": OFFLINE_AFTER}},
        "service": {"extensions": ["health_check", "agent_registry", "file_storage"],
                    "pipelines": {"traces": {"exporters": ["otlp"]}, "metrics": {"exporters": ["otlp", "prometheus"]},
                                  "logs": {"exporters": ["otlp"]}}},
    }


class Gateway:
    def __init__(self, starter, folder, sink_endpoint, environment=None):
        self._starter = starter
        self._environment = environment
        self._directory = folder / "control"
        self.api_port, self.grpc_port, self.http_port, self.metrics_port, self.prometheus_port = (free_port() for _ in range(5))
        self._overlay = folder / "gateway.yaml"
        self._overlay.write_text(yaml.safe_dump(gateway_overlay(sink_endpoint, folder, self.prometheus_port)))
        self.process = None

    def start(self):
        self.process = self._starter.role(
            "gateway", "--config", self._overlay, "--data-dir", self._directory, "--http-port", self.api_port, "--otlp-grpc-port", self.grpc_port,
            "--otlp-http-port", self.http_port, "--set", f"service.telemetry.metrics.address=127.0.0.1:{self.metrics_port}",
            "--set", "extensions.health_check.endpoint=127.0.0.1:0", environment=self._environment)
        return self

    def states(self):
        """{node: online or offline} of the registry."""
        return {agent["node_id"]: agent["status"] for agent in agents_of(self.api_port).values()}


class Node:
    """A node of customer acme with its agent."""

    def __init__(self, starter, folder, node_id, gateway, telemetry=None, environment=None, is_scraped=True):
        """`telemetry`: what its file says besides how often figures are told."""
        self._starter = starter
        self._environment = environment
        self.node_id = node_id
        self.health_port, self.grpc_port = free_port(), free_port()
        self._file = folder / f"{node_id}.yaml"
        self._file.write_text(yaml.safe_dump({
            "collector": {"endpoint": f"http://127.0.0.1:{gateway.grpc_port}", "retry": QUICK_RETRY},
            "customer": {"id": "acme", "name": "Acme"},
            "node": {"id": node_id, "host_ip": "127.0.0.1"},
            "telemetry": {"metrics": {"interval": "1s"}, **(telemetry or {})},
            "buffer": {"max_size": BUFFER_BATCHES, "batch_size": BATCH_SIZE, "flush_interval": "50ms"},
            "health_check": {"port": self.health_port},
            "receiver": {"grpc_port": self.grpc_port, "http_port": 0},
            "registration": {"endpoint": f"http://127.0.0.1:{gateway.api_port}", "heartbeat_interval": "1s", "scraped": is_scraped},
            "data_dir": str(folder / node_id),
        }))
        self.process = None

    def start(self):
        self.process = self._starter.role("agent", "--agent-config", self._file, environment=self._environment)
        return self

    def health(self):
        """Status and document of /health."""
        status, text = self.process.get("http", "/health")
        return status, json.loads(text)

    def is_healthy(self):
        status, page = self.health()
        return status == 200 and page["status"] == "healthy"

    def buffer(self):
        return self.health()[1]["checks"]["buffer"]


class Application:
    """Sends numbered spans to a node's agent, for as long as it runs. What is not answered with OK is sent again, as an SDK does."""

    PER_REQUEST = 10

    def __init__(self, node, first, pause_s=0.02):
        self._node = node
        self._next = first
        self._pause_s = pause_s
        self._is_over = threading.Event()
        self.acknowledged = []
        self.refusals = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        with Client(self._node.process) as client:
            while not self._is_over.is_set():
                try:
                    client.send(numbered_spans(self._next, self.PER_REQUEST), timeout_s=5)
                    self.acknowledged.extend(range(self._next, self._next + self.PER_REQUEST))
                    self._next += self.PER_REQUEST
                except grpc.RpcError:
                    self.refusals += 1
                self._is_over.wait(self._pause_s)

    def wait_for_more(self, count=100):
        wanted = len(self.acknowledged) + count
        wait_until(lambda: len(self.acknowledged) >= wanted, f"the agent takes {count} spans more")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self._thread.join(20)
        assert not self._thread.is_alive(), "a span was not answered"


def quick_rules(folder):
    """Our rules, word for word but for how long something must last and how often one looks."""
    files = []
    for path in sorted((DEPLOY / "prometheus" / "rules").glob("*.yml")):
        rules = document(path)
        for group in rules["groups"]:
            group["interval"] = "500ms"
            for rule in group["rules"]:
                if "for" in rule:
                    rule["for"] = "1s"
        files.append(Path(folder) / path.name)
        files[-1].write_text(yaml.safe_dump(rules, sort_keys=False))
    return files


class Monitoring(Prometheus):
    """Prometheus with our scrape jobs and rules beside a gateway."""

    def __init__(self, folder, gateway):
        folder.mkdir()
        text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
        text = text.replace("localhost:8080", f"127.0.0.1:{gateway.api_port}").replace("localhost:8888", f"127.0.0.1:{gateway.metrics_port}")
        text = text.replace("localhost:8889", f"127.0.0.1:{gateway.prometheus_port}")
        jobs = yaml.safe_load(text.replace("refresh_interval: 60s", "refresh_interval: 1s"))["scrape_configs"]
        intervals = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"}
        super().__init__(folder, jobs, rule_files=[str(path) for path in quick_rules(folder)], **{"global": intervals})

    def alerts(self, states=("firing",)):
        """{(name, severity, node)} of the alerts that are about agents and the collector."""
        return {(one["labels"]["alertname"], one["labels"]["severity"], one["labels"].get("node_id", ""))
                for one in self.ask("alerts")["alerts"] if one["state"] in states and one["labels"]["alertname"] not in OF_THE_MACHINE}

    def wait_for_alerts(self, wanted, deadline_s=20):
        wanted = set(wanted)
        wait_until(lambda: wanted <= self.alerts(), f"{sorted(wanted)} fire, not {sorted(self.alerts(('pending', 'firing')))}", deadline_s)

    def wait_for_peace(self, deadline_s=20):
        wait_until(lambda: not self.alerts(("pending", "firing")), "no alert is left", deadline_s)

    def up(self, job="customer-agents"):
        """{node: value} of `up`."""
        return {one["metric"].get("node", ""): float(one["value"][1]) for one in self.query(f'up{{job="{job}"}}')}


def application_spans(sink):
    """[(number, resource group)] of the spans that applications sent: agents tell of their own sends, too."""
    return [(int.from_bytes(span.trace_id, "big"), group) for message in sink.messages("traces") for group, _, span in leaves(message)
            if span.name == "numbered"]


def status_of(node, path):
    return requests.get(f"http://127.0.0.1:{node.health_port}{path}", timeout=10).status_code
