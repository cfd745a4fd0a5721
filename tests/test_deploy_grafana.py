"""Grafana's dashboards and provisioning.

Guarantee: the panels that the documents name are there with their queries; every query is PromQL; every metric in them is one that agents
or the program's self-metrics have; the committed files are what the description beside them says.
"""

import importlib.util
import json
import re

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from configurations import otlp_receiver
from deployment import DEPLOY, document, judged
from waiting import wait_until

GRAFANA = DEPLOY / "grafana"
DASHBOARDS = sorted(GRAFANA.glob("*.json"))
NAMES = [path.stem for path in DASHBOARDS]
# Of document 1, as agents show them on /metrics.
OF_AGENTS = {
    "system_cpu_usage", "system_memory_usage_bytes", "system_memory_usage_percent", "system_disk_usage_bytes", "system_network_io_bytes",
    "agent_buffer_size", "agent_buffer_usage_percent", "agent_collector_reachable", "agent_collector_latency_ms", "agent_spans_sent_total",
    "agent_spans_dropped_total", "agent_memory_usage_mb",
}
OF_PROMETHEUS = {"up", "ALERTS"}
PANELS = {
    "agents": {"Estado de Agentes", "Conectividad", "Buffer Usage", "System Metrics: CPU", "System Metrics: RAM", "System Metrics: Disco", "Throughput"},
    "edge-agents": {"Agent status", "Data throughput", "Error rate", "Queue size"},
}
TITLES = {"overview": "Vista Global", "customer": "Vista por Cliente", "node": "Vista por Nodo", "alerts": "Alertas", "infrastructure": "Infraestructura (SRE)"}
# Queries that the documents write out, without the labels that narrow ours.
QUERIES = {
    "edge-agents": ['up{job="tfo-otel-agent"}', "rate(otelcol_receiver_accepted_metric_points[5m])", "rate(otelcol_exporter_send_failed_metric_points[5m])",
                    "otelcol_exporter_queue_size / otelcol_exporter_queue_capacity * 100"],
    "overview": ['count(up{job="customer-agents"} == 1) by (customer_id)', 'up{job="customer-agents"} == 0', "agent_buffer_usage_percent > 80"],
    "infrastructure": ["rate(otelcol_receiver_accepted_spans[5m])", "histogram_quantile(0.95, otelcol_processor_batch_batch_send_duration_bucket)",
                       "rate(otelcol_exporter_send_failed_spans[5m])"],
}


def dashboard(name):
    return json.loads((GRAFANA / f"{name}.json").read_text())


def queries(name):
    page = dashboard(name)
    found = [target["expr"] for panel in page["panels"] for target in panel["targets"]]
    # A variable's query is a metric with matchers, and the label to list.
    found += [re.fullmatch(r"label_values\((.*), \w+\)", variable["query"]["query"]).group(1)
              for variable in page["templating"]["list"] if variable["type"] == "query"]
    return found


def as_promql(query):
    """What Grafana sends: with variables replaced."""
    return re.sub(r"\$\w+", ".*", query)


def test_the_files_are_what_their_description_writes():
    spec = importlib.util.spec_from_file_location("dashboards", GRAFANA / "dashboards.py")
    description = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(description)
    assert {path.name: path.read_text() for path in DASHBOARDS} == description.dashboards(), "run deploy/grafana/dashboards.py"


def test_the_panels_of_the_documents_are_there():
    for name, titles in PANELS.items():
        assert titles <= {panel["title"] for panel in dashboard(name)["panels"]}
    for name, title in TITLES.items():
        assert dashboard(name)["title"].endswith(title)


@pytest.mark.parametrize("name", QUERIES)
def test_the_queries_of_the_documents_are_there(name):
    ours = [re.sub(r'\{job="[^"]*"\}(?!.*== )', "", query) for query in queries(name)] + queries(name)
    for query in QUERIES[name]:
        assert any(query in one for one in ours), query


@pytest.mark.parametrize("name", NAMES)
def test_grafana_knows_every_key(name):
    """Grafana's own model, from its published package, reads the dashboard; a key that it does not know would be missing in what it writes."""
    page = dashboard(name)
    known = json.loads(JSONEncoder().encode(Dashboard.from_json(page)))
    assert set(page) <= set(known)
    for ours, theirs in zip(page["panels"], known["panels"], strict=True):
        assert set(ours) <= set(theirs), ours["title"]
        assert ours["gridPos"] == theirs["gridPos"]
        assert set(ours["fieldConfig"]["defaults"]) <= set(theirs["fieldConfig"]["defaults"])


@pytest.mark.parametrize("name", NAMES)
def test_panels_have_a_place_and_ask_the_chosen_source(name):
    page = dashboard(name)
    assert [variable["name"] for variable in page["templating"]["list"] if variable["type"] == "datasource"] == ["datasource"]
    taken = set()
    for panel in page["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
        for part in (panel, *panel["targets"]):
            assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert len({panel["id"] for panel in page["panels"]}) == len(page["panels"])
    defined = {variable["name"] for variable in page["templating"]["list"]}
    assert {word for query in queries(name) for word in re.findall(r"\$(\w+)", query)} <= defined


def test_identifiers_differ():
    assert len({dashboard(name)["uid"] for name in NAMES}) == len(NAMES)


def test_every_query_is_promql(tmp_path):
    rules = [{"record": f"query_{number}", "expr": as_promql(query)} for number, query in enumerate(q for name in NAMES for q in queries(name))]
    (tmp_path / "queries.yml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    judged("promtool", "check", "rules", "--lint=none", tmp_path / "queries.yml")


def test_every_metric_exists(vigia, tmp_path):
    """Those of collectors are asked from a running one, whose metrics are there from the start."""
    exporter = {"otlphttp": {"endpoint": "http://127.0.0.1:1", "sending_queue": {"storage": "file_storage"}}}
    pipeline = {"receivers": ["otlp"], "processors": ["memory_limiter", "batch"], "exporters": ["otlphttp"]}
    (tmp_path / "storage").mkdir()
    process = vigia({
        "receivers": otlp_receiver(), "processors": {"memory_limiter": {"check_interval": "1s", "limit_mib": 64}, "batch": None}, "exporters": exporter,
        "extensions": {"file_storage": {"directory": str(tmp_path / "storage")}},
        "service": {"extensions": ["file_storage"], "pipelines": {signal: dict(pipeline) for signal in ("traces", "metrics", "logs")}},
    })
    served = set(process.metrics())
    used = set()
    for query in (query for name in NAMES for query in queries(name)):
        plain = re.sub(r"\{[^}]*\}|\"[^\"]*\"", "", query)
        plain = re.sub(r"\b(by|on|group_left)\s*\([^)]*\)|\[\w+\]", "", plain)
        used |= set(re.findall(r"\b[a-zA-Z_]\w*\b(?!\s*\()", plain))
    assert used <= OF_AGENTS | OF_PROMETHEUS | served, used - OF_AGENTS - OF_PROMETHEUS - served
    assert OF_AGENTS <= used, "what document 1 measures is shown"


def test_agents_have_the_metrics_of_theirs(vigia, tmp_path):
    process = vigia.role("agent", "--customer-id", "cliente-a", "--collector-endpoint", "http://127.0.0.1:1", "--health-port", "0", "--otlp-grpc-port", "0",
                         "--otlp-http-port", "0", "--health-host", "127.0.0.1", "--data-dir", tmp_path / "data", "--metrics-interval", "1s",
                         environment={"REGISTRATION_ENABLED": "false"})
    wait_until(lambda: OF_AGENTS <= set(re.findall(r"(?m)^(\w+)", process.get("http", "/metrics")[1])), "all are shown")


def test_provisioning():
    source, = document(GRAFANA / "provisioning/datasources/prometheus.yaml")["datasources"]
    assert source["type"] == "prometheus" and source["access"] == "proxy"
    assert source["jsonData"]["timeInterval"] == document(DEPLOY / "prometheus/prometheus.yml")["global"]["scrape_interval"]
    provider, = document(GRAFANA / "provisioning/dashboards/vigia.yaml")["providers"]
    assert provider["type"] == "file" and provider["options"]["path"].startswith("/var/lib/grafana/")
