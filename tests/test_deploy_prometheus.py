"""Prometheus' and Alertmanager's files: scrape jobs, alert rules, who is told.

Guarantee: Prometheus and Alertmanager take the files; every rule of the documents is there in their words; every alert is shown to fire and
not to fire; what is one event is told once.
"""

import json
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests
import yaml

from deployment import DEPLOY, document, judged, tool
from monitored_nodes import Gateway, Monitoring, Node
from otlp_sinks import GrpcSink
from services.peers import accepts_connections, free_port
from waiting import wait_until

PROMETHEUS = DEPLOY / "prometheus"
RULE_FILES = sorted((PROMETHEUS / "rules").glob("*.yml"))
# Name, expression, how long, severity, summary: as the documents have them.
WORD_FOR_WORD = {
    "agent_health": [
        ("AgentDown", 'up{job="customer-agents"} == 0', "2m", "critical", "Agente {{ $labels.node_id }} caído"),
        ("AgentCollectorUnreachable", "agent_collector_reachable == 0", "5m", "warning", "Agente {{ $labels.node_id }} no alcanza Collector"),
        ("AgentBufferSaturated", "agent_buffer_usage_percent > 80", "5m", "warning", "Buffer del agente {{ $labels.node_id }} al {{ $value }}%"),
        ("AgentHighMemory", "agent_memory_usage_mb > 200", "10m", "warning", "Agente {{ $labels.node_id }} usando {{ $value }}MB RAM"),
    ],
    "critical_alerts": [
        ("CustomerNodeDown", 'up{job="customer-agents"} == 0', "2m", "critical",
         "Nodo {{ $labels.node_id }} del cliente {{ $labels.customer_id }} está caído"),
        ("CollectorDown", 'up{job="otel-collector"} == 0', "1m", "critical", "Collector central está caído - sin ingesta de datos"),
        ("AgentBufferSaturated", "agent_buffer_usage_percent > 90", "5m", "critical", "Buffer del agente {{ $labels.node_id }} al {{ $value }}%"),
        ("AgentCollectorUnreachable", "agent_collector_reachable == 0", "5m", "warning",
         "Agente {{ $labels.node_id }} no puede conectar al Collector"),
        ("HighCPUUsage", "system_cpu_usage > 85", "10m", "warning", "CPU alta en {{ $labels.node_id }}: {{ $value }}%"),
        ("HighMemoryUsage", "system_memory_usage_percent > 90", "10m", "warning", "Memoria alta en {{ $labels.node_id }}: {{ $value }}%"),
    ],
}
# Of the others the documents tell condition, severity and time in prose.
IN_PROSE = {
    "edge_agents": {"EdgeAgentOffline", "EdgeAgentQueueFilling", "EdgeAgentExportErrors", "EdgeAgentHighMemory"},
    "orchestrator": {"HighErrorRate", "ServiceConnectionFailure", "HighLatency", "QueueBacklog", "HighSessionCount"},
}


def groups():
    return {group["name"]: group for file in RULE_FILES for group in document(file)["groups"]}


def alerts_of(group):
    return [rule for rule in group["rules"] if "alert" in rule]


@pytest.mark.parametrize("name", WORD_FOR_WORD)
def test_the_rules_are_the_documents(name):
    group = groups()[name]
    assert group["interval"] == "30s"
    assert [(rule["alert"], rule["expr"], rule["for"], rule["labels"]["severity"], rule["annotations"]["summary"])
            for rule in alerts_of(group)] == WORD_FOR_WORD[name]


@pytest.mark.parametrize("name", IN_PROSE)
def test_what_the_documents_say_in_prose_has_a_rule(name):
    rules = alerts_of(groups()[name])
    assert {rule["alert"] for rule in rules} == IN_PROSE[name]
    assert all(rule["annotations"]["summary"] for rule in rules)
    severe = {rule["alert"] for rule in rules if rule["labels"]["severity"] == "critical"}
    assert severe == {"edge_agents": {"EdgeAgentOffline"}, "orchestrator": {"HighErrorRate"}}[name]


def test_prometheus_takes_its_configuration_and_rules():
    said = judged("promtool", "check", "config", PROMETHEUS / "prometheus.yml")
    assert f"{len(RULE_FILES)} rule files found" in said


@pytest.mark.parametrize("file", [path.name for path in sorted((PROMETHEUS / "tests").glob("*.yml"))])
def test_alerts_fire_and_do_not_fire(file):
    judged("promtool", "test", "rules", PROMETHEUS / "tests" / file)


def test_every_alert_is_shown_both_ways():
    """An alert without a case in which it fires, or without one in which it does not, would be untested."""
    fires, is_silent = set(), set()
    for file in (PROMETHEUS / "tests").glob("*.yml"):
        for case in (case for test in document(file)["tests"] for case in test["alert_rule_test"]):
            for alert in case["exp_alerts"]:
                fires.add((case["alertname"], alert["exp_labels"]["severity"]))
            if not case["exp_alerts"]:
                is_silent.add(case["alertname"])
    rules = [rule for group in groups().values() for rule in alerts_of(group)]
    assert fires == {(rule["alert"], rule["labels"]["severity"]) for rule in rules}
    assert is_silent == {rule["alert"] for rule in rules}


def test_the_jobs_that_rules_speak_of_are_scraped():
    config = document(PROMETHEUS / "prometheus.yml")
    assert config["global"]["scrape_interval"] == "30s"
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    assert set(jobs) == {"customer-agents", "otel-collector", "tfo-otel-agent", "pushed"}
    kept_out = jobs["pushed"]["metric_relabel_configs"][-1]
    assert (kept_out["source_labels"], kept_out["action"]) == (["job"], "drop")
    assert set(kept_out["regex"].split("|")) == set(jobs) - {"pushed"}, "what is pushed speaks for no target"
    for name in ("customer-agents", "tfo-otel-agent"):
        discovery, = jobs[name]["http_sd_configs"]
        assert discovery["url"].endswith(f"/api/v1/sd/agents?job={name}")
    dropped, = jobs["customer-agents"]["metric_relabel_configs"]
    assert dropped["action"] == "labeldrop" and {name for name in ("exported_customer_id", "exported_node_id", "customer_id", "node_id", "node")
                                                 if re.fullmatch(dropped["regex"], name)} == {"exported_customer_id", "exported_node_id"}


def serving(answer):
    """A server on the loopback that gives `answer(path, body)`, as bytes, to whatever it is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            content = answer(self.path, self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *_):
            pass

    return Server(Handler)


class Server:
    def __init__(self, handler):
        self.server = HTTPServer(("127.0.0.1", 0), handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def running(program, folder, *arguments):
    with open(folder / "log", "wb") as log:
        return subprocess.Popen([program, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def stopped(process, folder):
    process.terminate()
    process.wait(20)
    print((folder / "log").read_text(errors="replace")[-4000:])


def register(gateway, **fields):
    answer = requests.post(f"http://{gateway.address('http')}/api/v1/agents/register", timeout=10,
                           json={"ip_address": "127.0.0.1", "capabilities": ["prometheus_scrape"], **fields})
    assert answer.status_code == 201, answer.text


def test_prometheus_finds_each_agent_under_its_job(vigia, tmp_path):
    """Debian's Prometheus with our file, and the registry of a gateway that agents of both kinds have registered with."""
    gateway = vigia.role("gateway", "--http-port", "0", "--otlp-grpc-port", "0", "--otlp-http-port", "0")
    register(gateway, agent_id="a", customer_id="cliente-a", node_id="web-01", metrics_port=gateway.ports["http"])
    register(gateway, agent_id="b", customer_id="cliente-b", node_id="edge-01", metrics_port=1, agent_type="tfo-otel-agent")
    text = (PROMETHEUS / "prometheus.yml").read_text().replace("localhost:8080", gateway.address("http")).replace("rules/*.yml", f"{PROMETHEUS}/rules/*.yml")
    text = text.replace("localhost:8888", gateway.address("metrics")).replace("localhost:8889", "127.0.0.1:1")
    (tmp_path / "prometheus.yml").write_text(text.replace("scrape_interval: 30s", "scrape_interval: 1s")
                                             .replace("scrape_timeout: 10s", "scrape_timeout: 1s"))
    port = free_port()
    process = running(tool("prometheus"), tmp_path, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
                      f"--web.listen-address=127.0.0.1:{port}")
    try:
        wait_until(lambda: accepts_connections(port) and requests.get(f"http://127.0.0.1:{port}/-/ready", timeout=10).ok, "Prometheus is ready", 20)

        def asked(query):
            found = requests.get(f"http://127.0.0.1:{port}/api/v1/query", params={"query": query}, timeout=10).json()["data"]["result"]
            return sorted((series["metric"]["job"], series["metric"].get("node", ""), series["metric"].get("customer_id", ""), series["value"][1])
                          for series in found)

        expected = [("customer-agents", "web-01", "cliente-a", "1"), ("otel-collector", "", "", "1"), ("pushed", "", "", "0"),
                    ("tfo-otel-agent", "edge-01", "cliente-b", "0")]
        wait_until(lambda: asked("up") == expected, "each agent is a target of one job", 30)
        assert [value for *_, value in asked('vigia_agent_up{job="otel-collector"}')] == ["1", "1"], "of all that are registered"
        rules = requests.get(f"http://127.0.0.1:{port}/api/v1/rules", timeout=10).json()["data"]["groups"]
        assert sum(len(group["rules"]) for group in rules) == sum(len(group["rules"]) for group in groups().values())
    finally:
        stopped(process, tmp_path)


def test_an_agents_figures_are_there_once_whichever_way_they_come(vigia, tmp_path):
    """One agent that Prometheus reaches, and one behind a NAT: the figures of both, one series of each, and an `up` of each. What both push
    besides comes over the gateway's page."""
    with GrpcSink() as sink:
        gateway = Gateway(vigia, tmp_path, sink.endpoint).start()
        for name in ("reached", "behind"):
            Node(vigia, tmp_path, name, gateway, is_scraped=name == "reached").start()
        page = f"http://127.0.0.1:{gateway.prometheus_port}/metrics"
        wait_until(lambda: {"reached", "behind"} <= set(re.findall(r'^agent_collector_reachable\{.*node_id="(\w+)"', requests.get(page, timeout=10).text,
                                                                  re.MULTILINE)), "both have pushed their figures", 40)
        with Monitoring(tmp_path / "prometheus", gateway) as prometheus:
            prometheus.wait_for('count(up{job="customer-agents"} == 1) == 2')
            prometheus.wait_for('count(up{job="pushed"} == 1) == 1')
            for name, job in (("reached", "customer-agents"), ("behind", "vigia-agent")):
                found = f'{{customer_id="acme",node_id="{name}"}}'
                prometheus.wait_for(f"agent_collector_reachable{found} == 1")
                prometheus.wait_for(f"system_cpu_time_seconds_total{found}")
                for figure in ("agent_collector_reachable", "agent_buffer_usage_percent", "system_memory_usage_percent"):
                    series, = prometheus.query(figure + found)
                    assert series["metric"]["job"] == job and "agent_scraped" not in series["metric"], series
        vigia.stop_all()  # while there is somebody to send the last of it to


# --- Who is told ---


class Inbox:
    """A webhook that keeps what Alertmanager sends."""

    def __init__(self):
        self.received = []
        self.server = serving(self._keep)

    def _keep(self, path, body):
        self.received.append((path.strip("/"), json.loads(body)))
        return b""

    def url(self, receiver):
        return f"http://{self.server.address}/{receiver}"

    def told(self):
        """[(receiver, name, severity, node)] of all alerts in all messages."""
        return sorted((receiver, alert["labels"]["alertname"], alert["labels"]["severity"], alert["labels"].get("node_id", ""))
                      for receiver, message in self.received for alert in message["alerts"])


@pytest.fixture
def alertmanager(tmp_path):
    """Debian's Alertmanager with our routes and inhibitions; what would go to Slack, PagerDuty and by mail goes to the inbox, at once."""
    program, inbox = tool("prometheus-alertmanager"), Inbox()
    config = document(PROMETHEUS / "alertmanager.yml")
    config["route"]["group_wait"] = "1s"
    config["receivers"] = [{"name": receiver["name"], "webhook_configs": [{"url": inbox.url(receiver["name"])}]} for receiver in config["receivers"]]
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    process = running(program, tmp_path, f"--config.file={tmp_path}/alertmanager.yml", f"--storage.path={tmp_path}/data", "--cluster.listen-address=",
                      f"--web.listen-address=127.0.0.1:{port}")
    try:
        wait_until(lambda: accepts_connections(port), "Alertmanager is ready", 20)
        yield f"http://127.0.0.1:{port}", inbox
    finally:
        stopped(process, tmp_path)
        inbox.server.close()


def test_alertmanager_takes_its_configuration():
    judged("amtool", "check-config", PROMETHEUS / "alertmanager.yml")


@pytest.mark.parametrize("labels, receivers", [
    (["alertname=CustomerNodeDown", "severity=critical"], "customer,on-call"),
    (["alertname=CollectorDown", "severity=critical"], "on-call"),
    (["alertname=HighCPUUsage", "severity=warning"], "operations"),
])
def test_alerts_go_to_whom_they_concern(labels, receivers):
    judged("amtool", "config", "routes", "test", f"--config.file={PROMETHEUS / 'alertmanager.yml'}", f"--verify.receivers={receivers}", *labels)


def test_one_event_is_told_once(alertmanager):
    url, inbox = alertmanager
    down = {"job": "customer-agents", "instance": "web-01:8080", "customer_id": "cliente-a", "node_id": "prod-web-01", "severity": "critical"}
    buffer = {"alertname": "AgentBufferSaturated", "customer_id": "cliente-a"}
    unreachable = {"alertname": "AgentCollectorUnreachable", "customer_id": "cliente-b", "node_id": "db-01", "severity": "warning"}
    alerts = [
        {"labels": {"alertname": "AgentDown", **down}},
        {"labels": {"alertname": "CustomerNodeDown", **down}},
        {"labels": {**buffer, "node_id": "full", "severity": "warning"}},
        {"labels": {**buffer, "node_id": "full", "severity": "critical"}},
        {"labels": {**buffer, "node_id": "filling", "severity": "warning"}},
        # The same alert of two documents: other words, the same labels.
        {"labels": unreachable, "annotations": {"summary": "Agente db-01 no alcanza Collector"}},
        {"labels": unreachable, "annotations": {"summary": "Agente db-01 no puede conectar al Collector"}},
    ]
    answer = requests.post(f"{url}/api/v2/alerts", json=alerts, timeout=10)
    assert answer.status_code == 200, answer.text
    expected = [
        ("customer", "CustomerNodeDown", "critical", "prod-web-01"),
        ("on-call", "AgentBufferSaturated", "critical", "full"),
        ("on-call", "CustomerNodeDown", "critical", "prod-web-01"),
        ("operations", "AgentBufferSaturated", "warning", "filling"),
        ("operations", "AgentCollectorUnreachable", "warning", "db-01"),
    ]
    wait_until(lambda: len(inbox.told()) >= len(expected), "all are told", 20)
    # Every group waits equally long, so whatever else were told would have been by now.
    states = {alert["labels"]["alertname"] + alert["labels"]["severity"]: alert["status"]["state"]
              for alert in requests.get(f"{url}/api/v2/alerts", timeout=10).json() if alert["labels"].get("node_id") in ("prod-web-01", "full")}
    assert states == {"AgentDowncritical": "suppressed", "CustomerNodeDowncritical": "active", "AgentBufferSaturatedwarning": "suppressed",
                      "AgentBufferSaturatedcritical": "active"}
    assert inbox.told() == expected
